"""What the callers of a function pass for a parameter of which its own file says nothing.

Only sessions are looked for: helpers are handed one without an annotation, and what they do with it
would not be seen.  A parameter is asked about if code calls methods of a session on it.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final

from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr, Param, Stmt
from flake8_async_fastapi.facts.walk import flat, nodes_in
from flake8_async_fastapi.interpreter import classes, functions, names, once, sessions, statements, summaries
from flake8_async_fastapi.interpreter.context import Context
from flake8_async_fastapi.interpreter.source import source
from flake8_async_fastapi.interpreter.values import (
    UNKNOWN,
    Arguments,
    ClassValue,
    Function,
    Object,
    Unknown,
    Value,
    is_none,
    options,
)

_METHODS: Final = frozenset(
    {"add", "add_all", "begin_nested", "commit", "delete", "exec", "execute", "expunge", "flush", "get",
     "get_one", "merge", "refresh", "rollback", "scalar", "scalars", "stream", "stream_scalars"}
)  # fmt: skip
_MOST: Final = 12
"""Functions that are run to see what they pass."""


def session(ctx: Context, function: Function, param: Param) -> Value:
    """The async session that all callers pass which are understood; unknown if there is none."""
    node = function.node
    if not isinstance(node, tree.FunctionDef) or not _is_used(function, node, param.name):
        return UNKNOWN
    places = [one.name for one in node.params if one.kind in ("pos", "any")]
    if function.receiver is not None and places:
        places.pop(0)
    place = places.index(param.name) if param.name in places else 1_000
    found: list[Object] = []
    for arguments in _calls(ctx, function):
        for value in options(arguments.get(place, param.name) or UNKNOWN):
            if isinstance(value, Object) and sessions.is_session(value):
                found.append(value)
            elif not isinstance(value, Unknown) and not is_none(value):
                return UNKNOWN
    if len({value.type for value in found}) != 1:
        return UNKNOWN
    return Object(found[0].type, declared=True)


def _is_used(function: Function, node: tree.FunctionDef, name: str) -> bool:
    """Whether methods of a session are called on a parameter, or on an attribute that has it."""
    owners = {name}
    code: list[Stmt] = node.body
    if node.name == "__init__" and function.owner is not None and node.params:
        me = node.params[0].name
        for statement in flat(node.body):
            if isinstance(statement, tree.Assign) and isinstance(statement.value, tree.Name):
                owners |= {source(target) for target in statement.targets if statement.value.id == name}
        owners = {owner for owner in owners if owner.startswith(f"{me}.")}
        code = function.owner.node.body
    return bool(owners) and any(
        isinstance(part, tree.Call)
        and isinstance(part.func, tree.Attr)
        and part.func.name in _METHODS
        and source(part.func.value) in owners
        for part in nodes_in(code)
    )


def _calls(ctx: Context, function: Function) -> list[Arguments]:
    """The arguments of all calls of a function, or of the constructor of its class, that its callers make."""

    def find() -> list[Arguments]:
        made: list[Arguments] = []
        ctx.watched[function.key] = made
        try:
            for caller in islice(_callers(ctx, function), _MOST):
                assert isinstance(caller.node, tree.FunctionDef)
                frame, state = summaries.enter(ctx, caller, summaries.bind(ctx, caller, None))
                statements.run(frame, caller.node.body, [state])
        finally:
            del ctx.watched[function.key]
        return made

    none: list[Arguments] = []
    return ctx.once(("calls of", function.key), find, none)


def _callers(ctx: Context, function: Function) -> Iterator[Function]:
    """The functions and methods at the top of files that may call a function: they call one of its name."""
    is_init = function.name == "__init__" and function.owner is not None
    name = function.owner.name if is_init and function.owner is not None else function.name
    searched = name.encode()
    for path, facts in sorted(ctx.project.facts.items()):
        if searched not in bytes(facts.code) or once.is_test(path):
            continue
        for statement in flat(ctx.project.body(path)):
            if isinstance(statement, tree.FunctionDef):
                if (path, statement.line, statement.col) != function.key and _mentions(statement, name):
                    yield functions.as_function(path, statement)
            elif isinstance(statement, tree.ClassDef):
                cls = names.module_value(ctx, path, statement.name)
                if isinstance(cls, ClassValue):
                    yield from _methods_calling(ctx, cls, name)


def _methods_calling(ctx: Context, cls: ClassValue, name: str) -> Iterator[Function]:
    for method in flat(cls.node.body):
        if isinstance(method, tree.FunctionDef) and _mentions(method, name):
            yield classes.as_method(ctx, functions.as_function(cls.path, method), cls)


def _mentions(node: tree.FunctionDef, name: str) -> bool:
    return any(isinstance(part, tree.Call) and _last(part.func) == name for part in nodes_in(node.body))


def _last(func: Expr) -> str:
    if isinstance(func, tree.Attr):
        return func.name
    return func.id if isinstance(func, tree.Name) else ""
