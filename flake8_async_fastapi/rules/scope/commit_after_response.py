"""AFA509: a dependency commits when the response has gone out."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.session_scope.events import CommittedLate
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA509",
    "commit-after-response",
    "bug",
    "a dependency commits after its yield, when FastAPI has already sent the response",
)


def check(events: Events) -> Iterator[Finding]:
    for found in events.of(CommittedLate):
        if found.is_after_response:
            yield RULE.at(
                found,
                f"{found.text} commits after the yield, when the response has been sent: if it fails, the "
                'client never knows; commit in the route, or write Depends(..., scope="function")',
            )
