"""AFA303: a response model or another validation reads a relationship that is not loaded."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.orm.events import Missing
from flake8_async_fastapi.rules.loading import wording
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA303",
    "unloaded-relationship-in-response",
    "bug",
    "a response model, model_validate, from_orm or a TypeAdapter reads a relationship that is not loaded",
    fixable="safe",
)


def check(events: Events) -> Iterator[Finding]:
    for missing, unless in events.with_doubtful(Missing):
        if missing.use in ("response", "validated") and missing.cause not in wording.CAUSED:
            yield RULE.at(missing, wording.message(missing), unless, wording.fix(RULE, missing))
