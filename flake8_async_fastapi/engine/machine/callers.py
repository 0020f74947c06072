"""Arguments that the callers of a function pass for a parameter, if its own file does not say enough."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Final, NamedTuple, TypeVar

import msgspec.structs

from flake8_async_fastapi.engine.calls_made import calls_made, names_around
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.machine import classes, expressions, functions, names, statements, summaries
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.text import path_of
from flake8_async_fastapi.engine.values import UNKNOWN, ClassValue, Function, Instance, Value
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr, Param, Stmt
from flake8_async_fastapi.facts.walk import (
    bound_names,
    flat,
    names_in,
    written_argument,
)
from flake8_async_fastapi.project.modules import is_test

N = TypeVar("N")
_MOST: Final = 12
"""Calls that are looked at."""
_STEPS: Final = 3
"""From variable to variable."""


class Passed(NamedTuple):
    """An argument as a caller writes it, with the state and its value there."""

    caller: Function
    written: Expr
    state: State
    value: Value


def values_passed(ctx: Context, function: Function, name: str) -> Iterator[Value]:
    """The values that callers pass for a parameter, as far as they are known; otherwise ``UNKNOWN``."""
    yield from (passed.value for passed in arguments_passed(ctx, function, name))
    yield from values_at_top(ctx, function, name)


def arguments_passed(ctx: Context, function: Function, name: str) -> Iterator[Passed]:
    """As ``values_passed``, with the callers: those that are functions."""
    place = _place_of(function, name)
    for caller, node in islice(_calls_of(ctx, function), _MOST):
        written = _written_for(node, place, name)
        if written is not None:
            yield Passed(caller, written, *_value_passed_in(ctx, caller, function, node, written))


def functions_calling(ctx: Context, function: Function) -> list[Function]:
    """The functions that call something of the name of a function, in files that import its own."""
    name, is_of_test = _name_called(function), is_test(function.path)
    near = ctx.project.callers(function.path, name, is_anywhere=False)
    calls = _calls_in_files(ctx, ctx.project.tests_mentioning(name, "") if is_of_test else near, name)
    return list({caller.key: caller for caller, _ in islice(calls, _MOST)}.values())


def run_for_notes(ctx: Context, caller: Function, kind: type[N]) -> N:
    """Run a function for what observers note about it if they find notes of this kind."""
    frame, state = summaries.enter_function(ctx, caller, summaries.bind_arguments(ctx, caller, None))
    noted = frame.notes_of(kind)
    if isinstance(caller.node, tree.FunctionDef):
        statements.run_statements(frame, caller.node.body, [state])
    return noted


def values_at_top(ctx: Context, function: Function, name: str) -> Iterator[Value]:
    """The values that the code of modules passes, outside of functions but for lambdas."""
    place, called = _place_of(function, name), _name_called(function)
    for path in _files_calling(ctx, function, called):
        if is_test(path) and not is_test(function.path):
            continue
        frame = Frame(ctx, path, "")
        for around, calls in ctx.project.view_of(path, calls_made, called) or ():
            for node in calls if around.function is None else ():
                written = _written_for(node, place, name)
                callee = expressions.evaluate(frame, State(), node.func)
                if written is not None and _is_call_of(ctx, callee, function):
                    yield expressions.evaluate(frame, State(), written)


def _place_of(function: Function, name: str) -> int:
    """The place of a parameter among the positional arguments of a call."""
    params = [param.name for param in function.node.params if param.kind in ("pos", "any")]
    if function.receiver is not None and params:
        params.pop(0)
    return params.index(name) if name in params else 1_000


def _written_for(node: tree.Call, place: int, name: str) -> Expr | None:
    """The argument of a call for a parameter, if it is written."""
    if any(isinstance(part, tree.Starred) for part in node.args):
        return None
    return written_argument(node, place, name)


def code_using(function: Function, name: str) -> tuple[frozenset[str], list[Stmt]]:
    """The variable or attributes that hold a parameter, and the code that uses them.

    What a constructor puts into attributes is used by the other methods of its class.
    """
    node = function.node
    if not isinstance(node, tree.FunctionDef):
        return frozenset(), []
    if node.name != "__init__" or function.owner is None or not node.params:
        return frozenset({name}), node.body
    me, owners = node.params[0].name, set[str]()
    for statement in flat(node.body):
        if isinstance(statement, tree.Assign) and isinstance(statement.value, tree.Name):
            owners |= {path_of(target) for target in statement.targets if statement.value.id == name}
    return frozenset(owner for owner in owners if owner.startswith(f"{me}.")), function.owner.node.body


def may_reach(frame: Frame) -> bool:
    """Whether a call of the running function may pass what its parameters are known to be on this path.

    One without known calls may be called in any way.
    """
    node, known = frame.node, frame.state.known
    if not isinstance(node, tree.FunctionDef) or frame.role or not known:
        return True
    bound = {name for statement in flat(node.body) for name in bound_names(statement)}
    asked = [one for one in node.params if one.name not in bound and not known.keys().isdisjoint(_tests(one))]
    if not asked:
        return True
    function = functions.as_function(frame.path, node, frame.owner, frame.receiver)
    calls = [call for _, call in islice(_calls_of(frame.ctx, function), _MOST + 1)]
    placed = [one.name for one in node.params[frame.receiver is not None :] if one.kind in ("pos", "any")]
    return not 0 < len(calls) <= _MOST or any(
        all(_may_pass(call, placed, param, known) for param in asked) for call in calls
    )


def _tests(param: Param) -> tuple[str, str]:
    """The conditions that tell about a parameter: its truth, and whether it is None."""
    return param.name, f"{param.name} is None"


def _may_pass(call: tree.Call, placed: list[str], param: Param, known: Mapping[str, bool]) -> bool:
    """Whether a call may pass for a parameter what is known of it."""
    if any(isinstance(one, tree.Starred) for one in call.args) or any(not one.name for one in call.keywords):
        return True
    place = placed.index(param.name) if param.name in placed else 1_000
    given = written_argument(call, place, param.name) or param.default
    for text, said in zip(_tests(param), (_truth_of(given), _is_none(given)), strict=True):
        if said is not None and known.get(text, said) is not said:
            return False
    return True


def _truth_of(given: Expr | None) -> bool | None:
    match given:
        case tree.Const(value=value):
            return bool(value)
        case tree.Display(items=items):
            return bool(items)
    return None


def _is_none(given: Expr | None) -> bool | None:
    match given:
        case tree.Const(value=value):
            return value is None
        case tree.Display() | tree.DictDisplay():
            return False
    return None


def _value_passed_in(
    ctx: Context, caller: Function, function: Function, node: tree.Call, given: Expr
) -> tuple[State, Value]:
    """The value of an argument at a call, if it calls the function, and the state there.

    Of the caller, only the code that binds the names in the argument is run: the rest is expensive and adds
    nothing.
    """
    assert isinstance(caller.node, tree.FunctionDef)
    wanted = {*names_in(given), *names_in(node.func)}
    if not wanted.isdisjoint(names_around(caller.node.body, given)):
        return State(), UNKNOWN
    binding: list[Stmt] = []
    for _ in range(_STEPS):
        binding = [
            _without_body(one) for one in flat(caller.node.body) if wanted.intersection(bound_names(one))
        ]
        wanted.update(names_in(binding))
    frame, state = summaries.enter_function(ctx, caller, summaries.bind_arguments(ctx, caller, None))
    for end in statements.run_statements(frame, binding, [state]):
        frame.state = end
        if _is_call_of(ctx, expressions.evaluate(frame, end, node.func), function):
            return end, expressions.evaluate(frame, end, given)
    return state, UNKNOWN


def _without_body(statement: Stmt) -> Stmt:
    """A statement that binds names, without its block."""
    if isinstance(statement, (tree.With, tree.For)):
        return msgspec.structs.replace(statement, body=[])
    return statement


def _is_call_of(ctx: Context, callee: Value, function: Function) -> bool:
    """Whether calling a value calls a function, or the class of which it is the constructor."""
    if isinstance(callee, Function):
        return callee.key == function.key
    if not isinstance(callee, ClassValue) or function.name != "__init__":
        return False
    order = (base for base in classes.mro(ctx, callee) if isinstance(base, ClassValue))
    makers = [base for base in order if classes.body_bindings(ctx, base, "__init__")]
    return makers[:1] == [function.owner]


def _calls_of(ctx: Context, function: Function) -> Iterator[tuple[Function, tree.Call]]:
    """The functions and methods at the top of files that call a function of this name, with the calls."""
    for name in _names_called(ctx, function):
        yield from _calls_in_files(ctx, _files_calling(ctx, function, name), name)


def _calls_in_files(ctx: Context, files: Iterable[str], name: str) -> Iterator[tuple[Function, tree.Call]]:
    """The functions and methods at the top of some files that call something of a name, with the calls."""
    for path in files:
        for around, calls in ctx.project.view_of(path, calls_made, name) or ():
            if around.function is None:
                continue
            caller = functions.as_function(path, around.function)
            if around.owner:
                cls = names.module_value(ctx, path, around.owner)
                if not isinstance(cls, ClassValue):
                    continue
                caller = classes.method_of_class(ctx, caller, cls)
            yield from ((caller, node) for node in calls)


def _name_called(function: Function) -> str:
    """The name by which a function is called: of a constructor, that of the class that is made."""
    if function.name != "__init__" or function.owner is None:
        return function.name
    return function.receiver.cls.name if isinstance(function.receiver, Instance) else function.owner.name


def _names_called(ctx: Context, function: Function) -> Iterable[str]:
    """As ``_name_called``, and of a constructor also the classes below, of which each may make an object."""
    name = _name_called(function)
    if function.name != "__init__" or function.owner is None or function.owner.name != name:
        return [name]
    below = (cls for path, cls in ctx.project.classes_below(name) if is_test(path) <= is_test(function.path))
    return dict.fromkeys((name, *below))


def _files_calling(ctx: Context, function: Function, name: str) -> Iterable[str]:
    """The files that may call a function: only tests call one of a test."""
    project = ctx.project
    return project.tests_mentioning(name, "") if is_test(function.path) else project.mentioning(name)
