"""The hooks of all domains together."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct, field

from flake8_async_fastapi.engine.effects import AppliedCall, EffectHooks, Ends, PartHooks
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.models import Models
from flake8_async_fastapi.engine.observers import Observers
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.summary import Footprint
from flake8_async_fastapi.engine.values import Manager, Value
from flake8_async_fastapi.engine.watches import Watches


class Hooks(Struct, frozen=True):
    """The hooks of all domains together. ``called`` and ``call_ends`` are those observers by kind of call."""

    models: Models = field(default_factory=Models)
    observers: Observers = field(default_factory=Observers)
    effects: Mapping[type[Any], EffectHooks] = field(default_factory=dict)
    parts: Mapping[type[Any], PartHooks] = field(default_factory=dict)
    called: Watches = field(default_factory=Watches)
    call_ends: Watches = field(default_factory=Watches)

    def footprint(self, ctx: Context, state: State, names: Any, values: Sequence[Value]) -> Footprint:
        """The knowledge on a path about the objects that values lead to, by the type of its part."""
        found = []
        for kind, hooks in self.parts.items():
            if kind in state.parts and (known := hooks.footprint(ctx, state, names, values)):
                found.append((kind, known))
        return tuple(found)

    def tracks(self, state: State) -> bool:
        """Whether a path knows of any object whose state is tracked."""
        if state.parts:
            for kind, hooks in self.parts.items():
                if kind in state.parts and hooks.tracks(state.parts[kind]):
                    return True
        return False

    def join_into(self, state: State, paths: list[State]) -> None:
        """Put on a path the knowledge of the paths through parts of an expression."""
        kinds: dict[type[Any], Any] = {}
        for path in (state, *paths) if paths else ():
            kinds |= path.parts
        for kind in kinds:
            own = state.part(kind)
            first, *others = [path.parts.get(kind) or path.part(kind) for path in paths]
            if first != own or others.count(own) < len(others):
                state.put(first.join(others))

    def put_footprint(self, state: State, footprint: Footprint) -> None:
        """Put on a path the knowledge from another path."""
        for kind, known in footprint:
            self.parts[kind].put_footprint(state, known)

    def summarise(self, frame: Frame, ends: Ends) -> tuple[Hashable, ...]:
        """The effects of a run, as all domains record them."""
        found: list[Hashable] = []
        for hooks in self.effects.values():
            if hooks.summarise is not None:
                found += hooks.summarise(frame, ends)
        return tuple(found)

    def summarise_raised(self, frame: Frame, path: State, exception: Value) -> tuple[Hashable, ...]:
        """The effects of a run on a path that an exception takes out of it."""
        found: list[Hashable] = []
        for hooks in self.effects.values():
            if hooks.raised is not None:
                found += hooks.raised(frame, path, exception)
        return tuple(found)

    def call(self, call: AppliedCall, effects: Iterable[Hashable]) -> tuple[Hashable, ...]:
        """Apply the effects of a call, and return those that have to wait until later."""
        left: list[Hashable] = []
        for effect in effects:
            if (apply := self.effects[type(effect)].call) is not None:
                left += apply(call, effect)
        return tuple(left)

    def leave(self, frame: Frame, manager: Manager, place: Place) -> None:
        """Apply the effects of leaving a context manager."""
        for effect in manager.parts:
            if (apply := self.effects[type(effect)].leave) is not None:
                apply(frame, manager, effect, place)
