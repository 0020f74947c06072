"""AFA605: an endless loop catches its own cancellation and goes on."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.threads.events import CancellationSwallowed
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA605",
    "swallowed-cancellation",
    "bug",
    "an endless loop catches CancelledError, so that its task cannot be cancelled",
)


def check(events: Events) -> Iterator[Finding]:
    for event in events.of(CancellationSwallowed):
        yield RULE.at(
            event,
            f"{event.text} catches the cancellation of the task, and the loop goes on: catch Exception, or "
            "raise it again",
        )
