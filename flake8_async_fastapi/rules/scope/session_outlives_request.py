"""AFA502: a session is used when it is closed."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.session_scope.events import SessionUsedLate
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA502",
    "session-outlives-request",
    "bug",
    "a session is passed to a background task, a detached task or a stream that outlives it",
    fixable="unsafe",
)

_SHIELDED = (
    "{} goes on when the task that waits is cancelled, and the {} closes {} in the middle of its work: "
    "open a session inside of what is shielded"
)
_WORDS = {"background": "a background task", "task": "a task that nobody awaits", "stream": "a stream"}


def check(events: Events) -> Iterator[Finding]:
    for found, unless in events.with_doubtful(SessionUsedLate):
        if found.use == "gather":
            yield RULE.advise(
                found,
                f"{found.text} stops waiting when one task fails, and the block closes {found.session} while "
                "another may use it: use asyncio.TaskGroup, or return_exceptions=True",
            )
            continue
        if found.use == "shield":
            yield RULE.advise(found, _SHIELDED.format(found.text, found.closed_by, found.session))
            continue
        # since 0.118 FastAPI closes what a request was given after its background tasks and streams
        if found.closed_by == "block" or found.use == "task" or found.may_be_older:
            yield RULE.at(
                found,
                f"{found.text} passes {found.session} to {_WORDS[found.use]}, which runs after the "
                f"{found.closed_by} has closed it: open a session there",
                unless,
                RULE.fix(found, "own_session", found.session, found.closed_by, found.use),
            )
