"""AFA408: an httpx client is given an application."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.database.events import ClientMade
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA408",
    "removed-httpx-app-argument",
    "bug",
    "httpx.AsyncClient(app=...): the argument is gone from httpx 0.28",
    fixable="safe",
)


def check(events: Events) -> Iterator[Finding]:
    for made in events.of(ClientMade):
        if made.arguments.get(1_000, "app") is None:
            continue
        fix = RULE.fix(made, "asgi_transport")
        remedy = "write transport=httpx.ASGITransport(app=...)"
        if made.is_removed is False:
            yield RULE.advise(made, f"{made.text} gets app=, which httpx 0.28 removed: {remedy}", fix)
        else:
            problem = f"{made.text} gets app=, which httpx 0.28 removed, so it fails: {remedy}"
            yield RULE.at(made, problem, fix=fix)
