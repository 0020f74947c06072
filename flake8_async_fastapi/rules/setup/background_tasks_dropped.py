"""AFA418: background tasks that are added and never run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from flake8_async_fastapi.domains.fastapi.events import BackgroundTasksDropped
from flake8_async_fastapi.engine.events import Called
from flake8_async_fastapi.engine.values import Collection, Const, Member, Plain, Value
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA418",
    "background-tasks-dropped",
    "bug",
    "background tasks never run: no response gets them, the response has its own, or an exception is raised",
)

_TASKS: Final = "starlette.background.BackgroundTasks"


def check(events: Events) -> Iterator[Finding]:
    for dropped in events.of(BackgroundTasksDropped):
        if dropped.reason == "replaced":
            problem = (
                f"the response has background tasks of its own, so FastAPI drops those that {dropped.owner} "
                "adds: add all to one BackgroundTasks parameter"
            )
        elif dropped.reason == "shared":
            problem = (
                "one response for all requests keeps the background tasks of the first one, so those that "
                f"{dropped.owner} adds later are dropped: make a response for each request"
            )
        elif dropped.reason == "late":
            problem = (
                f"{dropped.text} after the yield adds a task that never runs, because the response and its "
                "tasks are done then: add it before the yield, or await the function"
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
    for called in events.of(Called):
        match called.callee:
            case Member(receiver=receiver, name="add_task") if receiver.type == _TASKS:
                if _is_result(called.arguments.get(0, "func")):
                    yield RULE.at(
                        called,
                        f"{called.text} gets the result of a call that has already run, so the task raises "
                        "TypeError: pass the function, and its arguments behind it",
                    )


def _is_result(value: Value | None) -> bool:
    """Whether a value cannot be called."""
    if isinstance(value, Plain):
        return value.kind != "object"
    return isinstance(value, (Const, Collection))
