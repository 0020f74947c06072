"""Functions that call themselves twice with a slightly smaller number: their work doubles each time.

Fibonacci numbers are often computed this way. Functions that keep their results, look anything up, or pass
other arguments than results of arithmetic are left alone.
"""

from __future__ import annotations

from typing import Final

from flake8_async_fastapi.engine.frame import Context
from flake8_async_fastapi.engine.values import Function
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr, Stmt
from flake8_async_fastapi.facts.walk import nodes_in, parts_of

RECURSION: Final = "exponential recursion"
_SMALL: Final = 25
"""With a number up to this, even such a function takes a moment only."""
_LOOK_UPS: Final = frozenset({"get", "setdefault", "pop", "cache", "memo"})


def takes_exponential_time(ctx: Context, function: Function) -> bool:
    """Whether a recursive function takes twice as long for a slightly larger number."""
    if function.is_async or function.is_generator:
        return False
    return ctx.derive(("doubles", function.key), lambda: _doubles(function))


def passes_small_numbers(call: tree.Call | None) -> bool:
    """Whether a call passes only small numbers, written as constants."""
    given = [*call.args, *(keyword.value for keyword in call.keywords)] if call is not None else []
    return bool(given) and all(
        isinstance(one, tree.Const) and isinstance(one.value, int) and one.value <= _SMALL for one in given
    )


def _doubles(function: Function) -> bool:
    node = function.node
    if not isinstance(node, tree.FunctionDef) or node.decorators or any(map(_looks_up, nodes_in(node.body))):
        return False
    return _most_calls(function, node.body)[0] > 1


def _looks_up(node: object) -> bool:
    """Whether code may look up earlier results."""
    if isinstance(node, tree.Compare):
        return any(op in ("in", "not in") for op in node.ops)
    return isinstance(node, (tree.Subscript, tree.Scope)) or (
        isinstance(node, tree.Attr) and node.name in _LOOK_UPS
    )


def _most_calls(function: Function, body: list[Stmt]) -> tuple[int, int | None]:
    """How often a function calls itself at most: on one path through a block, on one that leaves it."""
    most = so_far = 0
    for statement in body:
        if isinstance(statement, tree.If):
            so_far += _calls_in(function, statement.test)
            ways = [_most_calls(function, block) for block in (statement.body, statement.orelse)]
            most = max(most, *(so_far + most_inside for most_inside, _ in ways))
            through = [after for _, after in ways if after is not None]
            if not through:
                return most, None
            so_far += max(through)
        elif isinstance(statement, (tree.Return, tree.Raise)):
            return max(most, so_far + _calls_in(function, statement)), None
        elif isinstance(statement, (tree.Assign, tree.AugAssign, tree.ExprStmt)):
            so_far += _calls_in(function, statement)
    return max(most, so_far), so_far


def _calls_in(function: Function, code: object) -> int:
    """How often code certainly calls a function with one of its parameters made smaller."""
    if isinstance(code, tree.IfExp):
        return _calls_in(function, code.test) + max(
            _calls_in(function, part) for part in (code.body, code.orelse)
        )
    if isinstance(code, tree.BoolOp):
        return _calls_in(function, code.values[0])
    if isinstance(code, (tree.Lambda, tree.Comp)):
        return 0
    own = int(isinstance(code, tree.Call) and _is_smaller_call(function, code))
    return own + sum(_calls_in(function, part) for part in parts_of(code) if part is not None)


def _is_smaller_call(function: Function, call: tree.Call) -> bool:
    params = [param.name for param in function.node.params]
    match call.func:
        case tree.Name(id=name) if function.owner is None:
            is_itself = name == function.name
        case tree.Attr(value=tree.Name(id=owner), name=name):
            is_itself = name == function.name and function.owner is not None and owner in params[:1]
        case _:
            is_itself = False
    return is_itself and any(_is_smaller(given, params) for given in call.args)


def _is_smaller(given: Expr, params: list[str]) -> bool:
    """Whether an expression is ``n - 1`` of a parameter."""
    match given:
        case tree.Binary(op="-", left=tree.Name(id=name), right=tree.Const(value=int())):
            return name in params
    return False
