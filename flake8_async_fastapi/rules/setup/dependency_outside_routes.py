"""AFA417: Starlette calls a function, and resolves no dependencies for it."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.fastapi.events import CalledByStarlette
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA417",
    "dependency-outside-routes",
    "bug",
    "Depends where FastAPI does not resolve it: add_route(), middleware, event and exception handlers",
)


def check(events: Events) -> Iterator[Finding]:
    for called in events.of(CalledByStarlette):
        gets = f"only {called.passed}" if called.passed else "no arguments"
        yield RULE.at(
            called,
            f"{called.name} ({called.text}) gets {gets}, not {called.parameter}: FastAPI resolves "
            f"{called.marker} only in its own routes; get the value inside {called.name}",
        )
