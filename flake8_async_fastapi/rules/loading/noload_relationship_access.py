"""AFA314: a relationship that is never loaded is read as if it were."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.orm.events import Missing
from flake8_async_fastapi.rules.loading import wording
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA314",
    "noload-relationship-access",
    "bug",
    "a relationship with the noload strategy is read: it is always None or empty",
    fixable="safe",
)


def check(events: Events) -> Iterator[Finding]:
    for missing, unless in events.with_doubtful(Missing):
        if missing.cause == "noload":
            yield RULE.at(
                missing,
                f"{wording.subject(missing)}, which is always None or empty: its lazy strategy is noload; "
                f"{wording.remedy(missing)}",
                unless,
                wording.fix(RULE, missing),
            )
