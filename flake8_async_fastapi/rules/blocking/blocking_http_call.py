"""AFA201: a synchronous HTTP call runs on the event loop."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.rules.blocking.wording import blocked
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA201",
    "blocking-http-call",
    "bug",
    "requests, urllib or the sync API of httpx is called on the event loop",
    fixable="unsafe",
)


def check(events: Events) -> Iterator[Finding]:
    yield from blocked(RULE, events)
