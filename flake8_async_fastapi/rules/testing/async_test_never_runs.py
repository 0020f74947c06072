"""AFA702: an async test that no plugin runs."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.testing.events import TestNotRun
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA702",
    "async-test-never-runs",
    "bug",
    "an async test without a mark where pytest-asyncio runs in strict mode",
)


def check(events: Events) -> Iterator[Finding]:
    for test in events.of(TestNotRun):
        why = (
            "unittest.TestCase calls it and drops the coroutine; derive the class from "
            "unittest.IsolatedAsyncioTestCase"
            if test.of_case
            else "pytest does not run coroutines, and nothing marks the test for a plugin; write "
            "@pytest.mark.asyncio, or set asyncio_mode = auto"
        )
        yield RULE.at(test, f"{test.name} never runs: {why}")
