"""The effects of a function on the thread that calls it, and how they reach a coroutine function.

A call that blocks, or starts an event loop, is an ``Effect`` of the plain function that makes it. It passes
on to the callers of that function, up to the coroutine function that runs it on the event loop: there it
becomes ``EffectReached``. The effects of a generator or a context manager count only once it is iterated
over or entered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct, field

from flake8_async_fastapi import knowledge
from flake8_async_fastapi.domains.blocking import exemptions
from flake8_async_fastapi.domains.blocking.context import BlockingContext
from flake8_async_fastapi.domains.blocking.events import Effect, EffectReached
from flake8_async_fastapi.domains.blocking.recursion import RECURSION, passes_small_numbers
from flake8_async_fastapi.domains.blocking.surroundings import is_cache_miss, is_call_of_callback, is_repeated
from flake8_async_fastapi.engine import renaming
from flake8_async_fastapi.engine.effects import AppliedCall, EffectHooks, Ends
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.machine import functions, summaries
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.values import (
    BOOL,
    Arguments,
    Const,
    Coroutine,
    Function,
    Generator,
    Manager,
    Object,
    Value,
    alternatives,
)
from flake8_async_fastapi.knowledge import blocking as table

_KINDS: Final = frozenset({*table.CONFIGURED.values(), table.SESSION})


class ThreadWork(Struct):
    """The effects of one run; ``guards_loop``: it checks for a running event loop and handles that case."""

    effects: dict[Effect, None] = field(default_factory=dict)
    guards_loop: bool = False

    def fork(self) -> ThreadWork:
        return ThreadWork(dict(self.effects), self.guards_loop)

    def agree(self, others: Sequence[ThreadWork]) -> ThreadWork:
        """Merge the earlier work with an effect that blocks (or needs a loop) if all others have one more."""
        after = ThreadWork(dict(self.effects), any(other.guards_loop for other in others))
        for blocks in (True, False):
            new = [[effect for effect in other.effects if effect not in self.effects] for other in others]
            of_kind = [[effect for effect in more if is_blocking(effect) is blocks] for more in new]
            if all(of_kind):
                mildest = max((min(more, key=_severity) for more in of_kind), key=_severity)
                _keep_in(after.effects, mildest)
        return after


class ThreadEffects(Struct, frozen=True):
    """The effects of a call on its thread: this domain's part of a summary."""

    effects: tuple[Effect, ...]


def _severity(effect: Effect) -> tuple[object, ...]:
    """The sort key of effects: first those that certainly take long, by the shortest chain of calls."""
    return effect.is_brief, len(effect.chain), effect.kind, effect.label, effect.chain, effect.at


def is_blocking(effect: Effect) -> bool:
    """Whether an effect blocks the thread; the others start an event loop or need one."""
    return effect.kind in _KINDS


def effects_among(parts: Iterable[object]) -> tuple[Effect, ...]:
    """The effects among the parts of a summary."""
    return next((part.effects for part in parts if isinstance(part, ThreadEffects)), ())


def effects_of(ctx: Context, function: Function, arguments: Arguments | None) -> tuple[Effect, ...]:
    """The effects of a call on its thread, whatever is loaded of the objects passed to it."""
    return effects_among(
        summaries.summarise(ctx, *renaming.call_without_identity(ctx, function, arguments)).parts
    )


def effects_of_callback(frame: Frame, callee: Value, arguments: Arguments) -> tuple[Effect, ...]:
    """The effects of calling a value on the thread; the path does not change."""
    _, quiet = functions.call_quietly(frame, callee, arguments, state=frame.state.fork())
    return effects_of_run(quiet)


def effects_of_run(frame: Frame) -> tuple[Effect, ...]:
    """The effects of a run."""
    return tuple(frame.notes_of(ThreadWork).effects)


def _summarise(frame: Frame, ends: Ends) -> Iterable[ThreadEffects]:
    work = frame.notes_of(ThreadWork)
    if work.effects and not work.guards_loop and not _is_dispatcher(frame.returns):
        yield ThreadEffects(tuple(work.effects))


def _is_dispatcher(returns: list[Value]) -> bool:
    """Whether a function works at once or returns a coroutine, depending on whether a loop is running."""
    gives_coroutine = [
        isinstance(alternative, Coroutine) for value in returns for alternative in alternatives(value)
    ]
    return any(gives_coroutine) and not all(gives_coroutine)


def _defer(call: AppliedCall, effect: ThreadEffects) -> Iterable[ThreadEffects]:
    yield effect


class LoopAsked(Struct, frozen=True):
    """A function tells its caller whether an event loop is running."""


