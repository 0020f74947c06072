"""Calls of the project's own functions, classes and properties that block."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from flake8_async_fastapi.domains.blocking import effects as thread
from flake8_async_fastapi.domains.blocking import exemptions
from flake8_async_fastapi.domains.blocking.events import Effect
from flake8_async_fastapi.domains.blocking.recursion import RECURSION, takes_exponential_time
from flake8_async_fastapi.domains.blocking.surroundings import may_call_callback
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.machine import classes, functions
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.values import (
    Arguments,
    ClassValue,
    Function,
    Instance,
    Library,
    Member,
    Partial,
)
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.knowledge import blocking as table
from flake8_async_fastapi.knowledge.blocking_kinds import CPU


def note_configured_call(frame: Frame, function: Function, origin: Place) -> None:
    """Handle a call of a function of the project that the configuration names."""
    settings = frame.ctx.settings
    if settings.blocking:
        full = exemptions.dotted_name(function)
        if full in settings.blocking:
            kind = settings.blocking[full]
            thread.report_or_keep_blocking(
                frame, Effect(kind, function.name, origin.spot, advice="run_in_threadpool"), origin
            )


def note_recursive_call(frame: Frame, function: Function, origin: Place) -> None:
    """Handle a recursive call: its work may double with its argument."""
    if frame.node is function.node and takes_exponential_time(frame.ctx, function):
        effect = Effect(CPU, RECURSION, origin.spot, advice=_INSTEAD)
        thread.report_or_keep_blocking(frame, effect, origin)


_INSTEAD: Final = "run_in_threadpool, or write it with a loop or functools.cache"
_CALLABLE: Final = (Function, Partial, Member, Library, Instance, ClassValue)


def apply_callbacks(frame: Frame, function: Function, arguments: Arguments, origin: Place) -> None:
    """Apply the effects of functions that a coroutine function gets or closes over: it may call them."""
    if not may_call_callback(frame.ctx, function):
        return
    if function.closure is not None or any(isinstance(v, _CALLABLE) for v in arguments.values()):
        effects = thread.effects_of(frame.ctx, function, arguments)
        if effects and not exemptions.is_cached_or_allowed(frame.ctx, function):
            thread.apply_callback_effects(frame, effects, origin, function.name)


def apply_property(frame: Frame, owner: Instance, name: str, origin: Place) -> None:
    """Apply the effects of a property that is read."""
    ctx = frame.ctx
    nothing: tuple[ClassValue, tree.FunctionDef, bool] | None = None
    found = ctx.query(("getter", owner.cls, name), lambda: _find_getter(ctx, owner.cls, name), nothing)
    if found is not None:
        cls, node, is_cached = found
        getter = functions.as_method(cls, node, replace(owner, location=None))  # whatever is loaded of it
        effects = thread.effects_of(ctx, getter, Arguments())
        for effect in effects:
            if not thread.is_blocking(effect):
                thread.report_or_keep_loop_use(frame, effect.via(name), origin)
        if not is_cached:
            thread.apply_callback_effects(frame, effects, origin, name)


def _find_getter(
    ctx: Context, cls: ClassValue, name: str
) -> tuple[ClassValue, tree.FunctionDef, bool] | None:
    """The class and the getter of a property, and whether it runs only once."""
    for base in classes.mro(ctx, cls):
        if not isinstance(base, ClassValue):
            return None
        found = classes.body_bindings(ctx, base, name)
        if found:
            node = found[0]
            if not isinstance(node, tree.FunctionDef) or node.is_async or not node.decorators:
                return None
            if classes.binding_kind(ctx, base, node) != "property":
                return None
            return base, node, exemptions.is_cached_property(ctx, base, node)
    return None


def apply_run_sync(frame: Frame, quiet: Frame, node: Expr) -> None:
    """Apply ``run_sync``: its function runs on the loop's thread, where only its session does not block."""
    allowed = tuple(effect for effect in thread.effects_of_run(quiet) if effect.kind != table.SESSION)
    thread.apply_callback_effects(frame, allowed, frame.place_of(node))
