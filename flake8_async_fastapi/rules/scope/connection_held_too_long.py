"""AFA507: a session holds a connection while the code waits."""

from __future__ import annotations

from collections import Counter
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
    calls = Counter(found.text for found in events.of(ConnectionHeld) if _is_one_of_many(found))
    said: set[str] = set()
    for found in events.of(ConnectionHeld):
        message = (
            f"{found.text} waits while {found.session} holds a connection of the pool: end the transaction "
            "first, or close the session"
        )
        if _is_one_of_many(found):
            if found.text in said:
                continue
            said.add(found.text)
            if more := calls[found.text] - 1:
                message += f" (and {more} more {'call' if more == 1 else 'calls'} of it in this file)"
        yield RULE.advise(found, message) if found.kind == "network" else RULE.at(found, message)


def _is_one_of_many(found: ConnectionHeld) -> bool:
    """Whether it is advice on a function of the project: whoever mends one call of it looks at all."""
    return found.is_callee and found.kind == "network"
