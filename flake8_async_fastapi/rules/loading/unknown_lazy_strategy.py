"""AFA313: a relationship names a load strategy that does not exist."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.orm.events import UnknownStrategyDeclared
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA313",
    "unknown-lazy-strategy",
    "bug",
    "relationship(lazy=...) names a strategy that does not exist: configuring the mappers fails",
)


def check(events: Events) -> Iterator[Finding]:
    for declared in events.of(UnknownStrategyDeclared):
        yield RULE.at(
            declared,
            f"lazy={declared.strategy!r} is no load strategy, so configuring the mappers fails: "
            'use "selectin", "joined", "subquery", "select", "raise" or "write_only"',
        )
