"""What decorators and functions put into a container that begins empty: a table of tools, say.

``TOOLS[name] = function`` stands in a function that each file with tools calls, mostly as a decorator.  What
such a table holds is known only if all that is put into it is understood.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.joins import union
from flake8_async_fastapi.engine.machine import expressions, functions, names
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.values import UNKNOWN, ClassValue, Collection, Function, Instance, Value
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr, Stmt
from flake8_async_fastapi.facts.walk import bound_names, dotted, flat, names_in, nodes_in, written_argument
from flake8_async_fastapi.project.views import view

_MOST: Final = 40
"""What is put into one container; more are not looked at."""


class _Filling(Struct, frozen=True):
    """A value that is put into a container, at a key; ``makers`` are the functions around, from outside.

    ``is_listed``: into the list that is at the key.
    """

    makers: tuple[tree.FunctionDef, ...]
    value: Expr
    key: Expr | None = None
    is_listed: bool = False


class _Use(Struct, frozen=True):
    """A decorator of a function or class, or a call."""

    node: Expr
    decorated: tree.FunctionDef | tree.ClassDef | None = None
    is_innermost: bool = True


def filled_container(ctx: Context, path: str, owner: ClassValue | None, name: str) -> Collection | None:
    """A container of a module, or of the objects of a class, with what is put into it: functions or classes.

    None where nothing is, or where anything else may be.
    """
    found: list[tuple[str | None, Value]] = []
    fillings = _fillings(ctx, path, owner).get(name, ())
    for filling in fillings:
        for key, value in _values_of(ctx, path, owner, filling):
            if not isinstance(value, (Function, ClassValue)) or len(found) >= _MOST:
                return None
            found.append((key, value))
    colours = {value.is_async if isinstance(value, Function) else None for _, value in found}
    if len(colours) != 1:
        return None
    keys, values = tuple(key for key, _ in found), tuple(value for _, value in found)
    if any(filling.is_listed for filling in fillings):
        return _lists_at_keys(found) if all(filling.is_listed for filling in fillings) else None
    if None not in keys and len(set(keys)) == len(keys):
        return Collection("dict", items=values, keys=keys)
    has_keys = all(filling.key is not None for filling in fillings)
    return Collection("dict" if has_keys else "list", union(list(values)))


def _lists_at_keys(found: list[tuple[str | None, Value]]) -> Collection:
    """A dict of lists: ``HANDLERS[event].append(function)``."""
    if any(key is None for key, _ in found):
        return Collection("dict", Collection("list", union([value for _, value in found])))
    at: dict[str | None, list[Value]] = {}
    for key, value in found:
        at.setdefault(key, []).append(value)
    lists = tuple(Collection("list", union(values)) for values in at.values())
    return Collection("dict", items=lists, keys=tuple(at))


# --- where a container is filled -------------------------------------------------------------------


def _fillings(ctx: Context, path: str, owner: ClassValue | None) -> dict[str, list[_Filling]]:
    """What functions put into containers of their module, or methods into those of their object, by name."""

    if owner is None:
        return ctx.project.view(path, _fillings_of_module)
    return ctx.derive(("fillings", owner.key), lambda: _fillings_of_object(owner.node.body))


@view
def _fillings_of_module(body: list[Stmt]) -> dict[str, list[_Filling]]:
    found: dict[str, list[_Filling]] = {}
    for table, filling in _fillings_in(body, ()):
        if isinstance(table, tree.Name):
            found.setdefault(table.id, []).append(filling)
    return found


def _fillings_of_object(body: list[Stmt]) -> dict[str, list[_Filling]]:
    found: dict[str, list[_Filling]] = {}
    for method in flat(body):
        if isinstance(method, tree.FunctionDef) and method.params:
            for table, filling in _fillings_in(method.body, (method,)):
                if isinstance(table, tree.Attr) and dotted(table.value) == method.params[0].name:
                    found.setdefault(table.name, []).append(filling)
    return found


def _fillings_in(body: list[Stmt], makers: tuple[tree.FunctionDef, ...]) -> Iterator[tuple[Expr, _Filling]]:
    for statement in flat(body):
        match statement:
            case tree.Assign(targets=[tree.Subscript(value=table, index=key)], value=value) if value:
                yield table, _Filling(makers, value, key)
            case tree.ExprStmt(
                value=tree.Call(func=tree.Attr(value=table, name="append" | "add"), args=[value])
            ):
                match table:
                    case tree.Subscript(value=outer, index=key):
                        yield outer, _Filling(makers, value, key, is_listed=True)
                    case tree.Call(func=tree.Attr(value=outer, name="setdefault"), args=[key, _]):
                        yield outer, _Filling(makers, value, key, is_listed=True)
                    case _:
                        yield table, _Filling(makers, value)
            case tree.FunctionDef():
                yield from _fillings_in(statement.body, (*makers, statement))


# --- what it is filled with ------------------------------------------------------------------------

_UNSEEN: Final = (None, UNKNOWN)


def _values_of(
    ctx: Context, path: str, owner: ClassValue | None, filling: _Filling
) -> Iterator[tuple[str | None, Value]]:
    """What is put into a container at one place, with the keys: as all callers say."""
    if not filling.makers:
        frame = Frame(ctx, path, "")
        yield _key_of(frame, filling.key), expressions.evaluate(frame, State(), filling.value)
        return
    *around, inner = filling.makers
    outer = around[0] if around else inner
    names_given = [param.name for param in inner.params[owner is not None and not around :]]
    if not isinstance(filling.value, tree.Name) or filling.value.id not in names_given or len(around) > 1:
        yield _UNSEEN
        return
    maker = functions.as_function(path, outer, owner, Instance(owner) if owner is not None else None)
    place = names_given.index(filling.value.id), filling.value.id
    holders: set[str] = set()
    for user in ctx.project.mentioning(outer.name):
        frame = Frame(ctx, user, "")
        for use in _uses_in(ctx.project.body(user), outer.name):
            called = _function_called(use, is_twice=bool(around))
            if called is None or not _is_maker(expressions.evaluate(frame, State(), called), maker):
                continue
            holders.add(dotted(called).rpartition(".")[0].rpartition(".")[2])
            if len(holders) > 1 and owner is not None:
                yield _UNSEEN  # one of several such objects
                return
            value = _value_given(frame, use, place)
            yield _key_given(frame, use, filling, outer, value, is_method=owner is not None), value


def _key_of(frame: Frame, written: Expr | None) -> str | None:
    return (
        None
        if written is None
        else names.key_written(frame, written, expressions.evaluate(frame, State(), written))
    )


def _is_maker(value: Value, maker: Function) -> bool:
    return isinstance(value, Function) and value.key == maker.key


def _uses_in(body: list[Stmt], name: str) -> Iterator[_Use]:
    """The decorators at the top of a file, and the calls of a name with what the file itself binds."""
    for statement in flat(body):
        if isinstance(statement, (tree.FunctionDef, tree.ClassDef)):
            for decorator in statement.decorators:
                yield _Use(decorator, statement, decorator is statement.decorators[-1])
        elif isinstance(statement, tree.ExprStmt) and isinstance(statement.value, tree.Call):
            yield _Use(statement.value)
        inside = statement.body if isinstance(statement, tree.FunctionDef) else []
        own = {bound for one in flat(inside) for bound in bound_names(one)}
        for node in nodes_in(inside):
            is_call = isinstance(node, tree.Call) and dotted(node.func).rpartition(".")[2] == name
            if isinstance(node, tree.Call) and is_call and not own.intersection(names_in(node)):
                yield _Use(node)


def _function_called(use: _Use, *, is_twice: bool) -> Expr | None:
    """The function that a use calls; ``is_twice``: what that gives back is called, too."""
    node = use.node
    if use.decorated is not None:
        if isinstance(node, tree.Call) is not is_twice:
            return None
        return node.func if isinstance(node, tree.Call) else node
    if not isinstance(node, tree.Call):
        return None
    if not is_twice:
        return node.func
    return node.func.func if isinstance(node.func, tree.Call) else None


def _value_given(frame: Frame, use: _Use, place: tuple[int, str]) -> Value:
    node = use.decorated
    if node is None:
        given = written_argument(use.node, *place) if isinstance(use.node, tree.Call) else None
        return UNKNOWN if given is None else expressions.evaluate(frame, State(), given)
    if not use.is_innermost:
        return UNKNOWN
    if isinstance(node, tree.ClassDef):
        return names.class_value(frame.path, node, None)
    return functions.as_function(frame.path, node)


def _key_given(
    frame: Frame, use: _Use, filling: _Filling, outer: tree.FunctionDef, value: Value, *, is_method: bool
) -> str | None:
    """The key as a use says it: the name of what is registered, or an argument."""
    match filling.key:
        case tree.Attr(value=tree.Name(), name="__name__"):
            return value.name if isinstance(value, (Function, ClassValue)) else None
        case tree.Name(id=name):
            call = use.node
            if use.decorated is None and len(filling.makers) > 1 and isinstance(call, tree.Call):
                call = call.func
            params = [param.name for param in outer.params[is_method:]]
            if name in params and isinstance(call, tree.Call):
                return _key_of(frame, written_argument(call, params.index(name), name))
            return None
    return _key_of(frame, filling.key)
