"""AFA503: one session for all requests."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.database.events import GlobalSession
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA503",
    "global-session",
    "bug",
    "an AsyncSession, or an object that holds one while it is entered, in a variable of a module or class",
)


def check(events: Events) -> Iterator[Finding]:
    for found in events.of(GlobalSession):
        if found.owner:
            message = (
                f"{found.name} keeps one {found.owner} for all requests, and entering it puts a session on "
                f"it: make a {found.owner} where it is entered"
            )
        else:
            message = (
                f"{found.name} is one session for all requests, which meet in it: keep the factory, and open "
                "a session where it is used"
            )
        yield RULE.at(found, message)
