"""AFA505: begin() comes after a statement, or a block is ended from inside."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.session_scope.events import TransactionMisused
from flake8_async_fastapi.rules.model import Events, Finding, Rule
from flake8_async_fastapi.rules.wording import at

RULE = Rule(
    "AFA505",
    "nested-transaction-misuse",
    "bug",
    "begin() after a statement, or commit() inside async with session.begin() before a statement",
)


def check(events: Events) -> Iterator[Finding]:
    for found in events.of(TransactionMisused):
        if found.problem == "begun":
            yield RULE.at(
                found,
                f"{found.text} raises InvalidRequestError: a transaction has already begun{at(found.since)}; "
                "begin first, or use commit() or begin_nested()",
            )
        elif found.problem == "streamed":
            yield RULE.at(
                found,
                f"{found.text} closes the cursor of the loop{at(found.since)}, which fails when it gets more "
                "rows: end the transaction after the loop, or write with another session",
            )
        elif found.problem == "closed":
            yield RULE.at(
                found,
                f"{found.text} raises InvalidRequestError: the commit() or rollback(){at(found.since)} "
                f"ended the transaction of {found.session}.begin(); leave that block first",
            )
