"""AFA419: a context variable is set where those who read it do not see it."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.fastapi.events import ContextVariableLost
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA419",
    "context-variable-lost",
    "bug",
    "a ContextVar is set in a sync dependency or lifespan, or read above call_next(), and the value is lost",
)


def check(events: Events) -> Iterator[Finding]:
    for lost in events.of(ContextVariableLost):
        yield RULE.at(lost, _message(lost))


def _message(lost: ContextVariableLost) -> str:
    match lost.how:
        case "reset":
            return (
                f"{lost.variable}.reset() fails: FastAPI leaves the sync {lost.owner} in another context "
                "than the one it entered; make it async"
            )
        case "middleware":
            return (
                f"{lost.variable}.get() after call_next() does not see values set below: BaseHTTPMiddleware "
                "runs that in a copy of the context; keep it on request.state"
            )
        case "lifespan":
            return (
                f"{lost.variable} is set for {lost.owner} alone: servers run that in its own task, and "
                "no request sees the value; keep it on app.state"
            )
    return (
        f"{lost.variable} is set in a thread with a copy of the context, and lost when {lost.owner} returns: "
        "make it async"
    )
