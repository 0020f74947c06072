"""AFA701: an async fixture that no plugin runs."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.testing.events import FixtureNotRun
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA701",
    "async-fixture-under-plain-decorator",
    "bug",
    "@pytest.fixture on an async def where pytest-asyncio runs in strict mode",
)


def check(events: Events) -> Iterator[Finding]:
    for fixture in events.of(FixtureNotRun):
        yield RULE.at(
            fixture,
            f"{fixture.text} does not run the async {fixture.name}, so tests get {fixture.gives}: write "
            "@pytest_asyncio.fixture, or set asyncio_mode = auto",
        )
