"""AFA507: a session holds a connection while the code waits."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.session_scope.events import ConnectionHeld
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA507",
    "connection-held-too-long",
    "bug",
    "a session keeps its connection while the code waits for a web socket, a queue or another service",
)


def check(events: Events) -> Iterator[Finding]:
    for found in events.of(ConnectionHeld):
        message = (
            f"{found.text} waits while {found.session} holds a connection of the pool: end the transaction "
            "first, or close the session"
        )
        yield RULE.advise(found, message) if found.kind == "network" else RULE.at(found, message)
