"""AFA307: a column is read that the query left out."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.orm.events import Missing
from flake8_async_fastapi.rules.loading import wording
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA307",
    "deferred-column-access",
    "bug",
    "a column is read that is deferred, left out by load_only, or belongs to a subclass",
    fixable="safe",
)


def check(events: Events) -> Iterator[Finding]:
    for missing, unless in events.with_doubtful(Missing):
        if missing.cause in ("deferred", "subclass"):
            yield RULE.at(missing, wording.message(missing), unless, wording.fix(RULE, missing))
