"""What calls do to the thread that makes them."""

from __future__ import annotations

from flake8_async_fastapi.engine.events import Event
from flake8_async_fastapi.records import dataclass


@dataclass(frozen=True, slots=True)
class Effect:
    """Something that a function does to the thread that calls it, with the calls that lead there.

    ``advice`` says what to use instead, where there is something.
    """

    kind: str
    label: str
    chain: tuple[str, ...] = ()
    advice: str = ""

    def via(self, name: str) -> Effect:
        """The same effect, reached through one more call."""
        return Effect(self.kind, self.label, (name, *self.chain), self.advice)


@dataclass(frozen=True, slots=True)
class EffectReached(Event):
    """A call in an ``async def`` of a plain function that has an effect."""

    effect: Effect
