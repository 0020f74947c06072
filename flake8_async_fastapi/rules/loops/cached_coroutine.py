"""AFA601: a coroutine is cached, and can be awaited only once."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.threads.events import CoroutineCached
from flake8_async_fastapi.rules.model import Events, Finding, Rule
from flake8_async_fastapi.rules.wording import way

RULE = Rule(
    "AFA601",
    "cached-coroutine",
    "bug",
    "lru_cache or a cache of the project stores the coroutine of an async function, not its result",
)


def check(events: Events) -> Iterator[Finding]:
    for event in events.of(CoroutineCached):
        via = way((*event.chain, event.keeper)) if event.chain else ""
        if event.is_generator:
            yield RULE.at(
                event,
                f"{event.keeper} keeps the async generator of {event.name}{via}, which can be iterated "
                "only once: cache a list of its items",
            )
        else:
            yield RULE.at(
                event,
                f"{event.keeper} keeps the coroutine of {event.name}{via}, which can be awaited only once: "
                "cache the awaited result",
            )
