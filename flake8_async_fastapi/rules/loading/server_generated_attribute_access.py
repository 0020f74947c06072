"""AFA306: an attribute is read that the database computed in the last write."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.orm.events import Missing
from flake8_async_fastapi.rules.loading import wording
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA306",
    "server-generated-attribute-access",
    "bug",
    "an attribute is read after an INSERT or UPDATE expired it, because the database computes it",
    fixable="safe",
)


def check(events: Events) -> Iterator[Finding]:
    for missing, unless in events.with_doubtful(Missing):
        if missing.cause in ("server", "update"):
            yield RULE.at(missing, wording.message(missing), unless, wording.fix(RULE, missing))
