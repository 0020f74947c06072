"""Texts that code compares with others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.values import Const, TextPrefix
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr

_CHANGED_CASE: Final[dict[str, Callable[[str], str]]] = {
    "upper": str.upper, "lower": str.lower, "casefold": str.casefold,
}  # fmt: skip


def compare_texts(state: State, left: Expr, right: Expr) -> bool | None:
    """Whether a text passed to a function equals one of those written; None if that is not known."""
    written = right.items if isinstance(right, tree.Display) else [right]
    texts = [item.value for item in written if isinstance(item, tree.Const) and isinstance(item.value, str)]
    given = _given_text(state, left)
    return given in texts if given is not None and len(texts) == len(written) else None


def compared_name(node: Expr) -> tuple[str, ...]:
    """The variable whose text is compared, in upper or lower case or as it is."""
    if isinstance(node, tree.Call) and isinstance(node.func, tree.Attr) and node.func.name in _CHANGED_CASE:
        return compared_name(node.func.value)
    return (node.id,) if isinstance(node, tree.Name) else ()


def equals_another_text(state: State, condition: str) -> bool:
    """Whether a condition such as ``kind == 'a'`` cannot hold, as ``kind == 'b'`` does on this path."""
    compared, equals, written = condition.partition(" == ")
    return written[-1:] in _QUOTES and any(
        holds and known != condition and known.startswith(f"{compared}{equals}") and known[-1] in _QUOTES
        for known, holds in state.known.items()
    )


_QUOTES: Final = ("'", '"')


def _given_text(state: State, node: Expr) -> str | None:
    if isinstance(node, tree.Name):
        value = state.env.get(node.id)
        is_text = (
            isinstance(value, Const) and isinstance(value.value, str) and not isinstance(value, TextPrefix)
        )
        return str(value.value) if isinstance(value, Const) and is_text else None
    if isinstance(node, tree.Call) and isinstance(node.func, tree.Attr) and not node.args:
        change = _CHANGED_CASE.get(node.func.name)
        text = _given_text(state, node.func.value) if change is not None else None
        return change(text) if change is not None and text is not None else None
    return None
