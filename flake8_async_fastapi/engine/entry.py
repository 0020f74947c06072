"""The entry point: runs all code of one file, as if called from outside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from msgspec.structs import replace

from flake8_async_fastapi import knowledge
from flake8_async_fastapi.engine import obligations
from flake8_async_fastapi.engine.events import (
    AttributeRead,
    Awaited,
    Called,
    CoroutineMisused,
    Doubtful,
    Entered,
    Event,
    Iterated,
)
from flake8_async_fastapi.engine.frame import Context, Frame, class_frame
from flake8_async_fastapi.engine.hooks import Hooks
from flake8_async_fastapi.engine.machine import classes, completions, names, statements, summaries
from flake8_async_fastapi.engine.queries import Memo
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.tracing import trace_calls
from flake8_async_fastapi.engine.values import ClassValue, Function, Instance, Library
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Stmt
from flake8_async_fastapi.facts.walk import dotted
from flake8_async_fastapi.faults import LOG
from flake8_async_fastapi.knowledge.settings import Settings
from flake8_async_fastapi.project.project import Project
from flake8_async_fastapi.project.reads import UNRELIABLE


def analyse(
    project: Project,
    path: str,
    memo: Memo | None = None,
    *,
    hooks: Hooks,
    trace: bool = False,
    settings: Settings | None = None,
) -> list[Event]:
    """Run the module body, every function and every method of a file, and return the events in order.

    Callees in other files are run for their results, and nothing is reported in them. All questions are
    recorded in the project's ``reads``. ``memo`` keeps what is learned about callees for the other files of
    the project. ``hooks`` contains the libraries that the engine knows.
    """
    kept: Memo = {} if memo is None else memo
    hooks = trace_calls(hooks) if trace else hooks
    ctx = Context(project, kept, trace=trace, settings=settings or Settings(), hooks=hooks)
    _run_definitions(ctx, _run_body(ctx, lambda: (Frame(ctx, path, ""), State()), project.placed_body(path)))
    return sorted(ctx.events, key=lambda event: (event.line, event.col))


def _run_body(
    ctx: Context, enter: Callable[[], tuple[Frame, State]], body: list[Stmt], *, owes: bool = False
) -> Frame:
    """Run code in the frame and from the state that ``enter`` creates; return the frame afterwards.

    ``owes``: no other code can await the coroutines that the code leaves behind.
    """
    frames: list[Frame] = []

    def work() -> None:
        frame, state = enter()
        frame.emit = True
        frames.append(frame)
        frame.ends = statements.run_statements(frame, body, [state])
        _announce_returns(frame)
        if owes and not ctx.exhausted():
            obligations.report_forgotten(frame)
            for observe in ctx.hooks.observers.function_ends:
                observe(frame)

    ctx.run(work)
    if ctx.exhausted():
        ctx.project.reads.add(UNRELIABLE)
        name = frames[-1].qualname or "the module"
        LOG.info("%s: gave up on %s, which takes too many steps: it may lack findings", frames[-1].path, name)
    return frames[-1]


def _announce_returns(frame: Frame) -> None:
    """Notify the observers of the result of a function on each path."""
    for value, state, place in zip(frame.returns, frame.exits, frame.return_places, strict=True):
        frame.state = state
        for observe in frame.ctx.hooks.observers.function_returns:
            observe(frame, value, place)


def _run_definitions(ctx: Context, frame: Frame) -> None:
    """Run the functions and classes that a frame defined."""
    for function in frame.nested_functions.values():
        _run_function(ctx, function, frame)
    for cls in frame.nested_classes.values():
        _run_class(ctx, cls)


def _run_function(
    ctx: Context,
    function: Function,
    outer: Frame,
    owner: ClassValue | None = None,
    receiver: Instance | None = None,
) -> None:
    """Run a function that the frame ``outer`` defined, as a method of ``owner`` if that is not None.

    ``receiver`` is what the method is called on, if that is not any object of the class.
    """

    def enter() -> tuple[Frame, State]:
        method = classes.method_of_class(ctx, function, owner) if owner is not None else function
        if receiver is not None and method.receiver is not None:
            is_bound = isinstance(method.receiver, Instance)
            method = replace(method, receiver=receiver if is_bound else receiver.cls)
        frame, state = summaries.enter_function(ctx, method, summaries.bind_arguments(ctx, method, None))
        for observe in ctx.hooks.observers.function_begins:
            observe(frame, method, outer)
        if ctx.trace:
            frame.emit = True
            statements.trace_variables(frame, function.node, [state])
        return frame, state

    if isinstance(function.node, tree.FunctionDef) and not _is_skipped(ctx, function.path, function.node):
        _run_definitions(ctx, _run_body(ctx, enter, function.node.body, owes=True))


def _is_skipped(ctx: Context, path: str, node: tree.FunctionDef | tree.ClassDef) -> bool:
    """Whether a decorator says that a test never runs, mostly because of what is wrong with it."""
    for written in node.decorators:
        text = dotted(written.func if isinstance(written, tree.Call) else written)
        decorator = names.dotted_value(ctx, path, text) if text.endswith("skip") else None
        if isinstance(decorator, Library) and knowledge.is_skipping(decorator.dotted):
            return True
    return False


def _run_class(ctx: Context, cls: ClassValue) -> None:
    if _is_skipped(ctx, cls.path, cls.node):
        return

    def enter() -> tuple[Frame, State]:
        return class_frame(ctx, cls), State()

    body = _run_body(ctx, enter, cls.node.body)
    for function in body.nested_functions.values():
        _run_function(ctx, function, body, cls)
        if not ctx.trace:
            _run_completed(ctx, function, body, cls)
    for inner in body.nested_classes.values():
        _run_class(ctx, inner)


def _run_completed(ctx: Context, function: Function, body: Frame, cls: ClassValue) -> None:
    """Run a method for each class below its own that completes what it uses, and keep what domains say anew.

    A method of a generic base often says nothing by itself: which model it reads, only a subclass does.
    What the engine says itself is of awaiting, and an override that is async is no fault of the base.
    """
    below = completions.completing_classes(ctx, cls, function)
    places = {_kind_and_place(event) for event in ctx.events} if below else set()
    for one in below:
        before = len(ctx.events)
        _run_function(ctx, function, body, cls, Instance(one))
        new = [event for event in ctx.events[before:] if _kind_and_place(event) not in places]
        del ctx.events[before:]
        ctx.events += [event for event in new if not isinstance(event, _OF_THE_ENGINE)]
        places.update(map(_kind_and_place, new))


_OF_THE_ENGINE: Final = (Awaited, Entered, Iterated, Called, AttributeRead, CoroutineMisused)


def _kind_and_place(event: Event) -> tuple[object, ...]:
    """The kind of event and its place: of several completing classes, the first stands for all."""
    what = event.event if isinstance(event, Doubtful) else event
    return type(event), type(what), event.path, event.line, event.col
