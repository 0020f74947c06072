"""AFA703: tests with a loop each use one engine that keeps connections."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.testing.events import EngineUsedInTest, SessionGivenToOtherLoop
from flake8_async_fastapi.engine.places import Spot
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA703",
    "engine-shared-by-test-loops",
    "bug",
    "tests or fixtures with separate event loops share an engine with a pool, so the second one fails",
)


def check(events: Events) -> Iterator[Finding]:
    first: dict[Spot, str] = {}
    reported: set[Spot] = set()
    for used in sorted(events.of(EngineUsedInTest), key=lambda used: (used.line, used.col)):
        is_second = not used.is_fixture and first.get(used.engine, used.function) != used.function
        if (used.is_repeated or is_second) and used.engine not in reported:
            reported.add(used.engine)
            yield RULE.at(
                used,
                f"{used.name} gets connections of the engine at {used.engine} that belong to another event "
                "loop: use poolclass=NullPool in tests, or one loop for all",
            )
        if not used.is_fixture:
            first.setdefault(used.engine, used.function)
    for given in events.of(SessionGivenToOtherLoop):
        yield RULE.at(
            given,
            f"{given.text}() runs the application on an event loop of its own, and {given.session} belongs "
            "to that of the tests: use httpx.AsyncClient(transport=ASGITransport(app))",
        )
