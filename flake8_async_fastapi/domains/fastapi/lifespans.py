"""Lifespans: engines that they do not dispose of, and lifespans that never run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import Struct, field

from flake8_async_fastapi.domains.fastapi import applications
from flake8_async_fastapi.domains.fastapi.events import ApplicationMounted, LifespanEnded
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.machine import functions, names, type_hints
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.text import for_message
from flake8_async_fastapi.engine.values import (
    UNKNOWN,
    Arguments,
    Function,
    Library,
    Member,
    Object,
    Unknown,
    Value,
)
from flake8_async_fastapi.engine.watches import Watch
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.walk import dotted, nodes_in
from flake8_async_fastapi.knowledge import is_subtype

_ENGINE = "sqlalchemy.ext.asyncio.AsyncEngine"
_USES = frozenset({"begin", "connect", "raw_connection"})
_CALLS_FOLLOWED = 3


class EngineUse(Struct):
    """How one run uses engines, directly or through the functions that it calls.

    ``is_open_ended``: it awaits, enters or calls something unknown.
    """

    uses_engine: bool = False
    is_open_ended: bool = False
    callees: dict[Function, None] = field(default_factory=dict)


def note_call(frame: Frame, callee: Value, arguments: Arguments, node: tree.Call, result: Value) -> None:
    """Note how a function uses engines, and report an application that is mounted."""
    activity = frame.notes_of(EngineUse)
    if isinstance(callee, Member):
        if callee.receiver.type == _ENGINE and callee.name in _USES:
            activity.uses_engine = True
        elif callee.name == "mount":
            _report_mounted(frame, callee.receiver, arguments, node)
    elif isinstance(callee, Library):
        activity.uses_engine = True
    elif isinstance(callee, Function):
        activity.callees[callee] = None
    elif isinstance(callee, Unknown):
        activity.is_open_ended = True


def note_unknown_entered(frame: Frame, at: object, value: Value) -> None:
    """Note that something unknown is entered."""
    if isinstance(value, Unknown) and frame.emit:
        frame.notes_of(EngineUse).is_open_ended = True


def note_unknown_awaited(frame: Frame, value: Value, node: tree.Await) -> None:
    """Note that something unknown is awaited."""
    note_unknown_entered(frame, node, value)


def report_engine_not_disposed(frame: Frame) -> None:
    """Report an async generator with one parameter that used an engine and did not dispose of it."""
    function = frame.node
    use = frame.notes_of(EngineUse)
    if not use.uses_engine or use.is_open_ended:
        return
    if not isinstance(function, tree.FunctionDef) or not (function.is_async and function.is_generator):
        return
    if len(function.params) != 1 or _disposes(frame.ctx, frame.path, function, _CALLS_FOLLOWED):
        return
    bodies = [(callee.path, callee.node) for callee in use.callees]
    if any(_disposes(frame.ctx, path, node, _CALLS_FOLLOWED) for path, node in bodies):
        return
    (param,) = function.params
    value = (
        UNKNOWN if param.annotation is None else type_hints.declared_value(frame, State(), param.annotation)
    )
    lifespan = functions.as_function(frame.path, function)
    event = LifespanEnded(
        frame.path,
        function.line,
        function.col,
        frame.qualname,
        lifespan,
        isinstance(value, Object) and is_subtype(value.type, applications.APPLICATION),
    )
    frame.emit_event(event)


def _disposes(ctx: Context, path: str, function: tree.FunctionDef | tree.Lambda, depth: int) -> bool:
    """Whether a function mentions ``dispose``, or calls a function that does."""
    for inner in nodes_in(function.body):
        if isinstance(inner, tree.Attr) and inner.name == "dispose":
            return True
        if depth and isinstance(inner, tree.Call) and dotted(inner.func):
            callee = names.dotted_value(ctx, path, dotted(inner.func))
            if isinstance(callee, Function) and _disposes(ctx, callee.path, callee.node, depth - 1):
                return True
    return False


# --- sub-applications ----------------------------------------------------------------------------


def _report_mounted(frame: Frame, parent: Object, arguments: Arguments, node: tree.Call) -> None:
    """Report a mounted application whose lifespan sets something up and never runs."""
    inner = arguments.get(1, "app")
    if (
        not applications.is_application_part(parent)
        or parent.origin is None
        or not isinstance(inner, Object)
        or not applications.has_lifespan(inner)
    ):
        return
    lifespan = inner.argument("lifespan")
    if not is_subtype(inner.type, applications.APPLICATION) or not isinstance(lifespan, Function):
        return
    if not _sets_anything_up(lifespan) or _may_run_lifespan(parent.argument("lifespan"), lifespan):
        return
    if parent.argument("**") is not None:
        return
    frame.emit_event(ApplicationMounted(*frame.at(node), for_message(node.func), lifespan.name))


def _sets_anything_up(lifespan: Function) -> bool:
    """Whether a lifespan does anything but logging before the application starts."""
    return any(
        isinstance(inner, (tree.Assign, tree.Await, tree.With)) for inner in nodes_in(lifespan.node.body)
    )


def _may_run_lifespan(above: Value | None, lifespan: Function) -> bool:
    """Whether the lifespan of the parent application may run that of the mounted one."""
    if above is None:
        return False
    if not isinstance(above, Function):
        return True
    return any(_word_may_run(word, lifespan) for word in _words_in(above)) or _does_as_much(above, lifespan)


def _does_as_much(above: Function, lifespan: Function) -> bool:
    """Whether the lifespan of the parent awaits all that the mounted one does, which sets nothing else."""
    if any(isinstance(inner, (tree.Assign, tree.With)) for inner in nodes_in(lifespan.node.body)):
        return False
    return _calls_awaited(lifespan) <= _calls_awaited(above)


def _calls_awaited(function: Function) -> set[str]:
    awaited = (inner.value for inner in nodes_in(function.node.body) if isinstance(inner, tree.Await))
    return {dotted(value.func) if isinstance(value, tree.Call) else "" for value in awaited}


def _words_in(function: Function) -> Iterator[str]:
    for inner in nodes_in(function.node.body):
        if isinstance(inner, tree.Name):
            yield inner.id
        elif isinstance(inner, tree.Attr):
            yield inner.name


def _word_may_run(word: str, lifespan: Function) -> bool:
    return word == lifespan.name or "lifespan" in word or word == "enter_async_context"


CALLS: Final = Watch(
    note_call,
    methods=_USES | {"mount"},
    functions=frozenset({"sqlalchemy.ext.asyncio.create_async_engine"}),
    others=(Function, Unknown),
    checked=True,
)
