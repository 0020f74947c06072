"""What calls do to the thread that makes them."""

from __future__ import annotations

from flake8_async_fastapi.engine.events import Event
from flake8_async_fastapi.engine.places import Mention, Spot
from flake8_async_fastapi.records import dataclass, replace


@dataclass(frozen=True, slots=True)
class Effect:
    """Something that a function does to the thread that calls it, with the calls that lead there.

    It happens at the line ``at``.  ``advice`` says what to use instead, where there is something.
    ``is_brief``: it takes a moment, and is worth a report only where it is repeated.
    """

    kind: str
    label: str
    at: Spot
    chain: tuple[str, ...] = ()
    advice: str = ""
    is_brief: bool = False

    def via(self, name: str) -> Effect:
        """The same effect, reached through one more call; a function that calls itself is named once."""
        return self if self.chain[:1] == (name,) else replace(self, chain=(name, *self.chain))

    def repeated(self) -> Effect:
        """The same effect many times over."""
        return replace(self, is_brief=False)


@dataclass(frozen=True, slots=True)
class EffectReached(Event):
    """A call in an ``async def`` of a plain function that has an effect."""

    effect: Effect

    def others(self) -> tuple[Mention, ...]:
        return (Mention(*self.effect.at, f"{self.effect.label} is called here"),) if self.effect.chain else ()
