"""AFA508: a second session takes a connection while a first one holds one."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.session_scope.events import ConnectionNested
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA508",
    "nested-session",
    "bug",
    "a second session takes a connection of the same pool while the first one holds one",
)


def check(events: Events) -> Iterator[Finding]:
    for found in events.of(ConnectionNested):
        yield RULE.at(
            found,
            f"{found.text} takes a second connection while {found.session} holds one: requests that wait "
            "for their second one can empty the pool; use one session, or end the first",
        )
