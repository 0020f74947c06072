"""AFA503: one session for all requests."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.database.events import GlobalSession
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA503",
    "global-session",
    "bug",
    "an AsyncSession in a variable of a module or class",
)


def check(events: Events) -> Iterator[Finding]:
    for found in events.of(GlobalSession):
        yield RULE.at(
            found,
            f"{found.name} is one session for all requests, which meet in it: keep the factory, and open "
            "a session where it is used",
        )
