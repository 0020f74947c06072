"""Tasks that are awaited, cancelled, or put where others may await them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from flake8_async_fastapi.domains.session_scope.activity import Activity
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.values import Arguments, Collection, Member, Object, Value, alternatives
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr

_TASKS: Final = frozenset({"asyncio.Future", "asyncio.Task", "asyncio.tasks._GatheringFuture"})


def end_tasks(frame: Frame, value: Value) -> None:
    """Note that tasks among some values are awaited, here or elsewhere."""
    if not frame.notes_of(Activity).tasks:
        return
    places = {option.origin for option in _tasks_among(value)}
    for task in frame.notes_of(Activity).tasks:
        task.is_over |= task.place in places


def note_passed(frame: Frame, callee: Value, arguments: Arguments, func: Expr) -> None:
    """Note tasks that are passed on, which others may await; one that is only stored is not awaited."""
    if isinstance(callee, Member) and callee.receiver.type in _TASKS:
        for task in frame.notes_of(Activity).tasks:
            if task.place == callee.receiver.origin:
                task.is_kept |= callee.name == "add_done_callback"
                task.is_over |= callee.name == "cancel"
    elif isinstance(func, tree.Attr) and func.name == "append":
        places = {option.origin for value in arguments.args for option in _tasks_among(value)}
        for task in frame.notes_of(Activity).tasks:
            task.is_listed |= task.place in places
    elif not isinstance(func, tree.Attr) or func.name != "add":
        for value in arguments.values():
            end_tasks(frame, value)


def _tasks_among(value: Value) -> Iterator[Object]:
    for alternative in alternatives(value):
        if isinstance(alternative, Object) and alternative.type in _TASKS:
            yield alternative
            for _, inner in alternative.arguments:
                yield from _tasks_among(inner)
        elif isinstance(alternative, Collection):
            for item in alternative.items if alternative.items is not None else (alternative.item,):
                yield from _tasks_among(item)
