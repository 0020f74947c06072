"""AFA506: a session is used after a failed flush without a rollback."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.session_scope.events import TransactionMisused
from flake8_async_fastapi.rules.model import Events, Finding, Rule
from flake8_async_fastapi.rules.wording import at

RULE = Rule(
    "AFA506",
    "use-after-failed-flush",
    "bug",
    "a session is used after a database error was caught without a rollback",
    fixable="safe",
)

_BEFORE = {"failed": "the failed flush", "timed out": "the statement that timed out"}


def check(events: Events) -> Iterator[Finding]:
    for found in events.of(TransactionMisused):
        if found.problem in _BEFORE:
            yield RULE.at(
                found,
                f"{found.text} raises PendingRollbackError after {_BEFORE[found.problem]}{at(found.since)}: "
                f"await {found.session}.rollback() first",
                fix=RULE.fix(found, "roll_back", found.session),
            )
