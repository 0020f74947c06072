"""AFA317: a value of a column is changed in place, and no flush writes it."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.orm.events import ChangedInPlace
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA317",
    "changed-in-place",
    "bug",
    "something inside the value of a JSON or ARRAY column is changed, which no commit writes",
    since="0.3.0",
)


def check(events: Events) -> Iterator[Finding]:
    for found in events.of(ChangedInPlace):
        yield RULE.at(
            found,
            f"this change of {found.owner}.{found.name} in place is never written: assign a new value, call "
            f'flag_modified(..., "{found.name}"), or wrap the type of the column by Mutable',
        )
