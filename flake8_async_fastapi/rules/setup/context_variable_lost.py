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
                f"{lost.variable}.reset() raises ValueError: FastAPI runs the code after the yield of the "
                f"sync {lost.owner} in another context; make it async"
            )
        case "middleware":
            return (
                f"{lost.variable}.get() after call_next() does not see what the route sets: "
                "BaseHTTPMiddleware runs the route in a copy of the context; use request.state"
            )
        case "lifespan":
            return (
                f"{lost.variable} is set only in the task that runs {lost.owner}, so no request sees the "
                "value: use app.state"
            )
    return (
        f"{lost.variable} is set in a thread with a copy of the context, so the value is lost when "
        f"{lost.owner} returns: make it async"
    )
