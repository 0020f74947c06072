"""AFA106: members of the sync Session that an AsyncSession does not have."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi import knowledge
from flake8_async_fastapi.engine.events import AttributeRead
from flake8_async_fastapi.engine.values import Object
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA106",
    "legacy-query-on-async-session",
    "bug",
    "session.query() and other members that only the sync Session has",
)


def check(events: Events) -> Iterator[Finding]:
    for event in events.of(AttributeRead):
        if isinstance(event.value, Object) and knowledge.is_absent(event.value.type, event.name):
            owner = event.value.type.rpartition(".")[2]
            remedy = (
                "use await session.execute(select(...))"
                if event.name == "query"
                else f"use await session.run_sync(lambda s: s.{event.name}(...))"
            )
            yield RULE.at(event, f"{event.text} does not exist: {owner} has no {event.name}; {remedy}")
