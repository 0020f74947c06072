"""AFA413: the lifespan of a mounted application is not run."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.fastapi.events import ApplicationMounted
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA413",
    "mounted-lifespan-never-runs",
    "bug",
    "the lifespan of a mounted sub-application, which never runs, sets something up",
    fixable="unsafe",
)


def check(events: Events) -> Iterator[Finding]:
    for mounted in events.of(ApplicationMounted):
        yield RULE.at(
            mounted,
            f"{mounted.lifespan}, the lifespan of the application that {mounted.text} mounts, never runs: "
            "enter it in the lifespan of the parent application",
            fix=RULE.fix(mounted, "enter_lifespan"),
        )
