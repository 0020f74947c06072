"""AFA706: a test overrides a dependency for all later tests as well."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.testing.events import OverrideLeft
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA706",
    "override-never-undone",
    "advice",
    "a test sets app.dependency_overrides[...] and does not remove it, so later tests use it too",
)


def check(events: Events) -> Iterator[Finding]:
    for left in events.of(OverrideLeft):
        yield RULE.at(
            left,
            f"{left.name} does not undo its change of {left.text}, so later tests see it too: undo it in a "
            f"fixture, with {left.text}.clear() after the yield",
        )
