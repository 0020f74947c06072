"""AFA204: the event loop waits for a process."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.rules.blocking.wording import blocked
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA204",
    "blocking-subprocess",
    "bug",
    "subprocess, os.system or git waits for a process on the event loop",
    fixable="unsafe",
)


def check(events: Events) -> Iterator[Finding]:
    yield from blocked(RULE, events)
