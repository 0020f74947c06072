"""Expressions as messages show them, to find the one that a message is about."""

from __future__ import annotations

import libcst as cst


def for_message(node: cst.BaseExpression) -> str:
    """An expression with its calls without their arguments, the rest as ``...``, as the engine shows it."""
    match node:
        case cst.Name(value=name):
            return name
        case cst.Attribute(value=value, attr=attr):
            return f"{for_message(value)}.{attr.value}"
        case cst.Call(func=func, args=args):
            return f"{for_message(func)}({'...' if args else ''})"
        case cst.Subscript(value=value):
            return f"{for_message(value)}[...]"
        case cst.Await(expression=expression):
            return f"(await {for_message(expression)})"
        case cst.Integer(value=number) | cst.Float(value=number):
            return number
    return "..."
