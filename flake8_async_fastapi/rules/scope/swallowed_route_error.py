"""AFA510: a dependency catches the error of its route and does not raise it again."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.fastapi.events import RouteErrorSwallowed
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA510",
    "swallowed-route-error",
    "bug",
    "a dependency, or a manager in a route, catches errors around its yield and does not raise them again",
)


def check(events: Events) -> Iterator[Finding]:
    for found in events.of(RouteErrorSwallowed):
        if found.is_own:
            yield RULE.at(
                found,
                f"{found.text} keeps the errors of its block and of its commit, so the route goes on as if "
                "everything was saved: raise them again there",
            )
            continue
        yield RULE.at(
            found,
            f"{found.text} around the yield swallows the error of the route, so FastAPI answers 500 with an "
            f"error of its own: {'end the finally without it' if found.is_left else 'raise it again'}",
        )
