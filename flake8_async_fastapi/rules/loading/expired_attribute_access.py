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
    found: dict[tuple[object, ...], list[tuple[str, str, Missing]]] = {}
    for missing, unless in events.with_doubtful(Missing):
        if missing.cause in ("commit", "rollback", "expire"):
            place = missing.line, missing.col, missing.route, missing.lost_at, missing.chain
            found.setdefault(place, []).append((unless, wording.message(missing), missing))
    for several in found.values():  # of objects that only their variables tell apart, one is enough
        unless, message, missing = min(several, key=lambda one: one[:2])
        yield RULE.at(missing, message, unless, wording.fix(RULE, missing))
