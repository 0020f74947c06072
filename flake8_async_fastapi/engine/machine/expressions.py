"""Transfer functions of expressions: the value of each, and its effects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flake8_async_fastapi.engine import comprehensions, containers, mutation
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.joins import union
from flake8_async_fastapi.engine.machine import (
    attributes,
    calls,
    conditions,
    functions,
    names,
    operators,
    protocols,
    targets,
    truth,
)
from flake8_async_fastapi.engine.obligations import check_use, note_test, report_misuse
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.text import path_of
from flake8_async_fastapi.engine.values import (
    BOOL,
    FALSE,
    NONE,
    TRUE,
    UNKNOWN,
    Arguments,
    ClassValue,
    Collection,
    Coroutine,
    Generator,
    Library,
    Object,
    Plain,
    Value,
    alternatives,
    is_none,
)
from flake8_async_fastapi.engine.walks import holds_coroutine
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import target_names


def evaluate(frame: Frame, state: State, node: Expr, *, awaited_chain: bool = False) -> Value:
    """The value of an expression.

    ``awaited_chain`` says that an ``await`` precedes the chain of calls and attributes that starts with
    this expression.
    """
    kind = type(node)
    chain = _CHAINS.get(kind)
    return _EVALUATE[kind](frame, state, node) if chain is None else chain(frame, state, node, awaited_chain)


def _evaluate_name(frame: Frame, state: State, node: tree.Name) -> Value:
    value = names.look_up_name(frame, state, node.id)
    known = state.known.get(node.id)
    if known is not None and value == BOOL:  # narrowed by a condition on this path
        return TRUE if known else FALSE
    return value


def _evaluate_const(frame: Frame, state: State, node: tree.Const) -> Value:
    if isinstance(node.value, str):
        return frame.ctx.hooks.models.text(frame.ctx, node.value)
    if node.value is None:
        return NONE
    if isinstance(node.value, bool):
        return TRUE if node.value else FALSE
    return Plain(type(node.value).__name__)


def _evaluate_attribute(frame: Frame, state: State, node: tree.Attr, awaited_chain: bool) -> Value:
    if state.attributes and (assigned := state.attributes.get(path_of(node))) is not None:
        return assigned
    owner = evaluate(frame, state, node.value, awaited_chain=awaited_chain)
    frame.state = state
    return attributes.read_attribute(frame, owner, node, awaited_chain)


def _evaluate_call(frame: Frame, state: State, node: tree.Call, awaited_chain: bool) -> Value:
    if frame.language is not None and (special := frame.language.call(frame, state, node)) is not None:
        return special
    if isinstance(node.func, tree.Attr) and node.func.name in mutation.MUTATORS:
        frame.mutated_attribute = node.func.value
    callee = evaluate(frame, state, node.func, awaited_chain=awaited_chain)
    frame.mutated_attribute = None
    hooks = frame.ctx.hooks
    offloads = False
    for ask in hooks.models.offloads:
        offloads = offloads or ask(frame.ctx, callee)
    frame.in_offloaded_argument += offloads
    args, placed = names.unpack_starred(frame, state, node.args)
    keywords, all_known = names.unpack_keywords(frame, state, node.keywords) if node.keywords else ([], True)
    opaque = placed < len(args) or not all_known
    frame.in_offloaded_argument -= offloads
    arguments = Arguments(tuple(args), tuple(keywords), opaque, placed if opaque else 0)
    frame.state = state
    result = calls.call_value(frame, callee, arguments, node)
    state.forget_attributes()
    mutation.change_containers(state, callee, node, arguments, once=not frame.enclosing_loops)
    for observe in hooks.called.of(callee, frame.emit, node):
        observe(frame, callee, arguments, node, result)
    return result


def _evaluate_subscript(frame: Frame, state: State, node: tree.Subscript, awaited_chain: bool) -> Value:
    owner = evaluate(frame, state, node.value, awaited_chain=awaited_chain)
    index = evaluate(frame, state, node.index)
    frame.discharge(index)
    results: list[Value] = []
    for alternative in alternatives(owner):
        if (is_none(alternative) or containers.is_empty(alternative)) and len(alternatives(owner)) > 1:
            continue  # it would fail for another reason
        frame.state = state
        frame.ctx.hooks.observers.consume(frame, alternative, Place(frame.path, node.line, node.col))
        if isinstance(alternative, Coroutine):
            in_chain = isinstance(node.value, tree.Call)
            report_misuse(frame, alternative, "subscript", awaited_chain=awaited_chain, in_chain=in_chain)
        if isinstance(alternative, (ClassValue, Library)):
            results.append(alternative)  # a generic type with parameters
        else:
            whole = protocols.as_tuple(frame.ctx, alternative)
            results.append(protocols.item_at(frame, whole, node.index, index))
    return union(results)


def _evaluate_await(frame: Frame, state: State, node: tree.Await) -> Value:
    frame.note_awaited(node.value)
    frame.state = state
    for begin in frame.ctx.hooks.observers.awaits:
        begin(frame, node)
    value = evaluate(frame, state, node.value, awaited_chain=True)
    frame.state = state
    for observe in frame.ctx.hooks.observers.awaited:
        observe(frame, value, node)
    return protocols.await_value(frame, value, node)


def _evaluate_display(frame: Frame, state: State, node: tree.Display) -> Value:
    found: list[Value] = []
    is_exact = True
    for part in node.items:
        if not isinstance(part, tree.Starred):
            found.append(evaluate(frame, state, part))
            continue
        value = protocols.as_tuple(frame.ctx, evaluate(frame, state, part.value))
        if isinstance(value, Collection) and value.items is not None and value.kind != "dict":
            found += value.items
        else:
            is_exact = False
            found.append(protocols.elements_of(frame, value, Place(frame.path, node.line, node.col)))
    return containers.display(node.kind, tuple(found)) if is_exact else Collection(node.kind, union(found))


def _evaluate_dict(frame: Frame, state: State, node: tree.DictDisplay) -> Value:
    keys: list[str | None] = []
    items: list[Value] = []
    for key, value_node in zip(node.keys, node.values, strict=True):
        value = evaluate(frame, state, value_node)
        if key is None:
            check_use(frame, value, "unpacked")
            known = containers.named_items(value)
            keys += [None] if known is None else [name for name, _ in known]
            items += [UNKNOWN] if known is None else [item for _, item in known]
        else:
            named = evaluate(frame, state, key)
            frame.discharge(named)
            frame.state = state
            keys.append(names.key_written(frame, key, named))
            items.append(value)
    if None not in keys:  # the last of equal keys wins
        pairs = dict(zip(keys, items, strict=True))
        return containers.display("dict", tuple(pairs.values()), tuple(pairs))
    return containers.display("dict", tuple(items), tuple(keys))


def _evaluate_if_exp(frame: Frame, state: State, node: tree.IfExp) -> Value:
    operators.test(frame, state, node.test)
    results = []
    paths = []
    for outcome, part in ((True, node.body), (False, node.orelse)):
        for path in conditions.assume(frame, state, node.test, outcome)[:1]:
            results.append(evaluate(frame, path, part))
            paths.append(path)
    conditions.keep_effects(frame, state, paths, node)
    return frame.join_or_discharge(results)


def _evaluate_lambda(frame: Frame, state: State, node: tree.Lambda) -> Value:
    functions.discharge_captured(frame, state, node.body)
    return functions.nested_function(frame, state, node)


def _evaluate_comprehension(frame: Frame, state: State, node: tree.Comp) -> Value:
    inner = state.fork()
    elsewhere = node.kind == "generator" and frame.in_offloaded_argument > 0
    frame.runs_elsewhere += elsewhere
    for loop in node.loops:
        iterated = evaluate(frame, inner, loop.iter)
        if loop is node.loops[0] and truth.has_no_items(frame, inner, loop.iter, iterated):
            frame.runs_elsewhere -= elsewhere
            return containers.display(node.kind, (), () if node.kind == "dict" else None)
        frame.state = inner
        item = protocols.iterate_value(frame, iterated, loop.iter, loop.is_async)
        targets.assign_target(frame, inner, loop.target, item)
        for condition in loop.ifs:
            operators.test(frame, inner, condition)
            through = conditions.assume(frame, inner, condition, True)
            if not through:  # the condition is known not to hold on this path
                frame.runs_elsewhere -= elsewhere
                return Collection(node.kind)
            inner = through[0]
    frame.enclosing_loops.append(node)
    values = [evaluate(frame, inner, item) for item in node.items]
    frame.enclosing_loops.pop()
    frame.runs_elsewhere -= elsewhere
    bound = {name for loop in node.loops for name in target_names(loop.target)}
    for name, value in inner.env.items():  # a walrus in it binds a name outside
        if name not in bound:
            state.env.setdefault(name, value)
    conditions.keep_effects(frame, state, [inner], node)
    chosen = comprehensions.chosen_items(frame, state, node, iterated, evaluate, conditions.assume)
    return chosen or Collection(node.kind, values[-1])


def _evaluate_fstring(frame: Frame, state: State, node: tree.FString) -> Value:
    parts = []
    for part in node.values:
        value = evaluate(frame, state, part)
        frame.state = state
        frame.ctx.hooks.observers.show(frame, value, Place(frame.path, part.line, part.col))
        note_test(frame, value, part, "interpolated")
        frame.discharge_items(value)
        parts.append(value)
    return frame.ctx.hooks.models.join_texts(frame.ctx, parts)


def _evaluate_starred(frame: Frame, state: State, node: tree.Starred) -> Value:
    frame.discharge(evaluate(frame, state, node.value))
    return UNKNOWN


def _evaluate_walrus(frame: Frame, state: State, node: tree.Walrus) -> Value:
    value = evaluate(frame, state, node.value)
    state.bind(node.target, value)
    return value


def _evaluate_yield(frame: Frame, state: State, node: tree.Yield) -> Value:
    value = NONE if node.value is None else evaluate(frame, state, node.value)
    frame.discharge(value)
    frame.yields.append(UNKNOWN if holds_coroutine(value) else value)
    frame.yield_states.append(state.fork())
    return UNKNOWN


def _evaluate_yield_from(frame: Frame, state: State, node: tree.YieldFrom) -> Value:
    value = evaluate(frame, state, node.value)
    frame.discharge(value)
    frame.state = state
    is_known = isinstance(value, (Generator, Collection, Object))
    frame.yields.append(protocols.iterate_value(frame, value, node.value, False) if is_known else UNKNOWN)
    frame.yield_states.append(state.fork())
    return UNKNOWN


def _evaluate_other(frame: Frame, state: State, node: tree.Other) -> Value:
    for part in node.parts:
        frame.discharge(evaluate(frame, state, part))
    return UNKNOWN


_CHAINS: dict[type, Callable[[Frame, State, Any, bool], Value]] = {
    tree.Attr: _evaluate_attribute,
    tree.Call: _evaluate_call,
    tree.Subscript: _evaluate_subscript,
}

_EVALUATE: dict[type, Callable[[Frame, State, Any], Value]] = {
    tree.Name: _evaluate_name,
    tree.Const: _evaluate_const,
    tree.Await: _evaluate_await,
    tree.Display: _evaluate_display,
    tree.DictDisplay: _evaluate_dict,
    tree.Binary: operators.evaluate_binary,
    tree.BoolOp: operators.evaluate_bool_op,
    tree.Unary: operators.evaluate_unary,
    tree.Compare: operators.evaluate_compare,
    tree.IfExp: _evaluate_if_exp,
    tree.Lambda: _evaluate_lambda,
    tree.Comp: _evaluate_comprehension,
    tree.FString: _evaluate_fstring,
    tree.Starred: _evaluate_starred,
    tree.Walrus: _evaluate_walrus,
    tree.Yield: _evaluate_yield,
    tree.YieldFrom: _evaluate_yield_from,
    tree.Other: _evaluate_other,
}
