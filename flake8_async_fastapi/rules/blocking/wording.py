"""What the rules about blocking calls say, in the same words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from flake8_async_fastapi.domains.blocking.events import Effect, EffectReached
from flake8_async_fastapi.rules.model import Events, Finding, Fix, Rule
from flake8_async_fastapi.rules.wording import way


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
        yield rule.at(event, message(event.effect), fix=_fix(rule, event))


def _fix(rule: Rule, event: EffectReached) -> Fix | None:
    """The fix for a call that blocks, as its advice has it: another sleep, or a thread."""
    effect = event.effect
    called = (effect.chain or (effect.label,))[0]
    if "asyncio.sleep" in effect.advice and not effect.chain:
        return rule.fix(event, "sleep_on_loop", called)
    if _THREAD in effect.advice or effect.chain:
        return rule.fix(event, "offload", called)
    return None


def _rank(effect: Effect) -> tuple[int, str]:
    return len(effect.chain), effect.label


def message(effect: Effect) -> str:
    """What blocks, on which way it is reached, and what to use instead."""
    if not effect.chain:
        return f"{effect.label} blocks the event loop: use {effect.advice}"
    via = way((*effect.chain, effect.label), effect.at)
    return f"{effect.label} blocks the event loop{via}: {_remedy_for_callers(effect)}"


def _remedy_for_callers(effect: Effect) -> str:
    """What to do about a plain function that blocks: it can await nothing itself."""
    instead, _, thread = effect.advice.partition(_THREAD)
    if not instead:
        return f"run {effect.chain[0]} with {effect.advice}"
    instead = " or ".join(instead.removesuffix(" or ").rstrip(",").rsplit(", ", 1))
    return f"run {effect.chain[0]} with {_THREAD}, or make it async def and use {instead}"


_THREAD: Final = "run_in_threadpool"
