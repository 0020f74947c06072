"""AFA601: a coroutine is cached, and can be awaited only once."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.threads.events import CoroutineCached
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA601",
    "cached-coroutine",
    "bug",
    "lru_cache or a cache of the project keeps the coroutine of an async function",
)


def check(events: Events) -> Iterator[Finding]:
    for event in events.of(CoroutineCached):
        keeper = " -> ".join([*(f"{name}()" for name in event.chain), event.keeper])
        if event.is_generator:
            yield RULE.at(
                event,
                f"{keeper} keeps the async generator of {event.name}, which can be gone through only once: "
                "cache a list of its items",
            )
        else:
            yield RULE.at(
                event,
                f"{keeper} keeps the coroutine of {event.name}, which can be awaited only once: "
                "cache the awaited result",
            )
