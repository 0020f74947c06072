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
    for ended in events.of(LifespanEnded):
        if ended.is_declared or _is_given(events, ended.lifespan):
            yield RULE.advise(
                ended,
                f"{ended.lifespan.name} uses an engine and leaves its connections open: add "
                "await engine.dispose() after the yield, in a finally",
                RULE.fix(ended, "dispose_engine", ended.lifespan.name),
            )


def _is_given(events: Events, lifespan: Function) -> bool:
    """Whether a call passes a function as the lifespan of an application."""
    given = (called.arguments.get(1_000, "lifespan") for called in events.of(Called))
    return any(isinstance(one, Function) and one.key == lifespan.key for one in given)
