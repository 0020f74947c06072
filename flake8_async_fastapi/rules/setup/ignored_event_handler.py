"""AFA402: start-up and shutdown handlers of an application that has a lifespan."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.fastapi.events import HandlerAdded
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA402",
    "ignored-event-handler",
    "bug",
    "an event handler of an application with lifespan= never runs",
    fixable="unsafe",
)


def check(events: Events) -> Iterator[Finding]:
    for event in events.of(HandlerAdded):
        if event.ignored_by:
            yield RULE.at(
                event,
                f"the handler of {event.text} never runs: {event.ignored_by} has lifespan=, "
                "which replaces event handlers; move the code into the lifespan",
                fix=RULE.fix(event, "join_lifespan"),
            )
