"""AFA506: a session is used after a failed flush without a rollback."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.session_scope.events import TransactionMisused
from flake8_async_fastapi.rules.model import Events, Finding, Fix, Rule
from flake8_async_fastapi.rules.wording import at

RULE = Rule(
    "AFA506",
    "use-after-failed-flush",
    "bug",
    "a session is used after a database error was caught without a rollback",
    fixable="safe",
)

_WHEN = {
    "failed": "after the failed flush{}",
    "may have failed": "if it was the flush{} that failed",
    "timed out": "after the statement that timed out{}",
}


def check(events: Events) -> Iterator[Finding]:
    for found in events.of(TransactionMisused):
        if found.problem in _WHEN:
            tell = RULE.advise if found.problem == "may have failed" else RULE.at
            yield tell(found, _message(found), fix=None if found.in_block else _fix(found))


def _message(found: TransactionMisused) -> str:
    does = "commits nothing" if found.commits_nothing else "raises PendingRollbackError"
    # a rollback would close the transaction of the block, and the next statement in it would fail
    savepoint = f"flush in async with {found.session}.begin_nested()"
    first = savepoint if found.in_block else f"await {found.session}.rollback() first"
    return f"{found.text} {does} {_WHEN[found.problem].format(at(found.since))}: {first}"


def _fix(found: TransactionMisused) -> Fix:
    return RULE.fix(found, "roll_back", found.session)
