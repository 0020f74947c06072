"""AFA423: an HTTP error is caught, returned or raised where FastAPI does not make it the response."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.fastapi.events import HttpErrorLost
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA423",
    "lost-http-error",
    "bug",
    "an HTTPException that no client gets: it is replaced by a handler, returned, or raised in a middleware",
    since="0.3.0",
)


def check(events: Events) -> Iterator[Finding]:
    for lost in events.of(HttpErrorLost):
        status = f" with {lost.status}" if lost.status else ""
        if lost.how == "replaced":
            problem = (
                f"{lost.text} also catches the HTTPException{status} that the code in its try raises, so the "
                f"client gets {lost.instead}: write except HTTPException: raise above it"
            )
        elif lost.how == "decorated":
            problem = (
                f"a decorator of this route catches {lost.text}, so the client gets {lost.instead}, not "
                f"{lost.status}: write except HTTPException: raise in it"
            )
        elif lost.how == "returned":
            problem = f"the HTTPException{status} is returned, so it is a result like any other: raise it"
        else:
            problem = (
                f"{lost.text} leaves a middleware, where FastAPI does not handle it, so the client gets "
                "500: return a JSONResponse with that status"
            )
        yield RULE.at(lost, problem)
