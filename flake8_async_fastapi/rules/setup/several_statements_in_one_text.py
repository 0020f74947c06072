"""AFA420: a driver that takes one statement at a time is given several in one text."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.database.events import ScriptExecuted
from flake8_async_fastapi.knowledge.drivers import TAKE_ONE_STATEMENT
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA420",
    "several-statements-in-one-text",
    "bug",
    'text("...; ...") executed with asyncpg or aiosqlite, which take one statement at a time',
)


def check(events: Events) -> Iterator[Finding]:
    for executed in events.of(ScriptExecuted):
        if executed.drivers and TAKE_ONE_STATEMENT.issuperset(executed.drivers):
            names = " and ".join(sorted(executed.drivers))
            verb = "accepts" if len(executed.drivers) == 1 else "accept"
            yield RULE.at(
                executed,
                f"{executed.text} gets {executed.count} statements in one string, but {names} {verb} one at "
                "a time, so it fails: execute each one separately",
            )
