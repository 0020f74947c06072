"""Calls of library functions that block their thread, and iteration that does.

Passing a function does not call it, so work that is handed to a thread has no effect here. A few functions
are known to call their arguments on the thread of the caller: ``sorted`` calls its ``key``,
``loop.call_soon`` its callback.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from flake8_async_fastapi import knowledge
from flake8_async_fastapi.domains.blocking import effects as thread
from flake8_async_fastapi.domains.blocking import exemptions, known_files, sockets
from flake8_async_fastapi.domains.blocking.events import Effect
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.machine import names
from flake8_async_fastapi.engine.models import GAP
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.text import path_of
from flake8_async_fastapi.engine.values import (
    NONE,
    Arguments,
    Const,
    Function,
    Generator,
    Library,
    Member,
    Object,
    Plain,
    Value,
    alternatives,
    is_only_declared,
)
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import nodes_in, written_argument
from flake8_async_fastapi.knowledge import blocking as table
from flake8_async_fastapi.knowledge import blocking_arguments as by_arguments
from flake8_async_fastapi.knowledge.blocking_index import Blocking, bases, blocking_member, blocking_name
from flake8_async_fastapi.knowledge.successors import SUCCESSORS

_DYNAMIC: Final = "sqlalchemy.orm.AppenderQuery"


# --- calls of library names --------------------------------------------------------------


def note_library_call(
    frame: Frame, callee: Library | Member | Object, arguments: Arguments, origin: Place
) -> None:
    """Handle a call of a library's function, type, method or object."""
    known, dotted = _look_up_blocking(callee)
    settings = frame.ctx.settings
    if known is None and settings.blocking and dotted and dotted[0] in settings.blocking:
        known = Blocking(settings.blocking[dotted[0]], "run_in_threadpool")
    if known is None:
        if dotted:
            _apply_iterations_by(frame, dotted[0], arguments, origin)
            _apply_callbacks_of(frame, dotted[0], arguments, origin)
    elif origin.position not in frame.awaited_calls:
        if not all(_blocks_with_arguments(frame, name, arguments) for name in dotted):
            return
        if known_files.is_kernel_file(callee, dotted[0], arguments):
            return
        if isinstance(callee, Member):
            if not _is_surely_sync(frame.ctx, callee.receiver) or sockets.returns_at_once(frame, dotted[0]):
                return
            if _has_replaced_method(frame):
                return
            label = f"{callee.receiver.type.rpartition('.')[2]}.{callee.name}"
        else:
            label = _short_name(dotted[0])
        is_brief = any(_is_brief(frame, name, arguments) for name in dotted) or known_files.is_short_file(
            frame.ctx, frame.path, callee, dotted[0], arguments
        )
        _reach_listed(frame, known, dotted[0], label, origin, is_brief=is_brief)


def _look_up_blocking(callee: Library | Member | Object) -> tuple[Blocking | None, tuple[str, ...]]:
    """The effect of calling a library's value, and its full name: one for each type that has the method."""
    match callee:
        case Library(dotted=name):
            return blocking_name(name), (name,)
        case Member(receiver=receiver, name=name):
            return _look_up_member(receiver.type, name)
        case Object(type=name):
            return blocking_member(name, "__call__"), (name,)


@cache
def _look_up_member(type_name: str, name: str) -> tuple[Blocking | None, tuple[str, ...]]:
    return blocking_member(type_name, name), tuple(f"{base}.{name}" for base in bases(type_name))


def _short_name(dotted_name: str) -> str:
    """A function's name as code writes it: with its module, or the last two parts of a long name."""
    parts = dotted_name.removeprefix("builtins.").split(".")
    return ".".join(parts if len(parts) < 4 else parts[-2:])


def _reach_listed(
    frame: Frame, known: Blocking, full: str, label: str, origin: Place, *, is_brief: bool = False
) -> None:
    if not frame.ctx.settings.allows(full):
        label, advice = _in_words_of_file(frame, full, label, known.advice)
        effect = Effect(known.kind, label, origin.spot, advice=advice, is_brief=is_brief)
        thread.report_or_keep_blocking(frame, effect, origin)


def _in_words_of_file(frame: Frame, full: str, label: str, advice: str) -> tuple[str, str]:
    """The name of a call and the advice; both name the successor of a library if the file imports that."""
    library = full.partition(".")[0]
    if library not in SUCCESSORS:
        return label, advice
    successor = SUCCESSORS[library]
    imported = frame.ctx.project.imports_of(frame.path)
    node = frame.current_call
    written = "" if node is None else path_of(node.func).partition(".")[0]
    if successor.name not in imported or (library in imported and written != successor.name):
        return label, advice
    if label.startswith(f"{library}."):
        label = successor.name + label.removeprefix(library)
    return label, advice.replace("httpx.AsyncClient", successor.async_client)


