"""AFA208: the event loop waits for a thread."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.rules.blocking.wording import blocked
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA208",
    "blocking-wait",
    "bug",
    "Future.result(), Thread.join(), Queue.get() or a lock waits on the event loop",
    fixable="unsafe",
)


def check(events: Events) -> Iterator[Finding]:
    yield from blocked(RULE, events)
