"""AFA422: a statement that is a plain string, has no rows to fetch, or a condition that Python decides."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from flake8_async_fastapi.domains.database.events import StringExecuted
from flake8_async_fastapi.domains.orm.events import StatementMisused
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA422",
    "misused-statement",
    "bug",
    "a string is executed without text(), an UPDATE without returning() is fetched, or where(column is None)",
    since="0.3.0",
)
_REMEDIES: Final = {
    "is": "use == or .is_(...)",
    "is not": "use != or .is_not(...)",
    "in": "use .in_(...)",
    "not in": "use .not_in(...)",
    "not": "use not_(...)",
    "and": "pass several conditions, or use and_(...)",
    "or": "use or_(...)",
}


def check(events: Events) -> Iterator[Finding]:
    for executed in events.of(StringExecuted):
        yield RULE.at(executed, f"{executed.text} fails for a plain string: pass text(...)")
    for found in events.of(StatementMisused):
        if found.problem == "no rows":
            yield RULE.at(found, f"{found.text} gets no rows: the statement needs .returning(...) for that")
        else:
            why = "is decided by Python, not by the database"
            yield RULE.at(found, f"{found.text} {why}: {_REMEDIES[found.operator]}")
