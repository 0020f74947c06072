"""AFA301: a relationship is read on an object whose query did not load it."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.orm.events import Missing
from flake8_async_fastapi.rules.loading import wording
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA301",
    "unloaded-relationship-access",
    "bug",
    "a relationship is read on a query result whose query did not load it",
    fixable="safe",
)


def check(events: Events) -> Iterator[Finding]:
    for missing, unless in events.with_doubtful(Missing):
        if missing.use in ("read", "shown") and missing.cause in ("unloaded", "raise"):
            yield RULE.at(missing, wording.message(missing), unless, wording.fix(RULE, missing))
