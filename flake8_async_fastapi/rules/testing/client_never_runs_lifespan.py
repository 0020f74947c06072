"""AFA704: a client of tests does not run the lifespan of the application, which a requested route needs."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.testing.events import LifespanNotRun
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA704",
    "client-never-runs-lifespan",
    "bug",
    "ASGITransport(app), or TestClient(app) without with, and a requested route reads what the lifespan sets",
)


def check(events: Events) -> Iterator[Finding]:
    for made in events.of(LifespanNotRun):
        entered = "with TestClient(app) as client" if "TestClient" in made.text else "LifespanManager(app)"
        yield RULE.at(
            made,
            f"{made.text} does not run {made.lifespan}, so {made.thing} is missing where {made.requested} is "
            f"requested: use {entered}",
        )