def _summarise_answer(frame: Frame, ends: Ends) -> Iterable[LoopAsked]:
    if frame.notes_of(ThreadWork).guards_loop:
        told = {option for value in frame.returns for option in alternatives(value)}
        if len(told) > 1 and all(map(_may_be_answer, told)):
            yield LoopAsked()


def _may_be_answer(value: Value) -> bool:
    match value:
        case Const(value=None | bool()) | Object(type="asyncio.AbstractEventLoop"):
            return True
    return value == BOOL


def _apply_answer(call: AppliedCall, _: LoopAsked) -> Iterable[LoopAsked]:
    call.frame.notes_of(ThreadWork).guards_loop = True
    return ()


EFFECTS: Final[Mapping[type[Any], EffectHooks]] = {
    LoopAsked: EffectHooks(_summarise_answer, _apply_answer),
    ThreadEffects: EffectHooks(_summarise, _defer),
}


def apply_effects(frame: Frame, function: Function, parts: Iterable[object], place: Place) -> None:
    """Apply the effects of a plain function that is called, or of a generator that is run, to the caller."""
    effects = effects_among(parts)
    for effect in effects:
        if not is_blocking(effect):
            report_or_keep_loop_use(frame, effect.via(function.name), place)
    apply_blocking_effects(frame, function, effects, place)


def report_or_keep_loop_use(frame: Frame, effect: Effect, origin: Place) -> None:
    """Report a call with an effect on its thread in a coroutine function, or keep it for the callers."""
    work = frame.notes_of(ThreadWork)
    if effect.kind == "event-loop" and (
        work.guards_loop or any(map(frame.ctx.project.is_imported, knowledge.nesting_packages()))
    ):
        return
    if frame.is_async:
        path, line, col = origin
        frame.emit_event(EffectReached(path, line, col, frame.qualname, effect))
    else:
        _keep_in(work.effects, effect)


def report_or_keep_blocking(frame: Frame, effect: Effect, origin: Place) -> None:
    """Report a call that blocks in a coroutine function; otherwise keep it as an effect of the function.

    The effects of a function that was passed to a coroutine function count as effects of the latter.
    """
    if frame.runs_elsewhere or frame.notes_of(BlockingContext).suppressed:
        return
    if origin.path == frame.path and is_cache_miss(frame, origin.line):
        return
    if effect.is_brief and is_repeated(frame):
        effect = effect.repeated()
    if not frame.is_async:
        _keep_shortest(frame, effect)
    elif frame.emit:
        path, line, col = origin
        if effect.is_brief and not frame.ctx.settings.reports_brief:
            return
        if not exemptions.runs_before_serving(frame.ctx, frame.path, frame.qualname):
            frame.emit_event(EffectReached(path, line, col, frame.qualname, effect))
    elif frame.current_call is not None and is_call_of_callback(frame, frame.current_call.func):
        _keep_shortest(frame, effect)


def _keep_shortest(frame: Frame, effect: Effect) -> None:
    _keep_in(frame.notes_of(ThreadWork).effects, effect)


def _keep_in(effects: dict[Effect, None], effect: Effect) -> None:
    """Keep one effect of each kind, with the shortest chain to one that is not brief: there may be very
    many.
    """
    for kept in effects:
        if kept.kind == effect.kind:
            if (kept.is_brief, len(kept.chain)) > (effect.is_brief, len(effect.chain)):
                del effects[kept]
                break
            return
    effects[effect] = None


def apply_blocking_effects(
    frame: Frame, function: Function, effects: tuple[Effect, ...], origin: Place
) -> None:
    """Apply the effects of a plain function that blocks."""
    for effect in effects:
        if is_blocking(effect):
            if effect.label == RECURSION and not effect.chain and passes_small_numbers(frame.current_call):
                continue
            if exemptions.is_cached_or_allowed(frame.ctx, function):
                return
            report_or_keep_blocking(frame, effect.via(function.name), origin)


def apply_callback_effects(frame: Frame, effects: tuple[Effect, ...], origin: Place, via: str = "") -> None:
    """Pass on the blocking effects of code that runs here; ``via`` is its name in the chain of calls."""
    for effect in effects:
        if is_blocking(effect):
            report_or_keep_blocking(frame, effect.via(via) if via else effect, origin)


def apply_deferred_effects(frame: Frame, made: Manager | Generator, origin: Place) -> None:
    """Apply the effects of a context manager or generator that is run."""
    if made.function is not None:
        apply_blocking_effects(frame, made.function, effects_among(made.parts), origin)
