"""AFA504: a session that nobody closes."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.database.events import SessionLeftOpen
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA504",
    "unclosed-session",
    "bug",
    "a session is opened and never closed: in a dependency, in a helper or by anext()",
)


def check(events: Events) -> Iterator[Finding]:
    for found in events.of(SessionLeftOpen):
        if found.how == "anext":
            message = (
                f"{found.text} takes a session from a generator that nobody keeps, so it may be closed at "
                "any time: open the session with async with"
            )
        elif found.how == "variable":
            message = (
                f"{found.text} does not see what the route sets, so nobody closes the session: set the "
                "variable before call_next()"
            )
        elif found.how == "scope":
            message = (
                f"{found.text} keeps the session of each task open, since nothing calls its remove(): await "
                f"{found.text}.remove() at the end of each request, or use a session per request"
            )
        elif found.how == "closed":
            message = (
                f"{found.text} is closed when it is returned: whoever uses it opens a connection that nobody "
                "returns to the pool; yield it instead"
            )
        elif found.how == "helper":
            message = (
                f"{found.text} opens a session that nobody closes, so its connection is not returned: "
                f"write async with {found.text} as session"
            )
        else:
            verb = "returns" if found.how == "return" else "yields"
            message = (
                f"the dependency {verb} {found.text} and nobody closes it, so its connection stays open: "
                f"write async with {found.text} as session: yield session"
            )
        yield RULE.at(found, message)
