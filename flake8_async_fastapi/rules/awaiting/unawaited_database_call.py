"""AFA101: a coroutine of SQLAlchemy or SQLModel that is never awaited."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.rules.awaiting.wording import await_it, one_for_each_use, unawaited
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA101",
    "unawaited-database-call",
    "bug",
    "a coroutine of an async session, connection, engine or result is never awaited",
    fixable="safe",
)


def check(events: Events) -> Iterator[Finding]:
    for event, unless in one_for_each_use(events):
        if event.coroutine.family == "database" and not event.awaited_chain:
            yield RULE.at(event, unawaited(event), unless, await_it(RULE, event))
