"""Endless loops that cannot be cancelled."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from flake8_async_fastapi.domains.threads.events import CancellationSwallowed
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.machine import expressions
from flake8_async_fastapi.engine.text import for_message, path_of
from flake8_async_fastapi.engine.values import Collection, Function, Library, Value
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr, Stmt
from flake8_async_fastapi.facts.walk import flat, nodes_in

_CANCELLATIONS: Final = frozenset(
    {
        "asyncio.CancelledError",
        "asyncio.exceptions.CancelledError",
        "builtins.BaseException",
        "concurrent.futures.CancelledError",
    }
)
_OF_ANYIO: Final = Library("anyio.get_cancelled_exc_class")
_SUPPRESS: Final = Library("contextlib.suppress")
_OF_OTHERS: Final = frozenset({"as_completed", "gather", "shield", "wait", "wait_for"})
"""What waits for tasks that may be cancelled by themselves."""


def report_swallowed(frame: Frame, function: Function, outer: Frame) -> None:
    """Report an endless loop of a coroutine function that catches its cancellation and continues."""
    node = function.node
    if not frame.is_async or not isinstance(node, tree.FunctionDef):
        return
    for loop in flat(node.body):
        if isinstance(loop, tree.While) and isinstance(loop.test, tree.Const) and loop.test.value:
            if any(isinstance(part, tree.Attr) and part.name == "cancel" for part in nodes_in(node.body)):
                return  # it cancels the task that it waits for
            for handler in _handlers_that_go_on(frame, loop.body):
                text = "except" if handler.type is None else f"except {_text_of(handler.type)}"
                _report(frame, handler, text)
            for block, suppressing in _blocks_that_go_on(frame, loop.body):
                _report(frame, block, f"with {for_message(suppressing)}")


def _report(frame: Frame, node: tree.Handler | tree.With, text: str) -> None:
    frame.ctx.events.append(CancellationSwallowed(frame.path, node.line, node.col, frame.qualname, text))


def _blocks_that_go_on(frame: Frame, body: list[Stmt]) -> Iterator[tuple[tree.With, tree.Call]]:
    """The blocks of ``contextlib.suppress(...)`` that wait, in a loop which no code after them leaves."""
    for statement in flat(body):
        if isinstance(statement, tree.With) and _waits(statement.body) and not _leaves_after(body, statement):
            for item in statement.items:
                made = item.context
                if not isinstance(made, tree.Call) or _value_of(frame, made.func) != _SUPPRESS:
                    continue
                if any(_catches_cancellation(frame, argument) for argument in made.args):
                    yield statement, made


def _handlers_that_go_on(frame: Frame, body: list[Stmt]) -> Iterator[tree.Handler]:
    for statement in flat(body):
        if isinstance(statement, tree.Try) and _waits(statement.body) and not _leaves(statement.final):
            for handler in statement.handlers:
                if _catches_cancellation(frame, handler.type):
                    if not _leaves(handler.body):
                        yield handler
                    break


def _waits(body: list[Stmt]) -> bool:
    """Whether code awaits something of its own, other than a task that others may have cancelled."""
    for node in _own_nodes(body):
        if isinstance(node, (tree.For, tree.With)) and node.is_async:
            return True
        call = node.value if isinstance(node, tree.Await) else None
        if isinstance(call, tree.Call) and path_of(call.func).rpartition(".")[2] not in _OF_OTHERS:
            return True
    return False


def _own_nodes(body: list[Stmt]) -> Iterator[object]:
    """The nodes of code, except those in its functions and classes."""
    for statement in flat(body):
        if isinstance(statement, (tree.For, tree.With)):
            yield statement
        elif isinstance(statement, (tree.If, tree.While)):
            yield from nodes_in(statement.test)
        elif not isinstance(statement, (tree.FunctionDef, tree.ClassDef, tree.Try)):
            yield from nodes_in(statement)


def _leaves(body: list[Stmt]) -> bool:
    """Whether code may leave the loop around it: by an exception, a jump or a call that ends the program."""
    for node in nodes_in(body):
        if isinstance(node, (tree.Raise, tree.Return)) or (
            isinstance(node, tree.Jump) and node.word == "break"
        ):
            return True
        if isinstance(node, tree.Call) and path_of(node.func) in ("sys.exit", "os._exit", "exit", "quit"):
            return True
    return False


def _leaves_after(body: list[Stmt], block: tree.With) -> bool:
    """Whether code behind a block may leave the loop around it."""
    end = max(getattr(node, "line", 0) for node in nodes_in(block.body))
    return any(_leaves([statement]) for statement in flat(body) if statement.line > end)


def _catches_cancellation(frame: Frame, written: Expr | None) -> bool:
    if written is None:
        return True
    if isinstance(written, tree.Call):
        return _value_of(frame, written.func) == _OF_ANYIO
    value = _value_of(frame, written)
    options = value.items or () if isinstance(value, Collection) else (value,)
    return any(isinstance(option, Library) and option.dotted in _CANCELLATIONS for option in options)


def _value_of(frame: Frame, written: Expr) -> Value:
    return expressions.evaluate(frame, frame.state.fork(), written)


def _text_of(written: Expr) -> str:
    if isinstance(written, tree.Display):
        return f"({', '.join(map(for_message, written.items))})"
    return for_message(written)
