"""Events about the effects of calls on the thread that makes them."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from flake8_async_fastapi.engine.events import Event
from flake8_async_fastapi.engine.places import Mention, Spot


class Effect(Struct, frozen=True):
    """An effect of a function on the thread that calls it, with the calls that lead there.

    It happens at the line ``at``. ``advice`` names what to use instead, if there is anything. ``is_brief``:
    it takes a moment, so it is reported only if it is repeated.
    """

    kind: str
    label: str
    at: Spot
    chain: tuple[str, ...] = ()
    advice: str = ""
    is_brief: bool = False

    def via(self, name: str) -> Effect:
        """The same effect reached through one more call. A function that calls itself is named once."""
        return self if self.chain[:1] == (name,) else replace(self, chain=(name, *self.chain))

    def repeated(self) -> Effect:
        """The same effect, repeated many times."""
        return replace(self, is_brief=False)


class EffectReached(Event, frozen=True):
    """A coroutine function calls a plain function that has an effect.

    ``is_validation``: FastAPI calls it on the event loop to validate a request for the function.
    """

    effect: Effect
    is_validation: bool = False

    def others(self) -> tuple[Mention, ...]:
        return (Mention(*self.effect.at, f"{self.effect.label} is called here"),) if self.effect.chain else ()
