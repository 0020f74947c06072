"""AFA514: an HTTP client that nobody closes, or that each request closes for all others."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.session_scope.events import ClientLeftOpen, ClosedUsed, SharedClientClosed
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA514",
    "unclosed-client",
    "bug",
    "an HTTP client is made for each call and never closed, or each request closes that of the module",
    since="0.3.0",
)


def check(events: Events) -> Iterator[Finding]:
    for left in events.of(ClientLeftOpen):
        yield RULE.at(
            left,
            f"{left.text} makes a client that nobody closes, so its connections stay open: write async with "
            f"{left.text} as client, or keep one client for all calls",
        )
    for closed in events.of(SharedClientClosed):
        yield RULE.at(
            closed,
            f"{closed.text} closes the client made at {closed.client}, which the next request cannot use "
            "any more: close it in the lifespan",
        )
    for used in events.of(ClosedUsed):
        yield RULE.at(
            used,
            f"{used.text} fails, because the async with at {used.made} has closed what it uses: use it in "
            "the block, or close it later",
        )
