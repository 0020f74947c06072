"""AFA202: a synchronous database call runs on the event loop."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.rules.blocking.wording import blocked
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA202",
    "blocking-database-call",
    "bug",
    "a sync Session, Engine or database driver is used on the event loop",
    fixable="unsafe",
)


def check(events: Events) -> Iterator[Finding]:
    yield from blocked(RULE, events, RULE.name, "blocking-session")
