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
)

_REMEDIES = {
    "commit": "set expire_on_commit=False, or await session.refresh() first",
    "rollback": "read it before the rollback, or await session.refresh() first",
    "expire": "await session.refresh() first",
}


def check(events: Events) -> Iterator[Finding]:
    for missing, unless in events.with_doubtful(Missing):
        remedy = _REMEDIES.get(missing.cause)
        if remedy is not None:
            path, line, _ = missing.lost_at
            yield RULE.at(
                missing,
                f"{wording.subject(missing)}, but the {missing.cause} at "
                f"{wording.place(missing, path, line)} expired it: {remedy}",
                unless,
            )
