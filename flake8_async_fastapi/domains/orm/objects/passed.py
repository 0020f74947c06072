"""What the callers of a function pass for a parameter that is annotated as a mapped class.

Nothing checks annotations: a dependency may make a schema of the user, or load the user in a session of its
own, which is closed. Other sessions do not expire such objects. And a caller may have loaded more along with
the object, which the session then holds.
"""

from __future__ import annotations

from typing import Final

from flake8_async_fastapi.domains.orm.objects import aliasing
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
    function = _function_given(frame, location)
    return function is not None and _gets_others(frame.ctx, function, str(location[1]), cls)


def is_loaded_by_caller(frame: Frame, location: Location, cls: ClassValue, name: str) -> bool:
    """Whether a known caller passes for a parameter an object along with which it loaded others of a class,
    and an attribute of these.
    """
    function = _function_given(frame, location)
    return function is not None and _is_loaded_for(frame.ctx, function, str(location[1]), cls, name)


def _function_given(frame: Frame, location: Location) -> Function | None:
    """The function of a frame, if an object is one of its arguments."""
    node = frame.node
    if location[0] != "given" or not isinstance(node, tree.FunctionDef):
        return None
    owner = frame.owner if isinstance(frame.owner, ClassValue) else None
    return functions.as_function(frame.path, node, owner, frame.receiver)


def _is_loaded_for(ctx: Context, function: Function, param: str, cls: ClassValue, name: str) -> bool:
    def ask() -> bool:
        for passed in callers.arguments_passed(ctx, function, param):
            for value in alternatives(passed.value):
                at = value.location if isinstance(value, Instance) else None
                obj = instances_of(passed.state).get(at) if at is not None else None
                if obj is None:
                    handed_on = _parameter_handed_on(passed)
                    if handed_on and _is_loaded_for(ctx, passed.caller, handed_on, cls, name):
                        return True
                elif name in aliasing.loaded_by(ctx, cls, obj.cls, obj.plan, is_another=True):
                    return True
        return False

    return ctx.query(("loaded for", function.key, param, cls, name), ask, False)


def _gets_others(ctx: Context, function: Function, name: str, cls: ClassValue) -> bool:
    def ask() -> bool:
        passed = [
            _is_other(ctx, one, value, cls)
            for one in callers.arguments_passed(ctx, function, name)
            for value in alternatives(one.value)
            if not is_none(value)
        ]
        return bool(passed) and all(passed)

    return ctx.query(("objects passed", function.key, name, cls), ask, False)


def _is_other(ctx: Context, passed: callers.Passed, value: Value, cls: ClassValue) -> bool:
    if not isinstance(value, Instance):
        return isinstance(value, (Object, Plain, Const, Collection))
    if not may_be_both(ctx, value.cls, cls):
        return True
    if value.location is not None:
        obj = instances_of(passed.state).get(value.location)
        return obj is not None and obj.phase == "detached"
    handed_on = _parameter_handed_on(passed)
    return bool(handed_on) and _gets_others(ctx, passed.caller, handed_on, cls)


def _parameter_handed_on(passed: callers.Passed) -> str:
    """The parameter of a caller that it hands on; empty if it passes something else."""
    written, params = passed.written, passed.caller.node.params
    is_given = isinstance(written, tree.Name) and any(param.name == written.id for param in params)
    return written.id if is_given and isinstance(written, tree.Name) else ""
