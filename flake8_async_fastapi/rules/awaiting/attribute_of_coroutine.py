"""AFA103: ``await`` binds to the end of a chain, not to the coroutine at its start."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.engine.events import CoroutineMisused
from flake8_async_fastapi.rules.awaiting.wording import await_it, awaited_late
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA103",
    "attribute-of-coroutine",
    "bug",
    "await applies to the end of a chain that starts with a coroutine: parentheses are missing",
    fixable="safe",
)


def check(events: Events) -> Iterator[Finding]:
    for event in events.of(CoroutineMisused):
        if event.awaited_chain:
            yield RULE.at(event, awaited_late(event), fix=await_it(RULE, event))
