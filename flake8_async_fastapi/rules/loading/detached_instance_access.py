"""AFA310: an attribute that is not loaded is read after the session was closed."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.orm.events import Missing
from flake8_async_fastapi.rules.loading import wording
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA310",
    "detached-instance-access",
    "bug",
    "an unloaded or expired attribute is read after the session was closed",
    fixable="safe",
)


def check(events: Events) -> Iterator[Finding]:
    for missing, unless in events.with_doubtful(Missing):
        if missing.cause == "detached":
            yield RULE.at(missing, wording.message(missing), unless, wording.fix(RULE, missing))
