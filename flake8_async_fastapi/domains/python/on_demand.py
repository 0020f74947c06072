"""What ``__getattr__`` gives: of a class, for what its objects do not have; of a module, for names not bound.

Source: https://docs.python.org/3/reference/datamodel.html#customizing-attribute-access
"""

from __future__ import annotations

from typing import Final

from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.machine import classes, functions, names
from flake8_async_fastapi.engine.values import (
    UNKNOWN,
    Arguments,
    Const,
    Function,
    Instance,
    ModuleValue,
    Value,
)

_GETTER: Final = "__getattr__"


def made_on_demand(ctx: Context, owner: Instance | ModuleValue, name: str) -> Value | None:
    """The value that ``__getattr__`` of an object's class, or of a module, returns for a name."""
    getter = None if name.startswith("__") else _getter_of(ctx, owner, name)
    if not isinstance(getter, Function):
        return None
    asked = Arguments((Const(name),))
    return functions.result_of_call(Frame(ctx, getter.path, ""), getter, asked, getter.key)


def _getter_of(ctx: Context, owner: Instance | ModuleValue, name: str) -> Value | None:
    if isinstance(owner, ModuleValue):
        is_there = ctx.project.binds(owner.path, _GETTER)
        return names.module_value(ctx, owner.path, _GETTER) if is_there else None
    cls = owner.cls
    if UNKNOWN in classes.mro(ctx, cls) or not classes.has_member(ctx, cls, _GETTER):
        return None
    has_own = classes.has_member(ctx, cls, name) or name in classes.assigned_names(ctx, cls)
    return None if has_own else classes.instance_attribute(ctx, owner, _GETTER)
