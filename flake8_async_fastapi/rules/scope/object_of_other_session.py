"""AFA513: a session is given an object that another session has."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.session_scope.events import ObjectOfOtherSession
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA513",
    "object-of-other-session",
    "bug",
    "a session adds, deletes or refreshes an object that another open session has loaded",
)


def check(events: Events) -> Iterator[Finding]:
    for found in events.of(ObjectOfOtherSession):
        problem = f"{found.text} raises InvalidRequestError: another open session has loaded the {found.name}"
        yield RULE.at(found, f"{problem}; load it with this session")
