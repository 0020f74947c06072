"""Transfer functions of expressions: the value of each, and what evaluating it does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flake8_async_fastapi.engine import containers, mutation
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.joins import union
from flake8_async_fastapi.engine.machine import (
    attributes,
    calls,
    conditions,
    functions,
    names,
    protocols,
    statements,
)
from flake8_async_fastapi.engine.models import Operation
from flake8_async_fastapi.engine.obligations import misuse, test, use
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.text import source
from flake8_async_fastapi.engine.values import (
    NONE,
    UNKNOWN,
    Arguments,
    ClassValue,
    Collection,
    Const,
    Coroutine,
    Generator,
    Library,
    Plain,
    Value,
    display,
    is_none,
    options,
)
from flake8_async_fastapi.engine.walks import held
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import target_names


def evaluate(frame: Frame, state: State, node: Expr, *, awaited_chain: bool = False) -> Value:
    """The value of an expression.

    ``awaited_chain`` says that an ``await`` stands before the chain of calls
    and attributes that this expression begins.
    """
    if isinstance(node, (tree.Attr, tree.Call, tree.Subscript)):
        return _CHAINS[type(node)](frame, state, node, awaited_chain)
    return _EVALUATE[type(node)](frame, state, node)


def _name(frame: Frame, state: State, node: tree.Name) -> Value:
    value = names.lookup(frame, state, node.id)
    if state.known and value == Plain("bool"):  # what a condition on this path found it to be
        known = state.known.get(node.id)
        return value if known is None else Const(known)
    return value


def _const(frame: Frame, state: State, node: tree.Const) -> Value:
    if isinstance(node.value, str):
        return frame.ctx.hooks.models.text(frame.ctx, node.value)
    if node.value is None or isinstance(node.value, bool):
        return Const(node.value)
    return Plain(type(node.value).__name__)


def _attribute(frame: Frame, state: State, node: tree.Attr, awaited_chain: bool) -> Value:
    if state.attributes:
        assigned = state.attributes.get(source(node))
        if assigned is not None:
            return assigned
    owner = evaluate(frame, state, node.value, awaited_chain=awaited_chain)
    frame.state = state
    return attributes.read(frame, owner, node, awaited_chain)


def _call(frame: Frame, state: State, node: tree.Call, awaited_chain: bool) -> Value:
    if frame.language is not None and (special := frame.language.call(frame, state, node)) is not None:
        return special
    if isinstance(node.func, tree.Attr) and node.func.name in mutation.MUTATORS:
        frame.mutated = node.func.value
    callee = evaluate(frame, state, node.func, awaited_chain=awaited_chain)
    frame.mutated = None
    hooks = frame.ctx.hooks
    offloads = False
    for ask in hooks.models.offloads:
        offloads = offloads or ask(frame.ctx, callee)
    frame.lazy_elsewhere += offloads
    args, opaque = names.opened(frame, state, node.args)
    keywords: list[tuple[str, Value]] = []
    for keyword in node.keywords:
        value = evaluate(frame, state, keyword.value)
        if keyword.name is None:
            known = containers.named_items(value)
            opaque = opaque or known is None
            keywords.extend(known or ())
            use(frame, value, "unpacked")
            frame.settle_items(value)
        else:
            keywords.append((keyword.name, value))
    frame.lazy_elsewhere -= offloads
    arguments = Arguments(tuple(args), tuple(keywords), opaque)
    frame.state = state
    result = calls.call(frame, callee, arguments, node)
    state.forget_attributes()
    mutation.called(state, callee, node, arguments)
    for observe in hooks.observers.called:
        observe(frame, callee, arguments, node, result)
    return result


def _subscript(frame: Frame, state: State, node: tree.Subscript, awaited_chain: bool) -> Value:
    owner = evaluate(frame, state, node.value, awaited_chain=awaited_chain)
    index = evaluate(frame, state, node.index)
    frame.settle(index)
    results: list[Value] = []
    for option in options(owner):
        if is_none(option) and len(options(owner)) > 1:
            continue  # would fail for another reason
        frame.state = state
        frame.ctx.hooks.observers.consume(frame, option, Place(frame.path, node.line, node.col))
        if isinstance(option, Coroutine):
            misuse(frame, option, "subscript", awaited_chain=awaited_chain)
        if isinstance(option, (ClassValue, Library)):
            results.append(option)  # a generic type given its parameters
        else:
            results.append(protocols.item_at(option, node.index))
    return union(results)


def _await(frame: Frame, state: State, node: tree.Await) -> Value:
    frame.note_awaited(node.value)
    frame.state = state
    for begin in frame.ctx.hooks.observers.awaits:
        begin(frame, node)
    value = evaluate(frame, state, node.value, awaited_chain=True)
    frame.state = state
    for observe in frame.ctx.hooks.observers.awaited:
        observe(frame, value, node)
    return protocols.awaited(frame, value, node)


def _display(frame: Frame, state: State, node: tree.Display) -> Value:
    found: list[Value] = []
    is_exact = True
    for part in node.items:
        if not isinstance(part, tree.Starred):
            found.append(evaluate(frame, state, part))
            continue
        value = evaluate(frame, state, part.value)
        if isinstance(value, Collection) and value.items is not None and value.kind != "dict":
            found += value.items
        else:
            is_exact = False
            found.append(protocols.elements(frame, value, Place(frame.path, node.line, node.col)))
    return display(node.kind, tuple(found)) if is_exact else Collection(node.kind, union(found))


def _dict(frame: Frame, state: State, node: tree.DictDisplay) -> Value:
    keys: list[str | None] = []
    items: list[Value] = []
    for key, value_node in zip(node.keys, node.values, strict=True):
        value = evaluate(frame, state, value_node)
        if key is None:
            use(frame, value, "unpacked")
            known = containers.named_items(value)
            keys += [None] if known is None else [name for name, _ in known]
            items += [UNKNOWN] if known is None else [item for _, item in known]
        else:
            frame.settle(evaluate(frame, state, key))
            keys.append(key.value if isinstance(key, tree.Const) and isinstance(key.value, str) else None)
            items.append(value)
    if None not in keys:  # the last of equal keys counts
        pairs = dict(zip(keys, items, strict=True))
        return display("dict", tuple(pairs.values()), tuple(pairs))
    return display("dict", tuple(items), tuple(keys))


def _binary(frame: Frame, state: State, node: tree.Binary) -> Value:
    left, right = evaluate(frame, state, node.left), evaluate(frame, state, node.right)
    for side, other in ((left, right), (right, left)):
        if node.op == "%" and side is right:
            continue
        if isinstance(other, (Const, Plain, Collection, Coroutine)):
            use(frame, side, "operand")  # another object may define the operator for coroutines
        else:
            frame.settle(side)
    if isinstance(left, Collection) and isinstance(right, Collection) and node.op == "+":
        return _concatenated(frame, left, right)
    if node.op == "%" and isinstance(left, (Const, Plain)):
        test(frame, right, node.right, "interpolated")
    frame.settle_items(left)
    frame.settle_items(right)
    operated = frame.ctx.hooks.models.operate(Operation(state, node.op, left, right, node.right))
    if operated is not None:
        return operated
    if node.op in ("+", "%") and isinstance(left, Const):
        return frame.ctx.hooks.models.join_texts(frame.ctx, (left, right))
    known = all(isinstance(side, (Const, Plain, Coroutine)) for side in (left, right))
    return Plain("object") if known or isinstance(left, (Const, Plain)) else UNKNOWN


def _concatenated(frame: Frame, left: Collection, right: Collection) -> Value:
    if left.items is None or right.items is None:
        frame.settle(left)
        frame.settle(right)
    return mutation.joined(left, right)


def _bool_op(frame: Frame, state: State, node: tree.BoolOp) -> Value:
    """``a and b``: each value is seen only where those before it let it through."""
    results: list[Value] = []
    current = state
    *firsts, last = node.values
    for part in firsts:
        value = evaluate(frame, current, part)
        test(frame, value, part)
        results += [conditions.known_as(option, node.op == "or") for option in options(value)
                    if conditions.may_be(option, node.op == "or")]  # fmt: skip
        through = conditions.assume(frame, current, part, node.op == "and")
        if not through:
            return frame.either(results)
        current = through[0]
    results.append(evaluate(frame, current, last))
    _keep_walrus(frame, state, current)
    _keep_effects(frame, state, [current])
    return frame.either(results)


def _keep_walrus(frame: Frame, state: State, inner: State) -> None:
    """What an expression bound on its way: it may be bound, so nothing is known of it."""
    for name in inner.env.keys() - state.env.keys():
        frame.settle(inner.env[name])
        state.env[name] = UNKNOWN


def _unary(frame: Frame, state: State, node: tree.Unary) -> Value:
    value = evaluate(frame, state, node.value)
    if node.op == "not":
        test(frame, value, node.value)
        return Plain("bool")
    use(frame, value, "operand")
    return UNKNOWN


_IDENTITY = frozenset({"is", "is not"})


def _compare(frame: Frame, state: State, node: tree.Compare) -> Value:
    sides = [evaluate(frame, state, side) for side in (node.left, *node.rights)]
    if len(node.ops) == 1:
        operation = Operation(state, node.ops[0], sides[0], sides[1], node.rights[0])
        condition = frame.ctx.hooks.models.operate(operation)
        if condition is not None:
            return condition
    for op, left, right in zip(node.ops, sides, sides[1:], strict=False):
        for side in (left, right):
            if op in _IDENTITY:
                if not isinstance(side, Const):
                    test(frame, side, node, "compared")
            elif not (op in ("in", "not in") and side is right and isinstance(side, Collection)):
                use(frame, side, "compared")
    return Plain("bool")


def _if_exp(frame: Frame, state: State, node: tree.IfExp) -> Value:
    test(frame, evaluate(frame, state, node.test), node.test)
    results = []
    paths = []
    for outcome, part in ((True, node.body), (False, node.orelse)):
        for path in conditions.assume(frame, state, node.test, outcome)[:1]:
            results.append(evaluate(frame, path, part))
            paths.append(path)
    _keep_effects(frame, state, paths)
    return frame.either(results)


def _keep_effects(frame: Frame, state: State, inner: list[State]) -> None:
    """What the parts of an expression did to objects."""
    frame.ctx.hooks.join_into(state, [path for path in inner if path is not state])


def _lambda(frame: Frame, state: State, node: tree.Lambda) -> Value:
    functions.capture(frame, state, node.body)
    return functions.nested(frame, state, node)


def _comp(frame: Frame, state: State, node: tree.Comp) -> Value:
    inner = state.fork()
    elsewhere = node.kind == "generator" and frame.lazy_elsewhere > 0
    frame.runs_elsewhere += elsewhere
    for loop in node.loops:
        iterated = evaluate(frame, inner, loop.iter)
        frame.state = inner
        item = protocols.iterate(frame, iterated, loop.iter, loop.is_async)
        statements.assign(frame, inner, loop.target, item)
        for condition in loop.ifs:
            test(frame, evaluate(frame, inner, condition), condition)
            through = conditions.assume(frame, inner, condition, True)
            if not through:  # the condition is known not to hold on this path
                frame.runs_elsewhere -= elsewhere
                return Collection(node.kind)
            inner = through[0]
    frame.enclosing_loops.append(node)
    values = [evaluate(frame, inner, item) for item in node.items]
    frame.enclosing_loops.pop()
    frame.runs_elsewhere -= elsewhere
    _keep_effects(frame, state, [inner])
    bound = {name for loop in node.loops for name in target_names(loop.target)}
    for name, value in inner.env.items():  # a walrus in it binds outside
        if name not in bound:
            state.env.setdefault(name, value)
    if node.kind == "generator":
        return Collection("generator", values[-1])
    return Collection(node.kind, values[-1])


def _fstring(frame: Frame, state: State, node: tree.FString) -> Value:
    parts = []
    for part in node.values:
        value = evaluate(frame, state, part)
        frame.state = state
        frame.ctx.hooks.observers.show(frame, value, Place(frame.path, part.line, part.col))
        test(frame, value, part, "interpolated")
        frame.settle_items(value)
        parts.append(value)
    return frame.ctx.hooks.models.join_texts(frame.ctx, parts)


def _starred(frame: Frame, state: State, node: tree.Starred) -> Value:
    frame.settle(evaluate(frame, state, node.value))
    return UNKNOWN


def _walrus(frame: Frame, state: State, node: tree.Walrus) -> Value:
    value = evaluate(frame, state, node.value)
    state.bind(node.target, value)
    return value


def _yield(frame: Frame, state: State, node: tree.Yield) -> Value:
    value = NONE if node.value is None else evaluate(frame, state, node.value)
    frame.settle(value)
    frame.yields.append(UNKNOWN if any(held(value)) else value)
    frame.yielded.append(state.fork())
    return UNKNOWN


def _yield_from(frame: Frame, state: State, node: tree.YieldFrom) -> Value:
    value = evaluate(frame, state, node.value)
    frame.settle(value)
    frame.yields.append(protocols.element(frame, value) if isinstance(value, Generator) else UNKNOWN)
    return UNKNOWN


def _other(frame: Frame, state: State, node: tree.Other) -> Value:
    for part in node.parts:
        frame.settle(evaluate(frame, state, part))
    return UNKNOWN


_CHAINS: dict[type, Callable[[Frame, State, Any, bool], Value]] = {
    tree.Attr: _attribute,
    tree.Call: _call,
    tree.Subscript: _subscript,
}

_EVALUATE: dict[type, Callable[[Frame, State, Any], Value]] = {
    tree.Name: _name,
    tree.Const: _const,
    tree.Await: _await,
    tree.Display: _display,
    tree.DictDisplay: _dict,
    tree.Binary: _binary,
    tree.BoolOp: _bool_op,
    tree.Unary: _unary,
    tree.Compare: _compare,
    tree.IfExp: _if_exp,
    tree.Lambda: _lambda,
    tree.Comp: _comp,
    tree.FString: _fstring,
    tree.Starred: _starred,
    tree.Walrus: _walrus,
    tree.Yield: _yield,
    tree.YieldFrom: _yield_from,
    tree.Other: _other,
}
