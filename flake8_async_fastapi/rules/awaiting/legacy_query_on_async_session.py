"""AFA106: members that an AsyncSession does not have: the sync Session has them, or SQLModel's."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi import knowledge
from flake8_async_fastapi.engine.events import AttributeRead
from flake8_async_fastapi.engine.values import Object
from flake8_async_fastapi.rules.model import Events, Finding, Rule
from flake8_async_fastapi.rules.wording import can_await

RULE = Rule(
    "AFA106",
    "legacy-query-on-async-session",
    "bug",
    "session.query() and other members that an AsyncSession lacks, or that only SQLModel's has",
)

_REMEDIES = {
    "query": "use await session.execute(select(...))",
    "exec": "use sqlmodel.ext.asyncio.session.AsyncSession, or await session.scalars(...)",
}


def check(events: Events) -> Iterator[Finding]:
    for event in events.of(AttributeRead):
        if isinstance(event.value, Object) and knowledge.is_absent(event.value.type, event.name):
            if event.name == "exec" and event.value.declared:
                continue  # often an annotation with SQLAlchemy's class of a session that is SQLModel's
            owner = event.value.type.rpartition(".")[2]
            remedy = _REMEDIES.get(event.name, f"use await session.run_sync(lambda s: s.{event.name}(...))")
            if "await" in remedy:
                remedy = can_await(event, remedy)
            yield RULE.at(event, f"{event.text} raises AttributeError: {owner} has no {event.name}; {remedy}")
