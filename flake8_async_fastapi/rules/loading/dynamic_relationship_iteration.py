"""AFA312: a dynamic or write-only relationship is used as a collection."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.orm.events import Missing
from flake8_async_fastapi.rules.loading import wording
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA312",
    "dynamic-relationship-iteration",
    "bug",
    "a relationship with the strategy dynamic or write_only is iterated, counted or fetched",
)


def check(events: Events) -> Iterator[Finding]:
    for missing, unless in events.with_doubtful(Missing):
        if missing.cause in ("dynamic", "write_only"):
            instead = "" if missing.cause == "write_only" else 'use lazy="write_only", and '
            yield RULE.at(
                missing,
                f"{wording.subject(missing)} as a collection, but it is {missing.cause}: "
                f"{instead}await session.scalars() of its select()",
                unless,
            )
