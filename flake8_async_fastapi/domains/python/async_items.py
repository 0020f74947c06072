"""Builtins that iterate over async generators, or over coroutines as if these were results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from flake8_async_fastapi.engine.events import Iterated
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.obligations import report_misuse
from flake8_async_fastapi.engine.text import for_message
from flake8_async_fastapi.engine.values import UNKNOWN, Collection, Coroutine, Generator, Value
from flake8_async_fastapi.engine.walks import held_coroutines
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.walk import parts_of

_CONSUMERS: Final = frozenset(
    "all any dict enumerate frozenset iter list max min set sorted str.join sum tuple".split()
)
"""The builtins that go through their first argument, which must not be an async generator."""

ITEM_USES: Final[Mapping[str, str]] = {
    "all": "condition",
    "any": "condition",
    "str.join": "joined",
    "sum": "operand",
}
"""How these use each item: a coroutine is always true, cannot be added, and is no text."""

CALLBACK_USES: Final[Mapping[str, str]] = {
    "filter": "condition",
    "itertools.filterfalse": "condition",
    "itertools.takewhile": "condition",
    "itertools.dropwhile": "condition",
    "sorted": "operand",
    "min": "operand",
    "max": "operand",
    "sort": "operand",
    "itertools.groupby": "compared",
}
"""How these use what the function returns that they call for each item."""


def check_items(frame: Frame, name: str, given: Value) -> None:
    """Report a builtin that iterates over an async generator, or over a list of coroutines."""
    node = frame.current_call
    if node is None or name not in _CONSUMERS or not node.args:
        return
    written = node.args[0]
    if isinstance(given, Generator) and given.is_async:
        _report_async(frame, given, for_message(written), written)
    elif isinstance(written, tree.Comp) and is_async_generator(written):
        made = Generator("", UNKNOWN, is_async=True)
        _report_async(frame, made, f"the async generator in {name}()", written)
    elif isinstance(given, Collection) and name in ITEM_USES:
        for coroutine in held_coroutines(given):
            report_misuse(frame, coroutine, ITEM_USES[name])


def _report_async(frame: Frame, value: Generator, text: str, node: tree.Expr) -> None:
    able = frozenset({"async-iter"})
    frame.emit_event(Iterated(*frame.at(node), value, False, text, able, frame.is_async))


def is_async_generator(node: tree.Comp) -> bool:
    """Whether a comprehension creates an async generator: it awaits for each item."""
    first, *others = node.loops
    inner = [*node.items, *first.ifs, *(part for loop in others for part in (loop.iter, *loop.ifs))]
    return node.kind == "generator" and (
        any(loop.is_async for loop in node.loops) or any(map(_awaits, inner))
    )


def _awaits(node: object) -> bool:
    return any(isinstance(part, tree.Await) for part in _parts_run_with(node))


def _parts_run_with(node: object) -> Iterator[object]:
    """An expression with all its parts except those that run later: generators and lambdas in it."""
    if isinstance(node, tree.Lambda) or (isinstance(node, tree.Comp) and node.kind == "generator"):
        return
    yield node
    for part in parts_of(node):
        yield from _parts_run_with(part)


def check_result(frame: Frame, caller: str, result: Value) -> None:
    """Report a function called for each item that returns a coroutine, if the caller uses the result."""
    how = CALLBACK_USES.get(caller)
    if how is not None and isinstance(result, Coroutine):
        report_misuse(frame, result, how)
