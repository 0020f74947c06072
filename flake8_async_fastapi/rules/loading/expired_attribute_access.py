"""AFA305: an attribute is read after it was expired."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.orm.events import Missing
from flake8_async_fastapi.rules.loading import wording
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA305",
    "expired-attribute-access",
    "bug",
    "an attribute is read after commit with expire_on_commit, after rollback or after expire",
    fixable="safe",
)


def check(events: Events) -> Iterator[Finding]:
    for missing, unless in events.with_doubtful(Missing):
        if missing.cause in ("commit", "rollback", "expire"):
            yield RULE.at(missing, wording.message(missing), unless, wording.fix(RULE, missing))
