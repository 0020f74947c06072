"""AFA407: a lifespan uses an engine and leaves its connections open."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.fastapi.events import LifespanEnded
from flake8_async_fastapi.engine.events import Called
from flake8_async_fastapi.engine.values import Function
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA407",
    "engine-never-disposed",
    "advice",
    "a lifespan that uses an engine and never disposes of it",
    fixable="unsafe",
)


def check(events: Events) -> Iterator[Finding]:
    given = {
        lifespan.key
        for called in events.of(Called)
        if isinstance(lifespan := called.arguments.get(1_000, "lifespan"), Function)
    }
    for ended in events.of(LifespanEnded):
        if ended.is_declared or ended.lifespan.key in given:
            yield RULE.advise(
                ended,
                f"{ended.lifespan.name} uses an engine and leaves its connections open: add "
                "await engine.dispose() after the yield, in a finally",
                RULE.fix(ended, "dispose_engine", ended.lifespan.name),
            )
