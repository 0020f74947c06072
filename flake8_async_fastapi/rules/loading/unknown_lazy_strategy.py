"""AFA313: a relationship names a load strategy that does not exist."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.orm.events import UnknownStrategyDeclared
from flake8_async_fastapi.rules.model import Events, Finding, Fix, Rule

RULE = Rule(
    "AFA313",
    "unknown-lazy-strategy",
    "bug",
    "relationship(lazy=...) names a strategy that does not exist: configuring the mappers fails",
    fixable="safe",
)


def check(events: Events) -> Iterator[Finding]:
    for declared in events.of(UnknownStrategyDeclared):
        yield RULE.at(
            declared,
            f"lazy={declared.strategy!r} is not a load strategy, so configuring the mappers fails: "
            'use "selectin", "joined", "subquery", "select", "raise" or "write_only"',
            fix=_fix(declared),
        )


def _fix(declared: UnknownStrategyDeclared) -> Fix | None:
    """The fix for a strategy that is meant for one which exists, as that of the loader option."""
    meant = _MEANT.get(declared.strategy.lower().replace("_", ""))
    return RULE.fix(declared, "replace_text", declared.strategy, meant) if meant else None


_MEANT = {
    "selectinload": "selectin",
    "selectin": "selectin",
    "selectinloading": "selectin",
    "joinedload": "joined",
    "joined": "joined",
    "eager": "selectin",
    "subqueryload": "subquery",
    "subquery": "subquery",
    "lazyload": "select",
    "raiseload": "raise",
    "writeonly": "write_only",
}
