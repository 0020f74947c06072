"""AFA604: a worker thread asks for its event loop, and has none."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.threads.events import LoopUsedInThread
from flake8_async_fastapi.rules.loops.wording import used_call
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA604",
    "no-event-loop-in-thread",
    "bug",
    "asyncio.create_task() or get_event_loop() in a sync route or another thread, which has no loop",
)


def check(events: Events) -> Iterator[Finding]:
    for event in events.of(LoopUsedInThread):
        if event.is_asking:
            yield RULE.at(
                event,
                f"{used_call(event)} runs in a thread ({event.thread}) without an event loop: {event.remedy}",
            )
