"""AFA302: a relationship is read on an object that was just written, merged or refreshed."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.orm.events import Missing
from flake8_async_fastapi.rules.loading import wording
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA302",
    "unloaded-relationship-after-write",
    "bug",
    "a relationship is read on a new, merged or refreshed object",
    fixable="safe",
)


def check(events: Events) -> Iterator[Finding]:
    for missing, unless in events.with_doubtful(Missing):
        if missing.use in ("read", "shown") and missing.cause in wording.WRITTEN:
            yield RULE.at(missing, wording.message(missing), unless, wording.fix(RULE, missing))
