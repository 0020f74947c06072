"""Objects that callers pass for a parameter without a type: the repository of a service, say.

All callers that are seen must pass objects of one class. Tests pass stand-ins, so they are not asked.
"""

from __future__ import annotations

from flake8_async_fastapi.engine.frame import Context
from flake8_async_fastapi.engine.machine.callers import arguments_passed, code_using, values_at_top
from flake8_async_fastapi.engine.text import path_of
from flake8_async_fastapi.engine.values import UNKNOWN, Function, Instance, Value, alternatives
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Param, Stmt
from flake8_async_fastapi.facts.walk import all_nodes
from flake8_async_fastapi.project.modules import is_test


def object_of_callers(ctx: Context, function: Function, param: Param) -> Value:
    """An object of the class of which all known callers pass one; unknown if a caller may pass another.

    A parameter is looked up if code awaits a method of it.
    """
    if param.kind in ("*", "**") or param.default is not None:
        return UNKNOWN
    owners, code = code_using(function, param.name)
    if not owners:
        return UNKNOWN
    place = function.owner if function.owner is not None and function.name == "__init__" else function.key
    if owners.isdisjoint(ctx.derive(("awaited methods", place), lambda: _awaited_in(code))):
        return UNKNOWN
    key = ("objects of callers", function.key, param.name)
    return ctx.query(key, lambda: _passed(ctx, function, param.name), UNKNOWN)


def _awaited_in(code: list[Stmt]) -> frozenset[str]:
    """The variables and attributes of which code awaits a method."""
    awaits = (one.value for one in all_nodes(code) if isinstance(one, tree.Await))
    calls = (one.func for one in awaits if isinstance(one, tree.Call))
    return frozenset(path_of(one.value) for one in calls if isinstance(one, tree.Attr))


def _passed(ctx: Context, function: Function, name: str) -> Value:
    if is_test(function.path):
        return UNKNOWN
    given = [one.value for one in arguments_passed(ctx, function, name) if not is_test(one.caller.path)]
    given += values_at_top(ctx, function, name)
    found = {one.cls if isinstance(one, Instance) else None for value in given for one in alternatives(value)}
    only = found.pop() if len(found) == 1 else None
    return Instance(only) if only is not None else UNKNOWN
