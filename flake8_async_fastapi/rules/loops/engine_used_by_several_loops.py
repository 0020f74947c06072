"""AFA603: an engine with a pool is used in one event loop after another."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.threads.events import EngineInNewLoop
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA603",
    "engine-used-by-several-loops",
    "bug",
    "tasks, threads or loops call asyncio.run() again and again over an engine with a pool",
)


def check(events: Events) -> Iterator[Finding]:
    for event in events.of(EngineInNewLoop):
        chain = " -> ".join([*(f"{name}()" for name in event.chain), event.label])
        yield RULE.at(
            event,
            f"{chain} starts another event loop ({event.again}), and the pooled connections of the engine "
            f"({event.engine}) belong to other loops: use poolclass=NullPool, or dispose of it at the end",
        )
