"""AFA406: async sessions expire their objects when they commit."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.database.events import FactoryMade
from flake8_async_fastapi.engine.values import Library, Object
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA406",
    "expire-on-commit-enabled",
    "advice",
    "an async session (factory) without expire_on_commit=False",
    fixable="unsafe",
)


def check(events: Events) -> Iterator[Finding]:
    for made in events.of(FactoryMade):
        if made.arguments.opaque or made.has_default or not _is_asynchronous(made):
            continue
        if made.arguments.get(1_000, "expire_on_commit") is None:
            yield RULE.advise(
                made,
                f"{made.text} expires objects on commit, and reading them then fails: "
                "add expire_on_commit=False",
                RULE.fix(made, "keep_on_commit"),
            )


def _is_asynchronous(made: FactoryMade) -> bool:
    if isinstance(made.callee, Library) and made.callee.dotted == "sqlalchemy.orm.sessionmaker":
        return isinstance(made.result, Object) and made.result.type.endswith("async_sessionmaker")
    return True
