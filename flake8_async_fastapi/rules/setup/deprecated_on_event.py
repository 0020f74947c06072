"""AFA401: start-up and shutdown handlers registered one by one."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.fastapi.events import HandlerAdded
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA401",
    "deprecated-on-event",
    "advice",
    "on_event() and add_event_handler() are deprecated in favour of lifespan",
    fixable="unsafe",
)


def check(events: Events) -> Iterator[Finding]:
    for event in events.of(HandlerAdded):
        if event.deprecated:
            yield RULE.at(
                event,
                f"{event.text} is deprecated: use a lifespan context manager",
                fix=RULE.fix(event, "join_lifespan"),
            )
