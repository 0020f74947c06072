"""AFA602: a queue, event, future or the loop itself is used in a thread, and the loop is not woken."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.threads.events import LoopUsedInThread
from flake8_async_fastapi.rules.loops.wording import used_call
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA602",
    "asyncio-object-used-from-thread",
    "bug",
    "an asyncio queue, event, future or loop is used in a thread, which does not wake the loop",
)


def check(events: Events) -> Iterator[Finding]:
    for event in events.of(LoopUsedInThread):
        if not event.is_asking:
            yield RULE.at(
                event,
                f"{used_call(event)} runs in a thread ({event.thread}) and does not wake the event loop: "
                f"{event.remedy}",
            )
