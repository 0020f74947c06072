"""AFA705: SQLite in memory behind a pool that does not keep one connection for all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from flake8_async_fastapi.domains.database.events import MemorySplit
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA705",
    "memory-sqlite-with-pool",
    "bug",
    "in-memory SQLite with a pool of several connections, each with its own database",
)
_EFFECTS: Final = {
    "NullPool": "opens a new, empty database each time",
    "SingletonThreadPool": "opens a database for each thread, and FastAPI uses several",
}


def check(events: Events) -> Iterator[Finding]:
    for made in events.of(MemorySplit):
        effect = _EFFECTS.get(made.pool, "opens a database for each connection in use")
        yield RULE.at(
            made,
            f"{made.text} for SQLite in memory uses {made.pool}, which {effect}: write poolclass=StaticPool",
        )
