"""AFA503: one session for all requests."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.database.events import GlobalSession
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA503",
    "global-session",
    "bug",
    "an AsyncSession, or an object that holds one while it is entered, in a module or class variable",
)


def check(events: Events) -> Iterator[Finding]:
    for found in events.of(GlobalSession):
        if found.owner:
            message = (
                f"all requests share the {found.owner} {found.name}, and so the session that it opens: "
                f"create one {found.owner} per request"
            )
        else:
            message = (
                f"all requests share the session {found.name}, which is not safe: keep only the factory, and "
                "open a session per request"
            )
        yield RULE.at(found, message)
