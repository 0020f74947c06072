"""Conditions on the keys of a dict that a caller passed, all of which are known."""

from __future__ import annotations

from collections.abc import Callable

from flake8_async_fastapi.engine.containers import item_at, surely_lacks
from flake8_async_fastapi.engine.values import NONE, PassedDict, Value
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr


def evaluate_lookup(test: Expr, evaluate: Callable[[Expr], Value]) -> bool | None:
    """Whether ``"key" in given``, ``given.get("key")`` or ``given.get("key") is None`` is true; None if it is
    not known.
    """
    match test:
        case tree.Compare(
            left=tree.Const(value=str(key)), ops=[("in" | "not in") as op], rights=[tree.Name() as owner]
        ):
            given = evaluate(owner)
            if not isinstance(given, PassedDict):
                return None
            return surely_lacks(given, key) is (op == "not in")
        case tree.Compare(left=left, ops=[("is" | "is not") as op], rights=[tree.Const(value=None)]):
            looked_up = left.value if isinstance(left, tree.Walrus) else left
            if isinstance(looked_up, tree.Call) and _finds_nothing(looked_up, evaluate):
                return op == "is"
        case tree.Call(func=tree.Attr(name="get")) if _finds_nothing(test, evaluate):
            return False
    return None


def _finds_nothing(code: Expr, evaluate: Callable[[Expr], Value]) -> bool:
    """Whether ``given.get("key")`` is None."""
    match code:
        case tree.Call(
            func=tree.Attr(value=tree.Name() as owner, name="get"),
            args=[tree.Const(value=str(key))],
            keywords=[],
        ):
            given = evaluate(owner)
            if isinstance(given, PassedDict):
                return item_at(given, key) in (None, NONE)
    return False
