"""What the rules about blocking calls say, in the same words."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.blocking.events import Effect, EffectReached
from flake8_async_fastapi.rules.model import Events, Finding, Rule


def blocked(rule: Rule, events: Events, *kinds: str) -> Iterator[Finding]:
    """One finding for each call that blocks in one of some ways: the shortest chain tells enough."""
    found: dict[tuple[int, int], EffectReached] = {}
    for event in events.of(EffectReached):
        if event.effect.kind in (kinds or (rule.name,)):
            place = event.line, event.col
            before = found.get(place)
            if before is None or _rank(event.effect) < _rank(before.effect):
                found[place] = event
    for event in found.values():
        yield rule.at(event, message(event.effect))


def _rank(effect: Effect) -> tuple[int, str]:
    return len(effect.chain), effect.label


def message(effect: Effect) -> str:
    """What blocks, on which way it is reached, and what to use instead."""
    way = f" ({' → '.join((*effect.chain, effect.label))})" if effect.chain else ""
    return f"{effect.label} blocks the event loop{way}: use {effect.advice}"
