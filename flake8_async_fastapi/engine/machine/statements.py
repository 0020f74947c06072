"""Transfer functions of statements: from the states before to the states after."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flake8_async_fastapi import knowledge
from flake8_async_fastapi.engine import hints, mutation, raising, tracing
from flake8_async_fastapi.engine.events import VariableTraced
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.joins import union
from flake8_async_fastapi.engine.leaving import never_returns
from flake8_async_fastapi.engine.machine import (
    attributes,
    conditions,
    control_flow,
    expressions,
    functions,
    names,
    operators,
    targets,
    type_hints,
)
from flake8_async_fastapi.engine.obligations import check_discarded, check_use, report_misuse
from flake8_async_fastapi.engine.places import Position
from flake8_async_fastapi.engine.state import State, limit_disjuncts
from flake8_async_fastapi.engine.text import path_of
from flake8_async_fastapi.engine.values import (
    NONE,
    UNKNOWN,
    Collection,
    Const,
    Instance,
    Library,
    ModuleValue,
    Plain,
    Unknown,
    Value,
    is_none,
)
from flake8_async_fastapi.engine.walks import held_coroutines, holds_coroutine
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr, Stmt
from flake8_async_fastapi.facts.walk import dotted, shared_names, starred_choice_in, target_names

States = list[State]


def run_statements(frame: Frame, body: list[Stmt], states: States) -> States:
    """Run statements on every path; the states of the paths that reach the end."""
    states = limit_disjuncts(states, frame)
    for statement in body:
        if not states or frame.ctx.exhausted():
            break
        states = limit_disjuncts(run_statement(frame, statement, states), frame, statement)
        if frame.ctx.trace and frame.emit and type(statement) not in control_flow.EXECUTE:
            trace_variables(frame, statement, states)
    return states


def run_statement(frame: Frame, statement: Stmt, states: States) -> States:
    """Run one statement on every path."""
    frame.ctx.steps += len(states)
    block = control_flow.EXECUTE.get(type(statement))
    if block is not None:
        return block(frame, states, statement)
    execute = _EXECUTE[type(statement)]
    return [after for state in states for after in execute(frame, state, statement)]


def trace_variables(frame: Frame, node: tree.Node, states: States) -> None:
    """Trace the variables after a statement, if they are known; imported names are left out."""
    for state in states:
        for name, value in (*state.env.items(), *state.attributes.items()):
            if not isinstance(value, (Unknown, Library, ModuleValue)):
                frame.state = state
                place = frame.path, node.line, node.col, frame.qualname
                frame.emit_event(VariableTraced(*place, name, value, tracing.describe(frame, value)))


def _run_expression(frame: Frame, state: State, node: tree.ExprStmt) -> States:
    if isinstance(node.value, tree.Call):
        frame.dropped_call = node.value
    value = expressions.evaluate(frame, state, node.value)
    frame.state = state
    for observe in frame.ctx.hooks.observers.dropped:
        observe(frame, value, node.value)
    check_discarded(frame, value)
    if isinstance(node.value, tree.Call) and knowledge.never_returns(path_of(node.value.func)):
        return []
    if _only_raises(frame, state, node.value):
        raising.leave(frame, state, raising.UNKNOWN_EXCEPTION)
        return []
    return [state, *_other_paths(frame, state, node)]


def _other_paths(frame: Frame, state: State, node: tree.ExprStmt | tree.Assign) -> States:
    """The other paths that the call of a statement may have taken, too."""
    others = frame.ctx.hooks.models.other_paths if state.parts else ()
    return [path for ask in others for path in ask(frame, state, node)]


def _only_raises(frame: Frame, state: State, node: Expr) -> bool:
    """Whether code calls a function of a module that always ends with a ``raise``."""
    called = node.value if isinstance(node, tree.Await) else node
    text = dotted(called.func) if isinstance(called, tree.Call) else ""
    if not text or text.partition(".")[0] in state.env:
        return False
    return never_returns(names.dotted_value(frame.ctx, frame.path, text), called is not node)


def _run_assign(frame: Frame, state: State, node: tree.Assign) -> States:
    if node.value is None:
        assert node.annotation is not None
        if isinstance(node.targets[0], tree.Name):
            state.bind(node.targets[0].id, type_hints.declared_value(frame, state, node.annotation))
        return [state]
    if isinstance(node.value, tree.IfExp):
        return _assign_alternatives(frame, state, node, node.value)
    if isinstance(node.value, tree.BoolOp):
        return _assign_operands(frame, state, node, node.value)
    ends: States = []
    for path in _paths_of_choice(frame, state, node.value):
        value = attributes.evaluate_whole(frame, path, node.value)
        if isinstance(node.targets[0], tree.Attr) and path_of(node.value) == path_of(node.targets[0]) != "":
            return [path]  # obj.name = obj.name changes nothing
        assigned = _assign_value(frame, path, node, value)
        ends += assigned
        if isinstance(node.value, tree.Await):
            for end in assigned:
                ends += _other_paths(frame, end, node)
    return ends


def _paths_of_choice(frame: Frame, state: State, node: Expr) -> States:
    """``f(*(a if c else b))``: one path for each, if a path can know whether ``c`` holds."""
    test = starred_choice_in(node) if isinstance(node, (tree.Call, tree.Await)) else None
    if test is None:
        return [state]
    paths = conditions.assume(frame, state, test, True)
    if any(conditions.assume(frame, path, test, False) for path in paths):
        return [state]
    return [*paths, *conditions.assume(frame, state, test, False)]


def _assign_alternatives(frame: Frame, state: State, node: tree.Assign, value: tree.IfExp) -> States:
    """``x = a if c else b``: one path for each, so that a later ``if c`` agrees with it."""
    operators.test(frame, state, value.test)
    ends: States = []
    for outcome, part in ((True, value.body), (False, value.orelse)):
        for path in conditions.assume(frame, state, value.test, outcome):
            ends += _assign_value(frame, path, node, expressions.evaluate(frame, path, part))
    return ends


def _assign_operands(frame: Frame, state: State, node: tree.Assign, value: tree.BoolOp) -> States:
    """``x = a or b``: one path for each, as for ``x = a if a else b``."""
    ends: States = []
    for path, kept, condition in operators.operands_by_path(frame, state, value):
        if not kept:
            continue
        reached = [path] if condition is None else conditions.assume(frame, path, condition, value.op == "or")
        for after in reached:
            ends += _assign_value(frame, after, node, union(kept))
    return ends


def _assign_value(frame: Frame, state: State, node: tree.Assign, value: Value) -> States:
    declared = UNKNOWN
    if node.annotation is not None and (isinstance(value, Unknown) or is_none(value)):
        declared = type_hints.declared_value(frame, state, node.annotation)
        value = declared if isinstance(value, Unknown) else value
    elif node.annotation is not None:
        value = type_hints.with_declared_item(frame, state, value, node.annotation)
    frame.state = state
    observers = frame.ctx.hooks.observers
    for observe in observers.assigned:
        observe(frame, node, value)
    for target in node.targets:  # most are variables of a function
        if not isinstance(target, tree.Name) or frame.node is None or target.id in frame.globals:
            for observe in observers.stored:
                observe(frame, node, value)
            break
    states = targets.split_alternatives(frame, state, value)
    for after, single in states:
        for target in node.targets:
            targets.assign_target(frame, after, target, single)
    if isinstance(node.targets[0], tree.Attr) and not isinstance(declared, Unknown):
        frame.assigned_anywhere.bind(path_of(node.targets[0]), declared)
    return [after for after, _ in states]


def _run_aug_assign(frame: Frame, state: State, node: tree.AugAssign) -> States:
    value = expressions.evaluate(frame, state, node.value)
    if isinstance(node.target, tree.Attr):
        frame.mutated_attribute = node.target
    before = expressions.evaluate(frame, state, node.target)
    frame.mutated_attribute = None
    check_use(frame, before, "operand")
    frame.discharge_items(before)
    if isinstance(before, (Const, Plain, Collection)):
        check_use(frame, value, "operand")
        frame.discharge_items(value)
    else:
        frame.discharge(value)  # another object may define the operator for coroutines
    after: Value = UNKNOWN
    if isinstance(before, Collection) and not holds_coroutine(before):
        after = mutation.concatenate(before, value)
    for observe in frame.ctx.hooks.observers.augments:
        observe(frame, node)
    targets.assign_target(frame, state, node.target, after)
    return [state]


def _run_return(frame: Frame, state: State, node: tree.Return) -> States:
    for path in [state] if node.value is None else _paths_of_choice(frame, state, node.value):
        _return_value(frame, path, node)
    return []


def _return_value(frame: Frame, state: State, node: tree.Return) -> None:
    value = NONE if node.value is None else expressions.evaluate(frame, state, node.value)
    if isinstance(node.value, tree.Name) and isinstance(value, Instance) and state.attributes:
        value = mutation.with_assigned(value, state.assigned_to(node.value.id))
    if frame.role:
        for coroutine in held_coroutines(value):
            report_misuse(frame, coroutine, "returned")
    value = functions.check_given_back(frame, value)
    frame.returned.update(coroutine.origin for coroutine in held_coroutines(value))
    frame.return_places.append(Position(node.line, node.col))
    frame.returns.append(value)
    frame.exits.append(state)


def _run_raise(frame: Frame, state: State, node: tree.Raise) -> States:
    values = [expressions.evaluate(frame, state, part) for part in node.parts]
    maker: Value = UNKNOWN
    if values and isinstance(values[0], Unknown) and isinstance(node.parts[0], tree.Call):
        maker = expressions.evaluate(frame, state, node.parts[0].func)
    exception = raising.exception_of(frame, node, values[0] if values else UNKNOWN, maker)
    for observe in frame.ctx.hooks.observers.raises:
        observe(frame, node, exception.value)
    raising.leave(frame, state, exception)
    return []


def _run_assert(frame: Frame, state: State, node: tree.Assert) -> States:
    operators.test(frame, state, node.test)
    if node.message is not None:
        expressions.evaluate(frame, state, node.message)
    return conditions.assume(frame, state, node.test, True)


def _run_delete(frame: Frame, state: State, node: tree.Delete) -> States:
    for target in node.targets:
        frame.discharge(expressions.evaluate(frame, state, target))
        if isinstance(target, tree.Subscript):
            mutation.delete_item(state, path_of(target.value))
        for name in target_names(target):
            state.bind(name, UNKNOWN)
            if frame.language is not None:
                del state.env[name]  # a variable made by the lowering, whose scope ends
    return [state]


def _run_jump(frame: Frame, state: State, node: tree.Jump) -> States:
    if frame.loops:
        broken, continued = frame.loops[-1]
        (broken if node.word == "break" else continued).append(state)
    return []


def _run_import(frame: Frame, state: State, node: tree.Import) -> States:
    for binding in node.bindings:
        if binding.local != "*":
            state.bind(binding.local, names.imported_value(frame.ctx, frame.path, node, binding.local))
    return [state]


def _run_scope(frame: Frame, state: State, node: tree.Scope) -> States:
    frame.globals.update(node.names)
    return [state]


def _run_function_definition(frame: Frame, state: State, node: tree.FunctionDef) -> States:
    functions.discharge_captured(frame, state, node.body)
    shared = frame.ctx.derive(
        ("shared names", frame.path, node.qualname, node.line), lambda: tuple(shared_names(node.body))
    )
    for name in shared:
        frame.assigned_by_nested.add(name)
        if name in state.env:
            state.bind(name, UNKNOWN)
    function = functions.nested_function(frame, state, node)
    for decorator in node.decorators:
        value = expressions.evaluate(
            frame, state, decorator.func if isinstance(decorator, tree.Call) else decorator
        )
        check_discarded(frame, expressions.evaluate(frame, state, decorator))
        for observe in frame.ctx.hooks.observers.decorated:
            observe(frame, value, function, decorator)
    for param in node.params:
        if param.default is not None:
            expressions.evaluate(frame, state, param.default)
        for extra in hints.annotated_metadata(param.annotation):
            expressions.evaluate(frame, state, extra)
    frame.nested_functions[function.key] = function
    state.bind(node.name, functions.apply_decorators(frame, state, function))
    return [state]


def _run_class_definition(frame: Frame, state: State, node: tree.ClassDef) -> States:
    functions.discharge_captured(frame, state, node.body)
    closure = functions.visible_closure(frame, state)
    cls = names.class_value(frame.path, node, closure)
    frame.nested_classes[cls.key] = cls
    state.bind(node.name, cls)
    return [state]


_EXECUTE: dict[type, Callable[[Frame, State, Any], States]] = {
    tree.ExprStmt: _run_expression,
    tree.Assign: _run_assign,
    tree.AugAssign: _run_aug_assign,
    tree.Return: _run_return,
    tree.Raise: _run_raise,
    tree.Assert: _run_assert,
    tree.Delete: _run_delete,
    tree.Jump: _run_jump,
    tree.Import: _run_import,
    tree.Scope: _run_scope,
    tree.FunctionDef: _run_function_definition,
    tree.ClassDef: _run_class_definition,
}
