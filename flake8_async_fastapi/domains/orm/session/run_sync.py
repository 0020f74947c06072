"""``run_sync``: plain functions that get a sync session or connection within async code.

Source: SQLAlchemy documentation, "Running Synchronous Methods and Functions under asyncio".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from flake8_async_fastapi.domains.blocking.effects import effects_of_run
from flake8_async_fastapi.domains.orm.events import RunSync
from flake8_async_fastapi.domains.orm.objects.heap import instances_of
from flake8_async_fastapi.domains.orm.objects.instances import may_be_one
from flake8_async_fastapi.domains.orm.session import session_factories
from flake8_async_fastapi.domains.orm.session.inferred_sessions import is_used_plainly
from flake8_async_fastapi.domains.orm.statements.queries import SyncTwin
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.machine import classes, functions
from flake8_async_fastapi.engine.models import CallSite
from flake8_async_fastapi.engine.renaming import resource_key
from flake8_async_fastapi.engine.state import State
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
from flake8_async_fastapi.engine.watches import Watch
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.walk import dotted, nodes_in, written_argument
from flake8_async_fastapi.knowledge import is_database

SYNC_SESSION: Final = "sqlalchemy.orm.Session"
_TWINS: Final = frozenset({"AsyncSession", "AsyncConnection"})


def call_run_sync(site: CallSite) -> Value:
    """The awaited result of ``run_sync``: the result of its function, if that is not a coroutine."""
    assert isinstance(site.callee, Member)
    result, _ = _run_callback(site.frame, site.callee.receiver, site.arguments)
    return UNKNOWN if isinstance(result, Coroutine) else result


def _run_callback(
    frame: Frame, receiver: Object, arguments: Arguments, state: State | None = None
) -> tuple[Value, Frame]:
    """The result of a function that gets a sync session or connection, and the frame of the call."""
    if not arguments.args:
        return UNKNOWN, frame
    function, *rest = arguments.args
    twin = Object("sqlalchemy.engine.Connection")
    if session_factories.is_tracked_session(receiver):
        known = session_factories.session_settings(frame.ctx, frame.path, receiver)
        twin = Object(SYNC_SESSION, detail=SyncTwin(resource_key(receiver), known))
    given = Arguments((twin, *rest), (), arguments.opaque)
    state = frame.state if state is None else state
    _set_lazy(state, resource_key(receiver), True)
    result, quiet = functions.call_quietly(frame, function, given, state=state)
    for after in (state, quiet.state):
        _set_lazy(after, resource_key(receiver), False)
    return result, quiet


def _set_lazy(state: State, session: object, is_lazy: bool) -> None:
    """Say whether reading a missing attribute of a session's objects loads it: in ``run_sync`` it does."""
    objects = instances_of(state)
    for location, obj in objects.items():
        if obj.is_lazy != is_lazy and may_be_one(obj.session, session):
            objects[location] = replace(obj, is_lazy=is_lazy)


def receives_sync_twin(ctx: Context, function: Function, place: int) -> bool:
    """Whether a parameter gets a sync session or connection, whatever its annotation."""
    if function.is_async:
        return False
    if place == 0 and ctx.project.is_handed_to_run_sync(function.name):
        return True
    params = function.node.params[function.receiver is not None :]
    written, node = params[place].annotation if place < len(params) else None, function.node
    if written is None or dotted(written).rpartition(".")[2] not in _TWINS:
        return False
    if not isinstance(node, tree.FunctionDef) or not is_used_plainly(node, params[place].name):
        return False
    key = ("given sync twins", function.key, place)
    return ctx.query(key, lambda: _is_passed_on(ctx, function.name, place, params[place].name), False)


def _is_passed_on(ctx: Context, name: str, place: int, param: str) -> bool:
    """Whether all calls of a name pass on what the function around them gets from ``run_sync``."""
    calls, right = 0, 0
    for path in ctx.project.mentioning(name):
        body = ctx.project.body(path)
        calls += sum(1 for _ in _calls_of(body, name))
        for code, first in _code_for_run_sync(ctx, body):
            given = (written_argument(call, place, param) for call in _calls_of(code, name))
            right += sum(1 for one in given if isinstance(one, tree.Name) and one.id == first)
    return 0 < calls == right


def _calls_of(code: object, name: str) -> Iterator[tree.Call]:
    for node in nodes_in(code):
        if isinstance(node, tree.Call) and dotted(node.func).rpartition(".")[2] == name:
            yield node


def _code_for_run_sync(ctx: Context, body: object) -> Iterator[tuple[object, str]]:
    """The code of the functions that ``run_sync`` gets, each with the name of its first parameter."""
    for node in nodes_in(body):
        match node:
            case tree.FunctionDef(name=name, params=[first, *_], body=code, is_async=False):
                if ctx.project.is_handed_to_run_sync(name):
                    yield code, first.name
            case tree.Call(func=tree.Attr(name="run_sync"), args=[tree.Lambda(params=[one], body=code), *_]):
                yield code, one.name


def report_run_sync(
    frame: Frame, callee: Value, arguments: Arguments, node: tree.Call, result: Value
) -> None:
    """Report the argument of ``run_sync``, and what it does with the session that it gets."""
    if not isinstance(callee, Member) or not is_database(callee.receiver.type):
        return
    function = arguments.get(0, "fn")
    if function is None:
        return
    returned, quiet = _run_callback(frame, callee.receiver, arguments, frame.state.fork())
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


CALLS: Final = Watch(report_run_sync, methods=frozenset({"run_sync"}))
