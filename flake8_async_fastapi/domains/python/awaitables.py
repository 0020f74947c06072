"""asyncio's functions that wrap coroutines: futures, tasks, and one awaitable of several.

Awaiting one of them runs the coroutine that it was made of, as awaiting that itself would.

Source: asyncio documentation, "Coroutines and Tasks".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from msgspec.structs import replace

from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.joins import union
from flake8_async_fastapi.engine.machine import library_calls, protocols
from flake8_async_fastapi.engine.models import AwaitModel, CallModel, CallSite
from flake8_async_fastapi.engine.obligations import report_misuse
from flake8_async_fastapi.engine.values import (
    UNKNOWN,
    Collection,
    Const,
    Coroutine,
    Function,
    Library,
    Manager,
    Object,
    Value,
    alternatives,
)
from flake8_async_fastapi.engine.walks import held_coroutines
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.walk import flat

_TASK: Final = "asyncio.Task"


def _model_wait_for(site: CallSite) -> Value | None:
    """The result of ``asyncio.wait_for(awaitable, timeout)``: that of the awaitable."""
    given = site.arguments.get(0, "fut")
    if isinstance(given, Coroutine) and given.origin in site.frame.owed:
        return site.frame.owe(replace(given, label=site.label, family="other", origin=site.place))
    if isinstance(given, Object):
        result = protocols.result_of_await(site.frame, given)
        return site.frame.owe(Coroutine(site.label, "other", site.place, result))
    return None


def _model_run(site: CallSite) -> Value | None:
    """The result of ``asyncio.run(coroutine)``, which awaits it; most programs use no result."""
    given = site.arguments.get(0, "main")
    if not isinstance(given, Coroutine) or given.function is None or not _gives_value(given.function):
        return None
    return protocols.result_of_await(site.frame, given)


def _check_gathered(site: CallSite) -> None:
    """Report ``asyncio.gather(coroutines)`` without a star, which raises TypeError."""
    arguments = site.arguments
    for value in arguments.args[: arguments.placed if arguments.opaque else None]:
        coroutine = next(held_coroutines(value), None) if isinstance(value, Collection) else None
        if coroutine is not None:
            report_misuse(site.frame, coroutine, "gathered", site.label, place=site.place)


def _check_waited(site: CallSite) -> None:
    """Report ``asyncio.wait(coroutines)``, which raises TypeError since Python 3.11: it takes tasks."""
    given = site.arguments.get(0, "fs")
    if isinstance(given, Collection):
        items = given.items if given.items is not None else (given.item,)
        coroutine = next((item for item in items if isinstance(item, Coroutine)), None)
        if coroutine is not None:
            report_misuse(site.frame, coroutine, "waited", site.label, place=site.place)


def _gives_value(function: Function) -> bool:
    body = function.node.body
    return isinstance(body, list) and any(
        isinstance(statement, tree.Return) and statement.value is not None for statement in flat(body)
    )


def _start_task(site: CallSite) -> Value:
    """The task that a method starts, as ``asyncio.create_task`` does."""
    return Object(_TASK, library_calls.kept_arguments(site.arguments), origin=site.place)


def _result_of_task(site: CallSite) -> Value | None:
    """The value of ``task.result()`` once it is done."""
    receiver = getattr(site.callee, "receiver", None)
    return _await_future(site.frame, receiver) if isinstance(receiver, Object) else None


def _await_future(frame: Frame, future: Object) -> Value | None:
    """The result of awaiting a task, or a future that was made of one awaitable."""
    made_of = dict(future.arguments).get("0")
    if not isinstance(made_of, Coroutine):
        return _await_part(frame, made_of) if isinstance(made_of, Object) else None
    quiet = Frame(frame.ctx, frame.path, frame.qualname, closure=frame.closure, scope=frame.scope)
    quiet.state, quiet.owed = frame.state, frame.owed
    return _await_part(quiet, made_of)


def _await_gathered(frame: Frame, future: Object) -> Value | None:
    """The result of awaiting ``asyncio.gather(...)``: a list of the results of its awaitables."""
    options = dict(future.arguments)
    given = [value for name, value in future.arguments if name.isdigit()]
    results = [result for value in given for result in _await_parts(frame, value)]
    if options.get("return_exceptions", Const(False)) != Const(False):
        return Collection("list")  # exceptions may be among them
    is_counted = "**" not in options and not any(isinstance(value, Collection) for value in given)
    return Collection("list", items=tuple(results)) if is_counted else Collection("list", union(results))


def _await_parts(frame: Frame, value: Value) -> Iterator[Value]:
    """The results of awaiting an awaitable, or each of those in a container."""
    if isinstance(value, Collection):
        for item in value.items if value.items is not None else (value.item,):
            yield _await_part(frame, item)
    else:
        yield _await_part(frame, value)


def _await_part(frame: Frame, value: Value) -> Value:
    """The result of awaiting an awaitable that this run made; the objects of others are not known."""
    if isinstance(value, Coroutine) and value.origin not in frame.owed:
        return UNKNOWN
    return union([protocols.result_of_await(frame, option) for option in alternatives(value)])


def _enter_by_stack(site: CallSite) -> Value | None:
    """The value of ``await stack.enter_async_context(manager)``: the target of ``async with``."""
    given = site.arguments.get(0, "cm")
    if given is None:
        return None
    return protocols.enter_context(site.frame, given, True)


def _close_at_end(site: CallSite) -> Value | None:
    """The value of ``closing(thing)`` or ``aclosing(thing)``: a manager that gives the thing itself."""
    thing = site.arguments.get(0, "thing")
    is_async = site.callee == Library("contextlib.aclosing")
    return None if thing is None else Manager(site.label, thing, is_async)


CALLS: Final[Mapping[str, CallModel]] = {
    "contextlib.aclosing": _close_at_end,
    "contextlib.closing": _close_at_end,
    "asyncio.gather": _check_gathered,
    "asyncio.run": _model_run,
    "asyncio.wait": _check_waited,
    "asyncio.wait_for": _model_wait_for,
}
METHODS: Final[Mapping[str, CallModel]] = {
    "asyncio.TaskGroup.create_task": _start_task,
    "asyncio.Task.result": _result_of_task,
    "contextlib.AsyncExitStack.enter_async_context": _enter_by_stack,
}
AWAITS: Final[Mapping[str, AwaitModel]] = {
    "asyncio.Future": _await_future,
    _TASK: _await_future,
    "asyncio.tasks._GatheringFuture": _await_gathered,
}