def _is_brief(frame: Frame, full: str, arguments: Arguments) -> bool:
    """Whether a call of a blocking function takes only a moment with these arguments."""
    node = frame.current_call
    if full in by_arguments.BRIEF_TO_WRITE:
        written = None if node is None else written_argument(node, *by_arguments.BRIEF_TO_WRITE[full])
        mode = written.value if isinstance(written, tree.Const) else None
        return isinstance(mode, str) and ("a" in mode or not {"r", "+"}.intersection(mode))
    if full in by_arguments.BRIEF_PATTERNS:
        pattern = arguments.get(*by_arguments.BRIEF_PATTERNS[full])
        text = pattern.value if isinstance(pattern, Const) else None
        folders = text.rpartition("/")[0] if isinstance(text, str) else "*"
        return "**" not in str(text) and not set(folders) & set("*?[" + GAP)
    if full in by_arguments.BRIEF_IF_CONSTANT:
        return node is not None and bool(node.args) and _is_spelled_out(frame, node.args[0])
    return full in by_arguments.BRIEF_CALLS


def _is_spelled_out(frame: Frame, node: Expr) -> bool:
    """Whether an expression consists of constants and names of libraries only."""
    for part in nodes_in(node):
        if isinstance(part, tree.Name) and not isinstance(
            names.look_up_name(frame, frame.state, part.id), Library
        ):
            return False
    return True


def _blocks_with_arguments(frame: Frame, full: str, arguments: Arguments) -> bool:
    """Whether a call of a blocking function blocks with these arguments."""
    if full in by_arguments.UNLESS_BRIEF and _waits_briefly(frame, *by_arguments.UNLESS_BRIEF[full]):
        return False
    if full in by_arguments.ONLY_IF_GIVEN:
        given = arguments.get(*by_arguments.ONLY_IF_GIVEN[full])
        if given is None or given == NONE:
            return False
    if full in by_arguments.ONLY_IF_BYTES:
        return arguments.get(*by_arguments.ONLY_IF_BYTES[full]) == Plain("bytes")
    if full in by_arguments.UNLESS_FALSE:
        return arguments.get(*by_arguments.UNLESS_FALSE[full]) != Const(False)
    if full in by_arguments.ONLY_OF_TYPE:
        place, name, wanted = by_arguments.ONLY_OF_TYPE[full]
        given = arguments.get(place, name)
        # the sync side of an async engine fails here, it does not block
        return isinstance(given, Object) and given.type in wanted and given.argument("async") is None
    return True


def _waits_briefly(frame: Frame, place: int, name: str) -> bool:
    """Whether a call waits for a moment only; many such calls add up to a long wait."""
    node = frame.current_call
    if node is None or frame.loops:
        return False
    written = written_argument(node, place, name)
    seconds = written.value if isinstance(written, tree.Const) else None
    return isinstance(seconds, (int, float)) and seconds < by_arguments.BRIEF


def _has_replaced_method(frame: Frame) -> bool:
    """Whether the code replaced a method of the object that the called method may rely on."""
    node = frame.current_call
    owner = path_of(node.func).rpartition(".")[0] if node is not None else ""
    return bool(owner) and any(
        path.rpartition(".")[0] == owner and isinstance(value, Function)
        for path, value in frame.state.attributes.items()
    )


def _is_surely_sync(ctx: Context, receiver: Object) -> bool:
    """Whether an object is certainly of its sync type. If only an annotation says so, it may be a leftover.

    A dynamic relationship that is known belongs to an async session: it fails instead of blocking.
    """
    if receiver.type == _DYNAMIC and receiver.detail is not None:
        return False
    if not is_only_declared(receiver):
        return True
    twin = knowledge.async_twin(receiver.type)
    return not ctx.query(("mentioned", twin), lambda: exemptions.is_mentioned(ctx, twin), True)


def _apply_iterations_by(frame: Frame, full: str, arguments: Arguments, origin: Place) -> None:
    """Apply the iteration of ``list(rows)`` and other functions that iterate over their arguments."""
    if full in table.CONSUMERS:
        for argument in arguments.args[:1]:
            apply_iteration_at(frame, argument, origin)


def _apply_callbacks_of(frame: Frame, full: str, arguments: Arguments, origin: Place) -> None:
    """Apply the callbacks of ``sorted(rows, key=f)``, ``loop.call_soon(f)`` and similar functions."""
    place = table.CALLERS.get(full)
    if place is None or frame.in_offloaded_argument:
        return
    callback = arguments.get(*place)
    if callback is not None:
        for alternative in alternatives(callback):
            effects = thread.effects_of_callback(frame, alternative, Arguments(opaque=True))
            thread.apply_callback_effects(frame, effects, origin)


def apply_iteration(frame: Frame, value: Value, node: Expr, is_async: bool) -> None:
    """Apply the effects of a loop over a value."""
    if not is_async:
        apply_iteration_at(frame, value, frame.place_of(node))


def apply_iteration_at(frame: Frame, value: Value, origin: Place) -> None:
    """Apply the effects of iterating over a value: a generator runs, an object of a library may block."""
    for alternative in alternatives(value):
        if isinstance(alternative, Generator) and not alternative.is_async:
            if not frame.in_offloaded_argument:
                thread.apply_deferred_effects(frame, alternative, origin)
        elif isinstance(alternative, Object):
            known = blocking_member(alternative.type, "__iter__")
            if known is not None and _is_surely_sync(frame.ctx, alternative):
                label = f"iterating {alternative.type.rpartition('.')[2].lstrip('_')}"
                _reach_listed(frame, known, f"{alternative.type}.__iter__", label, origin)
