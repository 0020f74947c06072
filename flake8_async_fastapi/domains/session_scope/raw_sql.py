"""Sessions that a function opens only to run SQL texts: they have no objects, and nothing to flush."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.walk import dotted, nodes_in, target_names

_RUNS: Final = frozenset({"execute", "scalar", "stream"})
_ENDS: Final = frozenset({"begin", "close", "commit", "rollback"})


def holds_no_objects(frame: Frame, session: str) -> bool:
    """Whether a variable is a session that the function opens, runs texts with, and passes to nobody."""
    function = frame.node
    if not isinstance(function, tree.FunctionDef):
        return False

    def find() -> bool:
        if session not in set(_opened_in(function)):
            return False
        calls = [call for call in nodes_in(function.body) if isinstance(call, tree.Call)]
        known = sum(_is_harmless(call, session) for call in calls)
        return known == sum(_mentions(function, session))

    return frame.ctx.derive(("holds no objects", frame.path, function.line, session), find)


def _opened_in(function: tree.FunctionDef) -> Iterator[str]:
    for node in nodes_in(function.body):
        if isinstance(node, tree.With):
            for item in node.items:
                if item.target is not None:
                    yield from target_names(item.target)


def _mentions(function: tree.FunctionDef, session: str) -> Iterator[bool]:
    """The places that read the variable."""
    stored = {
        (item.target.line, item.target.col)
        for node in nodes_in(function.body)
        if isinstance(node, tree.With)
        for item in node.items
        if item.target is not None
    }
    for node in nodes_in(function.body):
        if isinstance(node, tree.Name) and node.id == session and (node.line, node.col) not in stored:
            yield True


def _is_harmless(call: tree.Call, session: str) -> bool:
    """Whether a call ends a transaction of the session, or runs a text that is written in the call."""
    if not isinstance(call.func, tree.Attr) or dotted(call.func.value) != session:
        return False
    if call.func.name in _ENDS:
        return True
    first = call.args[0] if call.args else None
    is_text = isinstance(first, tree.Call) and dotted(first.func).rpartition(".")[2] == "text"
    return call.func.name in _RUNS and is_text
