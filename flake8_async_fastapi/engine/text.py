"""Expressions as text, for messages and for the conditions of a path."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr


def path_of(expression: Expr) -> str:
    """The variable, or the chain of attributes of a variable, that an expression reads; empty for anything
    else.
    """
    path = ""
    while type(expression) is tree.Attr:
        path = f".{expression.name}{path}"
        expression = expression.value
    return f"{expression.id}{path}" if type(expression) is tree.Name else ""


def for_message(node: Expr) -> str:
    """An expression as messages show it: calls without their arguments, anything else as ``...``."""
    if type(node) is tree.Call:  # the usual ones first: a pattern takes longer
        if path := path_of(node.func):
            return f"{path}({'...' if node.args or node.keywords else ''})"
    elif path := path_of(node):
        return path
    match node:
        case tree.Attr(value=value, name=name):
            return f"{for_message(value)}.{name}"
        case tree.Call(func=func, args=args, keywords=keywords):
            return f"{for_message(func)}({'...' if args or keywords else ''})"
        case tree.Subscript(value=value):
            return f"{for_message(value)}[...]"
        case tree.Await(value=value):
            return f"(await {for_message(value)})"
        case tree.Const(value=value) if not isinstance(value, str):
            return repr(value)
    return "..."


def simple_condition(node: Expr) -> tuple[str, bool] | None:
    """A simple condition as text, and whether it is negated; None if it is not simple."""
    text = path_of(node)
    if text:
        return text, False
    match node:
        case tree.Unary(op="not", value=value):
            inner = simple_condition(value)
            return (inner[0], not inner[1]) if inner else None
        case tree.Compare(left=left, ops=[op], rights=[tree.Const(value=value)]) if path_of(left):
            positive = {"is not": "is", "!=": "=="}.get(op, op)
            return f"{path_of(left)} {positive} {value!r}", positive != op
    return None


def simple_conditions_in(test: Expr) -> Iterator[str]:
    """The simple conditions in a test, as text."""
    if isinstance(test, tree.BoolOp):
        for value in test.values:
            yield from simple_conditions_in(value)
    elif (simple := simple_condition(test)) is not None:
        yield simple[0]


def asks_for_main(test: Expr) -> bool:
    """Whether a condition tests that the file is run as a program."""
    return isinstance(test, tree.Compare) and path_of(test.left) == "__name__"


def may_swallow(context: Expr) -> bool:
    """Whether the code after a context manager may run although an exception left its block."""
    return isinstance(context, tree.Call) and path_of(context.func).rpartition(".")[2] in (
        "suppress",
        "raises",
        "timeout",
        "move_on_after",
    )
