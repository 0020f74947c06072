"""``run_sync``: plain functions that get a sync session or connection within async code.

Source: SQLAlchemy documentation, "Running Synchronous Methods and Functions under asyncio".
"""

from __future__ import annotations

from flake8_async_fastapi.domains.blocking.effects import effects_of_run
from flake8_async_fastapi.domains.orm.events import RunSync
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.machine import classes, functions
from flake8_async_fastapi.engine.models import CallSite
from flake8_async_fastapi.engine.text import for_message
from flake8_async_fastapi.engine.values import (
    UNKNOWN,
    Arguments,
    Coroutine,
    Function,
    Instance,
    Member,
    Object,
    Value,
)
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.knowledge import is_database


def call_run_sync(site: CallSite) -> Value:
    """The awaited result of ``run_sync``: the result of its function, if that is not a coroutine."""
    assert isinstance(site.callee, Member)
    result, _ = _run_callback(site.frame, site.callee.receiver, site.arguments)
    return UNKNOWN if isinstance(result, Coroutine) else result


def _run_callback(frame: Frame, receiver: Object, arguments: Arguments) -> tuple[Value, Frame]:
    """The result of a function that gets a sync session or connection, and the frame of the call."""
    if not arguments.args:
        return UNKNOWN, frame
    function, *rest = arguments.args
    twin = "sqlalchemy.orm.Session" if "Session" in receiver.type else "sqlalchemy.engine.Connection"
    given = Arguments((Object(twin), *rest), (), arguments.opaque)
    return functions.call_quietly(frame, function, given)


def receives_sync_twin(ctx: Context, function: Function, place: int) -> bool:
    """Whether a parameter gets a sync session or connection, whatever its annotation."""
    return place == 0 and not function.is_async and ctx.project.is_handed_to_run_sync(function.name)


def report_run_sync(
    frame: Frame, callee: Value, arguments: Arguments, node: tree.Call, result: Value
) -> None:
    """Report the argument of ``run_sync``, and what it does with the session that it gets."""
    if not isinstance(callee, Member) or callee.name != "run_sync" or not is_database(callee.receiver.type):
        return
    function = arguments.get(0, "fn")
    if function is None:
        return
    returned, quiet = _run_callback(frame, callee.receiver, arguments)
    callable_instance = isinstance(function, Instance) and (
        not classes.is_closed(frame.ctx, function.cls)
        or classes.has_member(frame.ctx, function.cls, "__call__")
    )
    is_call = bool(node.args) and isinstance(node.args[0], tree.Call) and not callable_instance
    for observe in frame.ctx.hooks.observers.callback_ran:
        observe(frame, quiet, node)
    frame.emit_event(
        RunSync(*frame.at(node), function, returned, effects_of_run(quiet), is_call, for_message(node.func))
    )
