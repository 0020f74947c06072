"""The entry: all code of one file, run as if from outside."""

from __future__ import annotations

from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.interpreter import applications, classes, functions, misuse, statements, summaries
from flake8_async_fastapi.interpreter.context import Context, Frame, Memo, State
from flake8_async_fastapi.interpreter.events import Event
from flake8_async_fastapi.interpreter.values import ClassValue, Function, Instance, Value
from flake8_async_fastapi.project.project import Project


def analyse(project: Project, path: str, memo: Memo | None = None, *, trace: bool = False) -> list[Event]:
    """Run the module body, every function and every method of a file; what happened, in order.

    Callees in other files are run for what they return, never reported on.
    ``memo`` keeps what was learned of them for the other files of the project.
    """
    ctx = Context(project, memo={} if memo is None else memo, trace=trace)
    module = Frame(ctx, path, "", emit=True)
    ctx.begin()
    statements.run(module, project.body(path), [State()])
    _inner(module)
    return sorted(ctx.events, key=lambda event: (event.line, event.col, type(event).__name__, repr(event)))


def _inner(frame: Frame) -> None:
    """Run the functions and classes that a frame defined."""
    for key, function in frame.inner.items():
        _function(frame.ctx, function, is_route=key in frame.routes)
    for cls in frame.classes.values():
        _class(frame.ctx, cls)


def _function(ctx: Context, function: Function, *, is_route: bool) -> None:
    node = function.node
    if not isinstance(node, tree.FunctionDef):
        return
    ctx.begin()
    frame, state = summaries.enter(ctx, function, summaries.bind(ctx, function, None))
    frame.emit, frame.is_route = True, is_route or function.key in applications.registered(ctx)
    statements.run(frame, node.body, [state])
    if not ctx.exhausted():
        misuse.forgotten(frame)
    _inner(frame)


def _class(ctx: Context, cls: ClassValue) -> None:
    body = Frame(ctx, cls.path, cls.node.qualname, emit=True, closure=cls.closure, owner=cls)
    ctx.begin()
    statements.run(body, cls.node.body, [State()])
    for key, function in body.inner.items():
        assert isinstance(function.node, tree.FunctionDef)
        method = functions.as_function(
            function.path, function.node, cls, _receiver(ctx, cls, function.node), cls.closure
        )
        _function(ctx, method, is_route=key in body.routes)
    for inner in body.classes.values():
        _class(ctx, inner)


def _receiver(ctx: Context, cls: ClassValue, method: tree.FunctionDef) -> Value | None:
    kind = classes.kind(ctx, cls, method)
    if kind == "static":
        return None
    return cls if kind == "class" or method.name == "__new__" else Instance(cls)


