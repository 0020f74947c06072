"""AFA409: every request makes an engine of its own."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.database.events import EngineMade
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA409",
    "engine-per-request",
    "bug",
    "a route or dependency creates an engine for each request",
)


def check(events: Events) -> Iterator[Finding]:
    for made in events.of(EngineMade):
        if made.per_request:
            yield RULE.at(
                made,
                f"{made.text} creates an engine with its own pool for each request, and nothing "
                "closes its connections: make it once, at module level or in the lifespan",
            )
