"""AFA418: background tasks that are added and never run."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.fastapi.events import BackgroundTasksDropped
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA418",
    "background-tasks-dropped",
    "bug",
    "background tasks never run: no response gets them, the response has its own, or an exception is raised",
)


def check(events: Events) -> Iterator[Finding]:
    for dropped in events.of(BackgroundTasksDropped):
        if dropped.reason == "replaced":
            problem = (
                f"the response has background tasks of its own, so FastAPI drops those that {dropped.owner} "
                "adds: add all to one BackgroundTasks parameter"
            )
        elif dropped.reason == "unattached":
            problem = (
                f"{dropped.text} is passed to no response, so its tasks never run: take a BackgroundTasks "
                "parameter, or pass background= to the response"
            )
        else:
            problem = (
                f"{dropped.text} adds a task that never runs, because the exception after it ends the "
                "request: return a response with background= instead"
            )
        yield RULE.at(dropped, problem)
