"""The statements that define a name of a module, and those that add to what it is bound to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr, Stmt
from flake8_async_fastapi.facts.walk import dotted, flat
from flake8_async_fastapi.project.targets import ModuleTarget, NameTarget


def only_definition(ctx: Context, path: str, name: str, depth: int = 0) -> tuple[str, Stmt] | None:
    """The only statement that defines a name, followed through imports; None if there are several."""
    found = ctx.project.bindings(path, name)
    if not found and depth < 8:
        for star in ctx.project.star_targets(path):
            if isinstance(star, ModuleTarget) and ctx.project.exports(star.path, name):
                there = only_definition(ctx, star.path, name, depth + 1)
                if there is not None:
                    return there
    if len(found) != 1 or depth >= 8:
        return None
    _, statement = found[0]
    if isinstance(statement, tree.Import):
        for binding in statement.bindings:
            if binding.local == name:
                target = ctx.project.target(path, binding)
                if isinstance(target, NameTarget):
                    return only_definition(ctx, target.path, target.name, depth + 1)
        return None
    return path, statement


def keys_added_later(frame: Frame, state: State, written: Expr) -> frozenset[str | None]:
    """The keys that other statements of a module add to its dict, perhaps under a condition; None for any.

    The keywords of an engine are often put together so.
    """
    if not isinstance(written, tree.Name) or written.id in state.env or frame.language is not None:
        return frozenset()
    found = only_definition(frame.ctx, frame.path, written.id)
    if found is None or not isinstance(found[1], tree.Assign):
        return frozenset()
    path, name = found[0], dotted(found[1].targets[0])

    def find() -> frozenset[tuple[str, str | None]]:
        return frozenset(_keys_added(flat(frame.ctx.project.body(path))))

    added = frame.ctx.query(("keys added", path), find, frozenset[tuple[str, str | None]]())
    return frozenset(key for owner, key in added if owner == name)


def _keys_added(statements: Iterable[Stmt]) -> Iterator[tuple[str, str | None]]:
    """The variables with dicts to which statements add items, each with a key; None for an unknown one."""
    for statement in statements:
        match statement:
            case tree.Assign(targets=[tree.Subscript(value=tree.Name(id=name), index=index)]):
                yield name, _text_of(index)
            case tree.ExprStmt(value=tree.Call(func=tree.Attr(value=tree.Name(id=name))) as call):
                yield from ((name, key) for key in _keys_given(call))


def _keys_given(call: tree.Call) -> Iterator[str | None]:
    match call:
        case tree.Call(func=tree.Attr(name="update"), args=args, keywords=keywords):
            yield from (keyword.name for keyword in keywords)
            for given in args:
                yield from map(_text_of, given.keys if isinstance(given, tree.DictDisplay) else [None])
        case tree.Call(func=tree.Attr(name="setdefault"), args=[key, *_]):
            yield _text_of(key)


def _text_of(key: Expr | None) -> str | None:
    return key.value if isinstance(key, tree.Const) and isinstance(key.value, str) else None
