"""AFA316: an object is used as if it had been flushed."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.orm.events import UsedBeforeFlush
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA316",
    "used-before-flush",
    "bug",
    "the key of a new object is used, or an object is refreshed, before a flush",
    since="0.3.0",
)


_FIRST = "flush() or commit() first"


def check(events: Events) -> Iterator[Finding]:
    for found in events.of(UsedBeforeFlush):
        names = " and ".join(f"{found.owner}.{name}" for name in found.names if name != "*") or found.owner
        if found.problem == "key":
            text = f"{names} is still None: only a flush sets it; flush() before this"
        elif found.problem == "changed":
            text = f"refresh() discards new values of {names}, which were not flushed: {_FIRST}"
        elif found.problem == "transient":
            why = f"because the {found.owner} is in no session"
            text = f"refresh() raises InvalidRequestError, {why}: add() it, or keep what merge() returns"
        else:
            text = (
                f"refresh() raises InvalidRequestError, because the {found.owner} was not flushed: {_FIRST}"
            )
        yield RULE.at(found, text)
