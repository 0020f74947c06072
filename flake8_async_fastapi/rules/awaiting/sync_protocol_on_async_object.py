"""AFA104: ``with`` or ``for`` where the object has only the async protocol, or the reverse."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.engine.events import Entered, Iterated
from flake8_async_fastapi.engine.values import Generator
from flake8_async_fastapi.rules.model import Events, Finding, Fix, Rule
from flake8_async_fastapi.rules.wording import can_await

RULE = Rule(
    "AFA104",
    "sync-protocol-on-async-object",
    "bug",
    "with or for where async with or async for is needed, or the reverse",
    fixable="safe",
)


def check(events: Events) -> Iterator[Finding]:
    for entered in events.of(Entered):
        if isinstance(entered.value, Generator) and entered.value.label:
            continue  # AFA412 says what it is, and what to write
        words = ("async with", "with") if entered.is_async else ("with", "async with")
        if problem := _problem(entered, words):
            yield RULE.at(entered, problem, fix=_fix(entered, words))
    for iterated in events.of(Iterated):
        words = ("async for", "for") if iterated.is_async else ("for", "async for")
        if problem := _problem(iterated, words):
            yield RULE.at(iterated, problem, fix=_fix(iterated, words))


def _fix(event: Entered | Iterated, words: tuple[str, str]) -> Fix | None:
    used, other = words
    if isinstance(event, Entered) and isinstance(event.value, Generator):
        decorator = "asynccontextmanager" if event.value.is_async else "contextmanager"
        return RULE.fix(event, "manage_generator", decorator)
    if event.supports is None or _PROTOCOLS[other] not in event.supports:
        return None
    return RULE.fix(event, "change_protocol", used, other)


_PROTOCOLS = {"with": "with", "async with": "async-with", "for": "iter", "async for": "async-iter"}


def _problem(event: Entered | Iterated, words: tuple[str, str]) -> str:
    """Why an object does not work with the first of two keywords; empty if it may."""
    supports, (used, other) = event.supports, words
    if supports is None or _PROTOCOLS[used] in supports:
        return ""
    if _PROTOCOLS[other] in supports:
        remedy = f"use {other}" if event.is_async else can_await(event, f"use {other}")
        return f"{used} fails: {event.text} supports only {other}; {remedy}"
    return f"{used} fails: {event.text} supports neither {used} nor {other}; drop it"
