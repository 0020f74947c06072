"""The calls that the code of a file makes, with what is around them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeAlias

import msgspec.structs
from msgspec import Struct

from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr, Stmt
from flake8_async_fastapi.facts.walk import all_nodes, flat, names_bound_by, nodes_in
from flake8_async_fastapi.project.views import view

_ADDS_TASK: Final = "add_task"


class Around(Struct, frozen=True):
    """Where a call stands: in a function, perhaps a method of a class, or in a statement of the module."""

    function: tree.FunctionDef | None
    owner: str = ""


_Calls: TypeAlias = list[tuple[Around, list[tree.Call]]]


@view
def calls_made(body: list[Stmt]) -> dict[str, _Calls]:
    """The calls in the functions, methods and statements at the top of a file, by the name that is called.

    A background task will make its calls.
    """
    found: dict[str, _Calls] = {}
    for statement in flat(body):
        if isinstance(statement, tree.FunctionDef):
            _add_calls(found, Around(statement), statement.body)
        elif isinstance(statement, tree.ClassDef):
            for method in flat(statement.body):
                if isinstance(method, tree.FunctionDef):
                    _add_calls(found, Around(method, statement.name), method.body)
        elif isinstance(statement, (tree.Assign, tree.ExprStmt)):
            _add_calls(found, Around(None), statement)
    return found


def _add_calls(found: dict[str, _Calls], around: Around, code: object) -> None:
    calls: dict[str, list[tree.Call]] = {}
    for part in all_nodes(code):
        if isinstance(part, tree.Call):
            called = _last_name(part.func)
            calls.setdefault(called, []).append(part)
            if called == _ADDS_TASK and part.args:
                later = msgspec.structs.replace(part, func=part.args[0], args=part.args[1:])
                calls.setdefault(_last_name(part.args[0]), []).append(later)
    for name, made in calls.items():
        found.setdefault(name, []).append((around, made))


def _last_name(func: Expr) -> str:
    if isinstance(func, tree.Attr):
        return func.name
    return func.id if isinstance(func, tree.Name) else ""


def names_around(body: list[Stmt], given: Expr) -> Iterator[str]:
    """The names that nested functions, lambdas and comprehensions around an expression bind."""
    scopes = (one for one in all_nodes(body) if isinstance(one, (tree.FunctionDef, tree.Lambda, tree.Comp)))
    for scope in scopes:
        if any(part is given for part in nodes_in(scope)):
            yield from names_bound_by(scope)
