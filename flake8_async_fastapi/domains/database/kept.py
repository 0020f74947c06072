"""Objects that a module makes once, and keeps as long as the program runs."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.engine.frame import Context
from flake8_async_fastapi.engine.places import Place, Position
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.walk import dotted, flat, nodes_in, parts_of, shared_names

_ENDS = frozenset({"aclose", "close", "dispose"})
"""Methods of what a function ends before it lets go of it."""


def is_of_module(ctx: Context, place: Place) -> bool:
    """Whether a call is in the body of a module, or in a function that caches its result.

    Or in a function that makes what a variable of the module does not hold yet, or in the constructor of a
    class of which only such code makes objects.
    """
    if place.position in _calls_run_once(ctx, place.path):
        return True
    if place.position in ctx.derive(("made on demand", place.path), lambda: _made_on_demand(ctx, place.path)):
        return True
    key = ("calls of constructors", place.path)
    cls = ctx.derive(key, lambda: _calls_of_constructors(ctx, place.path)).get(place.position, "")
    return bool(cls) and ctx.query(("made once", place.path, cls), lambda: _is_made_once(ctx, cls), False)


def _calls_run_once(ctx: Context, path: str) -> frozenset[Position]:
    def find() -> frozenset[Position]:
        code = _run_once(ctx.project.body(path))
        return frozenset(Position(node.line, node.col) for node in code if isinstance(node, tree.Call))

    return ctx.derive(("calls of module", path), find)


def _made_on_demand(ctx: Context, path: str) -> frozenset[Position]:
    """The calls of ``if name is None: name = call()`` with a name of the module, which no function clears."""
    functions = [one for one in flat(ctx.project.body(path)) if isinstance(one, tree.FunctionDef)]
    return frozenset(
        Position(made.line, made.col)
        for function in functions
        for name in set(shared_names(function.body))
        if _asks_whether_made(function, name)
        for made in _given_to(function, name)
        if not any(_clears(other, name) for other in functions)
    )


def _asks_whether_made(function: tree.FunctionDef, name: str) -> bool:
    """Whether a condition of a function is about a name alone, and so its code runs once."""
    tests = (one.test for one in flat(function.body) if isinstance(one, tree.If))
    return any(
        {node.id for node in nodes_in(test) if isinstance(node, tree.Name)} == {name} for test in tests
    )


def _given_to(function: tree.FunctionDef, name: str) -> Iterator[tree.Call]:
    """The calls that a function assigns to a name."""
    for statement in flat(function.body):
        match statement:
            case tree.Assign(targets=[tree.Name(id=target)], value=tree.Call() as made) if target == name:
                yield made


def _clears(function: tree.FunctionDef, name: str) -> bool:
    """Whether a function lets go of what a name of the module holds, and does not end it."""
    if name not in shared_names(function.body):
        return False
    sets_none = any(
        isinstance(one, tree.Assign)
        and dotted(one.targets[0]) == name
        and not isinstance(one.value, tree.Call)
        for one in flat(function.body)
    )
    ends = (one.name for one in nodes_in(function.body) if isinstance(one, tree.Attr))
    return sets_none and _ENDS.isdisjoint(ends)


def _calls_of_constructors(ctx: Context, path: str) -> dict[Position, str]:
    """The calls in the constructors of a file, each with the name of the class."""
    return {
        Position(node.line, node.col): cls.name
        for cls in ctx.project.body(path)
        if isinstance(cls, tree.ClassDef)
        for method in cls.body
        if isinstance(method, tree.FunctionDef) and method.name == "__init__"
        for node in nodes_in(method.body)
        if isinstance(node, tree.Call)
    }


def _is_made_once(ctx: Context, cls: str) -> bool:
    """Whether all calls of a class run once, there is one, and no class is derived from it."""
    found = False
    for path in ctx.project.mentioning(cls):
        once = _calls_run_once(ctx, path)
        for node in nodes_in(ctx.project.body(path)):
            if isinstance(node, tree.ClassDef) and any(_is_named(base, cls) for base in node.bases):
                return False
            if isinstance(node, tree.Call) and _is_named(node.func, cls):
                if Position(node.line, node.col) not in once:
                    return False
                found = True
    return found


def _is_named(node: tree.Expr, name: str) -> bool:
    return dotted(node).rpartition(".")[2] == name


def _run_once(code: object) -> Iterator[object]:
    """All nodes of a module that run once."""
    pending = [code]
    while pending:
        part = pending.pop()
        if not isinstance(part, tree.Lambda) and (
            not isinstance(part, tree.FunctionDef) or _caches_result(part)
        ):
            yield part
            pending.extend(parts_of(part))


def _caches_result(function: tree.FunctionDef) -> bool:
    called = [part.func if isinstance(part, tree.Call) else part for part in function.decorators]
    return any(dotted(part).rpartition(".")[2] in ("cache", "lru_cache") for part in called)
