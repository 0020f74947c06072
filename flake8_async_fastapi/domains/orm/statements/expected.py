"""Tests that expect a query to find nothing: without a row, a joined collection raises nothing."""

from __future__ import annotations

from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import nodes_in
from flake8_async_fastapi.project.modules import is_test


def expects_nothing(frame: Frame, origin: Place) -> bool:
    """Whether a test asserts that what a call fetches is empty, at once or of a variable that gets it."""
    if not is_test(frame.path) or not isinstance(frame.node, tree.FunctionDef):
        return False
    names: set[str] = set()
    for node in nodes_in(frame.node.body):
        if isinstance(node, tree.Assign) and node.value is not None and _is_made_by(node.value, origin):
            names |= {target.id for target in node.targets if isinstance(target, tree.Name)}
    asserted = (node.test for node in nodes_in(frame.node.body) if isinstance(node, tree.Assert))
    for test in asserted:
        empty = _said_to_be_empty(test)
        if empty is None:
            continue
        if _is_made_by(empty, origin) or (isinstance(empty, tree.Name) and empty.id in names):
            return True
    return False


def _is_made_by(value: Expr, origin: Place) -> bool:
    return any(
        isinstance(node, tree.Call) and (node.line, node.col) == (origin.line, origin.col)
        for node in nodes_in([value])
    )


def _said_to_be_empty(test: Expr) -> Expr | None:
    """The value that a condition says is None or empty; None for other conditions."""
    match test:
        case tree.Compare(left=left, ops=["is" | "=="], rights=[tree.Const(value=None)]):
            return left
        case tree.Compare(left=left, ops=["=="], rights=[tree.Display(items=[])]):
            return left
        case tree.Compare(
            left=tree.Call(func=tree.Name(id="len"), args=[measured]),
            ops=["=="],
            rights=[tree.Const(value=0)],
        ):
            return measured
        case tree.Unary(op="not", value=value):
            return value
    return None
