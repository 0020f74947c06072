"""AFA504: a dependency opens a session that nobody closes."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.database.events import SessionLeftOpen
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA504",
    "unclosed-session",
    "bug",
    "a dependency that returns a session, or opens one without async with",
)


def check(events: Events) -> Iterator[Finding]:
    for found in events.of(SessionLeftOpen):
        verb = "returns" if found.how == "return" else "yields"
        yield RULE.at(
            found,
            f"the dependency {verb} {found.text} and nobody closes it: write async with {found.text} as "
            "session: yield session",
        )
