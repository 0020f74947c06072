"""AFA308: a collection that is not loaded is changed."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.orm.events import Missing
from flake8_async_fastapi.rules.loading import wording
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA308",
    "unloaded-collection-mutation",
    "bug",
    "a collection that is not loaded is changed or assigned",
    fixable="safe",
)


def check(events: Events) -> Iterator[Finding]:
    for missing, unless in events.with_doubtful(Missing):
        if missing.use == "mutated" and missing.cause not in wording.CAUSED:
            yield RULE.at(missing, wording.message(missing), unless, wording.fix(RULE, missing))
