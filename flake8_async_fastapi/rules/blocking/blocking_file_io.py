"""AFA205: files are read or written on the event loop."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.rules.blocking.wording import blocked
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA205",
    "blocking-file-io",
    "bug",
    "open(), pathlib, shutil or an upload's file is used on the event loop",
    fixable="unsafe",
)


def check(events: Events) -> Iterator[Finding]:
    yield from blocked(RULE, events)
