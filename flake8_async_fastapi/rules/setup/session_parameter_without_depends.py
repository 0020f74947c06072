"""AFA416: a parameter that FastAPI cannot fill."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.fastapi.events import ParameterNotFilled
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA416",
    "session-parameter-without-depends",
    "bug",
    "a route or dependency has a session parameter without a Depends()",
    fixable="unsafe",
)


def check(events: Events) -> Iterator[Finding]:
    for found in events.of(ParameterNotFilled):
        how, what = "without Depends()", "it"
        if found.calls:
            how, what = f"with Depends(), which calls {found.type}({found.calls})", f"what {found.type} takes"
        yield RULE.at(
            found,
            f"{found.owner} has the parameter {found.parameter}: {found.type} {how}, so FastAPI reads {what} "
            "from the request and fails: give it a Depends(...)",
            fix=RULE.fix(found, "depend_as_others", found.parameter, found.type),
        )
