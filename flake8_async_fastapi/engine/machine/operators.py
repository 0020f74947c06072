"""Transfer functions of operators and comparisons, and of conditions as such."""

from __future__ import annotations

from functools import partial

from flake8_async_fastapi.engine import mutation
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.identities import are_identical
from flake8_async_fastapi.engine.joins import union
from flake8_async_fastapi.engine.machine import classes, conditions, expressions, truth
from flake8_async_fastapi.engine.models import Operation
from flake8_async_fastapi.engine.obligations import check_use, note_test
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.values import (
    BOOL,
    OBJECT,
    UNKNOWN,
    Collection,
    Const,
    Coroutine,
    Plain,
    Value,
)
from flake8_async_fastapi.engine.walks import holds_coroutine
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr


def evaluate_binary(frame: Frame, state: State, node: tree.Binary) -> Value:
    left, right = (
        expressions.evaluate(frame, state, node.left),
        expressions.evaluate(frame, state, node.right),
    )
    for side, other in ((left, right), (right, left)):
        if node.op == "%" and side is right:
            continue
        if isinstance(other, (Const, Plain, Collection, Coroutine)):
            check_use(frame, side, "operand")  # another object may define the operator for coroutines
        else:
            frame.discharge(side)
    if isinstance(left, Collection) and isinstance(right, Collection) and node.op == "+":
        both = mutation.join_containers(left, right)
        if not holds_coroutine(both):
            frame.discharge(union([left, right]))
        return both
    if node.op == "%" and isinstance(left, (Const, Plain)):
        note_test(frame, right, node.right, "interpolated")
    frame.discharge_items(left)
    frame.discharge_items(right)
    operation = Operation(state, node.op, left, right, node.right)
    if (operated := frame.ctx.hooks.models.operate(operation)) is not None:
        return operated
    if node.op in ("+", "%") and isinstance(left, Const):
        return frame.ctx.hooks.models.join_texts(frame.ctx, (left, right))
    known = all(isinstance(side, (Const, Plain, Coroutine)) for side in (left, right))
    return OBJECT if known or isinstance(left, (Const, Plain)) else UNKNOWN


def test(frame: Frame, state: State, node: Expr) -> Value:
    """Evaluate a condition. Nobody gets its value, so a coroutine in ``a and b`` is not passed on."""
    if isinstance(node, tree.BoolOp):
        return evaluate_bool_op(frame, state, node, tested=True)
    value = expressions.evaluate(frame, state, node)
    note_test(frame, value, node)
    return value


def operands_by_path(
    frame: Frame, state: State, node: tree.BoolOp, *, tested: bool = False
) -> list[tuple[State, list[Value], Expr | None]]:
    """The possible values of ``a or b``: of each part if those before it do not decide.

    The last item is the condition under which the value is the result; None for the last part.
    """
    found: list[tuple[State, list[Value], Expr | None]] = []
    *firsts, last = node.values
    evaluate_part = test if tested else expressions.evaluate
    order_of = partial(classes.mro, frame.ctx)
    for part in firsts:
        note_test(frame, value := evaluate_part(frame, state, part), part)
        found.append((state, truth.narrow_all(value, node.op == "or", order_of), part))
        through = conditions.assume(frame, state, part, node.op == "and")
        if not through:
            return found
        state = through[0]
    return [*found, (state, [evaluate_part(frame, state, last)], None)]


def evaluate_bool_op(frame: Frame, state: State, node: tree.BoolOp, *, tested: bool = False) -> Value:
    found = operands_by_path(frame, state, node, tested=tested)
    ends = [found[-1][0]]
    if ends[0].parts != state.parts:  # an earlier operand may be the result, such as a list that is not empty
        for path, kept, condition in found:
            if kept and condition is not None:
                ends += conditions.assume(frame, path, condition, node.op == "or")[:1]
    conditions.keep_effects(frame, state, ends, node)
    values = [value for _, kept, _ in found for value in kept]
    return union(values) if tested else frame.join_or_discharge(values)


def evaluate_unary(frame: Frame, state: State, node: tree.Unary) -> Value:
    if node.op == "not":
        value = test(frame, state, node.value)
        known = value.value if isinstance(value, Const) else None
        return Const(not known) if isinstance(known, bool) else BOOL
    check_use(frame, expressions.evaluate(frame, state, node.value), "operand")
    return UNKNOWN


_IDENTITY = frozenset({"is", "is not"})
_CONTAINMENT = frozenset({"in", "not in"})


def evaluate_compare(frame: Frame, state: State, node: tree.Compare) -> Value:
    sides = [expressions.evaluate(frame, state, side) for side in (node.left, *node.rights)]
    if len(node.ops) == 1:
        operation = Operation(state, node.ops[0], sides[0], sides[1], node.rights[0])
        if (condition := frame.ctx.hooks.models.operate(operation)) is not None:
            return condition
        if node.ops[0] in _IDENTITY and (same := are_identical(*sides)) is not None:
            return Const(same is (node.ops[0] == "is"))
        if node.ops[0] in _CONTAINMENT:
            holds = conditions.outcome_of_library_test(frame, state, node)
            if holds is not None:
                return Const(holds)
    for op, left, right in zip(node.ops, sides, sides[1:], strict=False):
        for side in (left, right):
            if op in _IDENTITY:
                if not isinstance(side, Const):
                    note_test(frame, side, node, "compared")
            elif not (op in ("in", "not in") and side is right and isinstance(side, Collection)):
                check_use(frame, side, "compared")
    return conditions.outcome_of_none_test(frame, state, node, sides[0])
