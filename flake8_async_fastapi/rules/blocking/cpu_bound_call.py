"""AFA207: a long computation runs on the event loop."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.rules.blocking.wording import blocked
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA207",
    "cpu-bound-call",
    "bug",
    "password hashing, image and archive work, data frames or models on the event loop",
    fixable="unsafe",
)


def check(events: Events) -> Iterator[Finding]:
    yield from blocked(RULE, events)
