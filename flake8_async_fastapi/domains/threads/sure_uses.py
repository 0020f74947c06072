"""Engines that a function uses in any case, and where it would not hide a failure: what tests can rely on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct, field

from flake8_async_fastapi.engine.effects import AppliedCall, EffectHooks, Ends
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.walk import dotted, nodes_in


class SureUse(Struct, frozen=True):
    """A function opens a connection of an engine in no branch, and where no handler hides the failure."""

    engine: Place


class SureUses(Struct):
    """The engines that one run surely uses."""

    engines: set[Place] = field(default_factory=set)

    def fork(self) -> SureUses:
        return SureUses(set(self.engines))

    def agree(self, others: Sequence[SureUses]) -> SureUses:
        """Merge the earlier notes with those that all other runs have."""
        return SureUses(self.engines | set.intersection(*(other.engines for other in others)))


def note_use(frame: Frame, engine: Place, place: Place) -> None:
    """Note the use of an engine at a place, if it is sure."""
    if not frame.branches and not (frame.exception_states is not None and _is_hidden(frame, place)):
        frame.notes_of(SureUses).engines.add(engine)


def _is_hidden(frame: Frame, place: Place) -> bool:
    """Whether a handler of all errors around a call goes on."""
    return any(
        isinstance(node, tree.Call) and (node.line, node.col) == place.position
        for attempt in nodes_in(frame.node.body if frame.node is not None else [])
        if isinstance(attempt, tree.Try) and any(map(_goes_on, attempt.handlers))
        for node in nodes_in(attempt.body)
    )


def _goes_on(handler: tree.Handler) -> bool:
    catches_all = handler.type is None or dotted(handler.type) in ("Exception", "BaseException")
    return catches_all and not any(isinstance(node, tree.Raise) for node in nodes_in(handler.body))


def _summarise(frame: Frame, ends: Ends) -> Iterable[SureUse]:
    noted = frame.notes.get(SureUses)
    return () if noted is None else tuple(map(SureUse, sorted(noted.engines)))


def _apply(call: AppliedCall, use: SureUse) -> Iterable[SureUse]:
    note_use(call.frame, use.engine, call.place)
    return ()


EFFECTS: Final[Mapping[type[Any], EffectHooks]] = {SureUse: EffectHooks(_summarise, _apply)}
