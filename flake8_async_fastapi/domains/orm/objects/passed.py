"""What the callers of a function pass for a parameter that is annotated as a mapped class.

Nothing checks annotations: a dependency may make a schema of the user, or load the user in a session of its
own, which is closed. Other sessions do not expire such objects.
"""

from __future__ import annotations

from typing import Final

from flake8_async_fastapi.domains.orm.objects.heap import instances_of
from flake8_async_fastapi.domains.orm.statements.load_plans import may_be_both
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.machine import callers, functions
from flake8_async_fastapi.engine.values import (
    ClassValue,
    Collection,
    Const,
    Function,
    Instance,
    Location,
    Object,
    Plain,
    Value,
    alternatives,
    is_none,
)
from flake8_async_fastapi.facts import tree

PASSED_OTHERWISE: Final = "its callers pass another object"


def is_passed_otherwise(frame: Frame, location: Location, cls: ClassValue) -> bool:
    """Whether all known callers pass for a parameter what no session of the function holds."""
    node = frame.node
    if location[0] != "given" or not isinstance(node, tree.FunctionDef):
        return False
    owner = frame.owner if isinstance(frame.owner, ClassValue) else None
    function = functions.as_function(frame.path, node, owner, frame.receiver)
    return _gets_others(frame.ctx, function, str(location[1]), cls)


def _gets_others(ctx: Context, function: Function, name: str, cls: ClassValue) -> bool:
    def ask() -> bool:
        passed = [
            _is_other(ctx, one, value, cls)
            for one in callers.arguments_passed(ctx, function, name)
            for value in alternatives(one.value)
            if not is_none(value)
        ]
        return bool(passed) and all(passed)

    return ctx.query(("objects passed", function.key, name), ask, False)


def _is_other(ctx: Context, passed: callers.Passed, value: Value, cls: ClassValue) -> bool:
    if not isinstance(value, Instance):
        return isinstance(value, (Object, Plain, Const, Collection))
    if not may_be_both(ctx, value.cls, cls):
        return True
    if value.location is not None:
        obj = instances_of(passed.state).get(value.location)
        return obj is not None and obj.phase == "detached"
    written, params = passed.written, passed.caller.node.params
    # a caller may hand on what it was given itself
    return (
        isinstance(written, tree.Name)
        and any(param.name == written.id for param in params)
        and _gets_others(ctx, passed.caller, written.id, cls)
    )
