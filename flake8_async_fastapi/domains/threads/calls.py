"""Handlers of the engine's calls: those that hand a function over."""

from __future__ import annotations

from typing import Final

from flake8_async_fastapi.domains.threads import engine_loops, loop_starts, loop_use, session_loops, unawaited
from flake8_async_fastapi.domains.threads.handing_over import METHODS, hand_over, run_handed_over
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.text import for_message
from flake8_async_fastapi.engine.values import Arguments, Function, Library, Member, Object, Unknown, Value
from flake8_async_fastapi.engine.walks import may_hold_coroutines
from flake8_async_fastapi.engine.watches import Watch
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.knowledge.loop_use import CLOSES, GUARDS, LOOP_CLIENTS, NEEDS_LOOP
from flake8_async_fastapi.knowledge.runners import RUNNERS

_FUNCTIONS: Final = RUNNERS.keys() | NEEDS_LOOP.keys() | GUARDS | engine_loops.FUNCTIONS
_METHODS: Final = METHODS | loop_use.METHODS | engine_loops.METHODS


def note_call(frame: Frame, callee: Value, arguments: Arguments, node: tree.Call, result: Value) -> None:
    """Handle a call that uses event loops or hands a function over."""
    if isinstance(callee, Member):
        if callee.name not in _METHODS and callee.receiver.type not in LOOP_CLIENTS:
            return
    elif isinstance(callee, Object):
        if callee.type not in engine_loops.FACTORIES:
            return
    elif isinstance(callee, Unknown):
        engine_loops.note_disposal(frame)  # of an engine, perhaps
        return
    elif isinstance(callee, Function) and (frame.is_async or not _is_given_coroutine(arguments)):
        return
    engine_loops.note_call(frame, callee, arguments, node)
    loop_starts.note_call(frame, callee, arguments, node)
    if not isinstance(callee, (Library, Member)):
        return
    if not frame.is_async and loop_starts.starts_loop(frame, callee):
        session_loops.note_started(frame, arguments.get(0, "main"), for_message(node.func))
    loop_use.note_use(frame, callee, node.func, frame.place_of(node))
    given = hand_over(callee, arguments, node)
    if given is not None:
        value, quiet = run_handed_over(frame, given)
        unawaited.check_handed_over(frame, given, value, quiet, node)
        loop_use.check_handed_over(frame, given, quiet, node)
        loop_starts.check_handed_over(frame, given, quiet, node)
        session_loops.check_handed_over(frame, given, quiet, node)


def _is_given_coroutine(arguments: Arguments) -> bool:
    return may_hold_coroutines(arguments.values())


CALLS: Final = Watch(
    note_call,
    methods=_METHODS | CLOSES | {name for names in LOOP_CLIENTS.values() for name in names},
    functions=_FUNCTIONS,
    others=(Function, Object),
    unknown=frozenset({"dispose"}),
)
