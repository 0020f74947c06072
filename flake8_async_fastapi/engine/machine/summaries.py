"""Runs of callees: the return value, the yields and the effects of a function for its arguments.

One summary is kept for each combination of arguments that can make a difference. If an annotation gives the
type of a parameter, the argument adds little, and all calls share one summary.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from msgspec.structs import replace

from flake8_async_fastapi.engine import assignments, hints, raising, relevance, renaming, stand_ins
from flake8_async_fastapi.engine.effects import AppliedCall, Ends
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.joins import join_bindings, join_returns
from flake8_async_fastapi.engine.machine import classes, expressions, functions, statements
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.receivers import receiver_after
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.summary import NOTHING, Footprint, Summary
from flake8_async_fastapi.engine.values import (
    NONE,
    UNKNOWN,
    Arguments,
    Collection,
    Coroutine,
    Function,
    Instance,
    Object,
    OneOf,
    PassedDict,
    Unknown,
    Value,
    alternatives,
)
from flake8_async_fastapi.engine.walks import holds_coroutine
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr, Param

_MOST_PLACES: Final = 1_000

Bound: TypeAlias = tuple[tuple[str, Value], ...]
"""The parameters of a call, without the receiver."""


def summarise(ctx: Context, function: Function, arguments: Arguments | None) -> Summary:
    """Run a function for its return value, its yields and its effects.

    ``arguments`` are None if the caller is not known: then parameters have the values of their annotations.
    """
    if arguments is not None and (relevance.is_long(ctx, function) or ctx.is_in_wide_circle(function.key)):
        arguments = None  # its result hardly depends on one argument, and each run costs time
    bound = bind_arguments(ctx, function, arguments)
    if function.key in ctx.active:
        ctx.note_circle(ctx.active[function.key])
        if arguments is not None:
            # arguments may grow without end from call to call: a recursive call gets the usual ones
            ctx.mark_partial(ctx.active[function.key])
            bound = bind_arguments(ctx, function, None)
    return _summary(ctx, function, bound, ())


def _summary(ctx: Context, function: Function, bound: Bound, footprint: Footprint) -> Summary:
    key = ("call", function, bound, footprint)
    return ctx.query(key, lambda: _run_apart(ctx, function, bound, footprint), NOTHING)


def apply_summary(frame: Frame, function: Function, arguments: Arguments, origin: Place) -> Summary:
    """Call a function from a frame: returns its summary in the caller's names, and applies its effects.

    Reads of missing attributes are reported at the call, or left to the next caller.
    """
    ctx, receiver, names = frame.ctx, function.receiver, renaming.Renaming()
    captured = _captured_objects(frame, function) if function.closure is not None else ()
    given = [*arguments.values(), *((function.receiver,) if function.receiver is not None else ())]
    carries = bool(captured) or any(renaming.has_identity(ctx, value) for value in given)
    goes_deeper = carries and not captured and all(renaming.has_identity(ctx, value) for value in given)
    is_inside = function.key in ctx.active and not (goes_deeper and function.key not in ctx.deeper)
    usual = relevance.is_long(ctx, function) or is_inside or ctx.is_in_wide_circle(function.key)
    if usual or not carries:
        if usual:
            ctx.hooks.observers.cause_havoc(frame, [*given, *(value for _, value in captured)])
        summary = summarise(ctx, function, arguments)
    else:
        function, summary, names = _summary_with_objects(frame, function, arguments, captured)
    if summary.globals:
        relevance.forget_assigned(frame, function, summary)
    call = AppliedCall(frame, function, origin, renaming.ToCaller(names, origin))
    summary = _apply_to_caller(call, summary)
    for observe in ctx.hooks.observers.receiver_changed:
        observe(frame, receiver, summary.receiver)
    is_made = isinstance(frame.node, tree.FunctionDef) and frame.node.name == "__init__"
    if is_made and frame.receiver == receiver:
        assignments.keep_assigned(frame.state, frame.receiver_name, receiver, summary.receiver)
    return summary


def _summary_with_objects(
    frame: Frame, function: Function, arguments: Arguments, captured: Bound
) -> tuple[Function, Summary, renaming.Renaming]:
    """A run of a function that gets objects, with their names in it.

    It gets the objects among its arguments, and those behind the attributes that it mentions. If its
    callees need more, it is run again: objects that it never reads do not distinguish two calls.
    """
    ctx = frame.ctx
    bound = (*bind_arguments(ctx, function, arguments), *captured)
    receiver = function.receiver
    values = [value for _, value in bound]
    if receiver is not None:
        values.append(receiver)
    followed = relevance.mentions_of(ctx, function).attributes
    while True:
        names = renaming.renaming_of(ctx, frame.path, values, followed)
        footprint = ctx.hooks.footprint(ctx, frame.state, names, values)
        inside = tuple((name, renaming.to_callee(names, value)) for name, value in bound)
        if receiver is not None:
            function = replace(function, receiver=renaming.to_callee(names, receiver))
        summary = _summary(ctx, function, inside, footprint)
        ctx.wanted |= names.wanted
        if summary.wanted <= followed:
            return function, summary, names
        followed |= summary.wanted


def _apply_to_caller(call: AppliedCall, summary: Summary) -> Summary:
    """A summary in the caller's names, with the remaining parts after they were applied to the path."""
    raising.raise_in_caller(call, summary.raises)
    out: renaming.ToCaller = call.renaming
    if not (summary.parts or out.renaming.resources):
        return summary
    left = call.frame.ctx.hooks.call(call, summary.parts)
    return replace(
        summary,
        returns=out.value(summary.returns),
        yields=out.value(summary.yields),
        receiver=out.value(summary.receiver) if summary.receiver is not None else None,
        parts=left,
    )


def _captured_objects(frame: Frame, function: Function) -> Bound:
    """The objects in enclosing variables that a nested function sees; they are passed like arguments.

    If it is called elsewhere than in the run that defined it, it may change them in any way.
    """
    ctx, closure = frame.ctx, function.closure
    if not frame.state.parts or closure is None:
        return ()
    if closure.scope is frame.scope:
        return relevance.captured_objects(ctx, function, frame.state.env)
    around = relevance.closure_values(ctx, function)
    if any(renaming.has_identity(ctx, value) for value in around):
        ctx.hooks.observers.cause_havoc(frame, around)
    return ()


def global_value(ctx: Context, function: Function, name: str) -> Value:
    """The value that a function assigns to a name of its module after ``global``."""
    for assigned, value in summarise(ctx, function, None).globals:
        if assigned == name:
            return renaming.without_new_locations(value)
    return UNKNOWN


def assigned_value(ctx: Context, method: Function, name: str, arguments: Arguments | None = None) -> Value:
    """The value that a method assigns to an attribute of its receiver."""
    receiver = summarise(ctx, method, arguments).receiver
    if isinstance(receiver, Instance):
        for attribute, value in receiver.attributes or ():
            if attribute == name:
                return renaming.without_new_locations(value)
    return UNKNOWN


def uses_as_plain_value(ctx: Context, function: Function, arguments: Arguments) -> dict[int, str]:
    """The places of coroutines among the arguments that a function uses as if they were results.

    Other uses, also none at all, are allowed.
    """
    node = function.node
    if not isinstance(node, tree.FunctionDef) or node.is_stub or arguments.opaque:
        return {}
    places = {
        index: Place("<argument>", index, 0)
        for index, value in enumerate(arguments.values())
        if any(isinstance(option, Coroutine) for option in alternatives(value))
    }
    if not places:
        return {}
    marked = [
        Coroutine("", "other", places[index]) if index in places else value
        for index, value in enumerate(arguments.values())
    ]
    count, names = len(arguments.args), [name for name, _ in arguments.keywords]
    passed = Arguments(tuple(marked[:count]), tuple(zip(names, marked[count:], strict=True)))
    bound = bind_arguments(ctx, function, passed)

    def run() -> dict[int, str]:
        frame, state = enter_function(ctx, function, bound)
        for origin in places.values():
            frame.owed[origin] = Coroutine("", "other", origin)
        statements.run_statements(frame, node.body, [state])
        return {
            index: frame.reported_misuses[origin]
            for index, origin in places.items()
            if origin in frame.reported_misuses and origin not in frame.discharged
        }

    return ctx.query(("fates", function, bound), run, {})


def bind_arguments(ctx: Context, function: Function, arguments: Arguments | None) -> Bound:
    """The values of a function's parameters in a call, as far as they make a difference."""
    params = list(function.node.params)
    if hints.takes_receiver(function):
        params.pop(0)
    elif function.receiver is not None and arguments is not None:  # into `*args`
        arguments = arguments.after(function.receiver)
    bound = []
    for place, param in enumerate(params):
        if arguments is None and any(ask(ctx, function, place) for ask in ctx.hooks.models.undeclared):
            value: Value = UNKNOWN
        else:
            value = _argument_value(ctx, function, param, place, arguments)
        bound.append((param.name, value))
    return tuple(bound)


def enter_function(
    ctx: Context, function: Function, bound: Bound, footprint: Footprint = ()
) -> tuple[Frame, State]:
    """A frame for a run of a function, and its first state: the parameters."""
    frame = _function_frame(ctx, function)
    frame.is_async = function.is_async
    state = State(dict(bound))
    ctx.hooks.put_footprint(state, footprint)
    for param in function.node.params:  # values that dependencies provide
        value, provided = _declared_parameter(ctx, function, param)
        if provided and state.env.get(param.name) == value:
            ctx.hooks.put_footprint(state, provided)
    frame.state = state
    if hints.takes_receiver(function) and function.receiver is not None:
        frame.receiver_name = function.node.params[0].name
        state.env[frame.receiver_name] = function.receiver
        if isinstance(function.receiver, Instance):
            for name, value in function.receiver.attributes or ():
                state.attributes[f"{frame.receiver_name}.{name}"] = value
    for observe in ctx.hooks.observers.run_begins:
        observe(frame, function)
    return frame, state


def _function_frame(ctx: Context, function: Function) -> Frame:
    qualname = function.node.qualname if isinstance(function.node, tree.FunctionDef) else "<lambda>"
    owner, receiver, closure = function.owner, function.receiver, function.closure
    return Frame(
        ctx, function.path, qualname, owner=owner, receiver=receiver, closure=closure, node=function.node
    )


def _argument_value(
    ctx: Context, function: Function, param: Param, place: int, arguments: Arguments | None
) -> Value:
    if param.kind == "*":
        rest = arguments.args[place:] if arguments is not None and not arguments.opaque else None
        return Collection("tuple", items=rest)
    if param.kind == "**":
        return _collected_keywords(ctx, function, arguments)
    known, _ = _declared_parameter(ctx, function, param)
    if arguments is None:
        return known
    passed = arguments.get(place if param.kind != "kw" else _MOST_PLACES, param.name)
    if passed is not None:
        return stand_ins.argument(ctx, passed, known, function, param.name, classes.mro)
    # a `**` of unknown names is hardly there to turn over what is on or off by default
    is_switch = isinstance(param.default, tree.Const) and isinstance(param.default.value, bool)
    if param.default is not None and (is_switch or not arguments.opaque):
        default = _default_value(ctx, function, param.name, param.default)
        if not isinstance(default, Unknown) and ctx.hooks.models.parameter(default) is None:
            return default
    return known


def _default_value(ctx: Context, function: Function, name: str, written: Expr) -> Value:
    """The value of a parameter that a call does not pass."""

    def evaluate() -> Value:
        return expressions.evaluate(_function_frame(ctx, function), State(), written)

    return ctx.query(("default", function.key, function.closure, function.owner, name), evaluate, UNKNOWN)


def _collected_keywords(ctx: Context, function: Function, arguments: Arguments | None) -> Value:
    """The contents of ``**kwargs``; its keys distinguish two calls."""
    if arguments is None or arguments.opaque:
        return Collection("dict")
    named = {param.name for param in function.node.params}
    given = [
        (name, relevance.specialise(ctx, value, UNKNOWN, None, name))
        for name, value in arguments.keywords
        if name not in named
    ]
    return PassedDict("dict", items=tuple(value for _, value in given), keys=tuple(name for name, _ in given))


def _declared_parameter(ctx: Context, function: Function, param: Param) -> tuple[Value, Footprint]:
    """The value of a parameter by itself, with the knowledge about objects from its dependency."""
    receiver = function.receiver.cls if isinstance(function.receiver, Instance) else function.receiver
    key = ("declared", function.key, function.closure, receiver, param.name)

    def compute() -> tuple[Value, Footprint]:
        frame = _function_frame(ctx, function)
        declared = functions.declared_parameter(frame, param)
        value = ctx.hooks.models.passed_value(frame, function, param, declared)
        if isinstance(value, Object) and ctx.hooks.models.resource(value.type) and value.origin is None:
            value = replace(value, origin=Place(f"<{param.name}>", 0, 0))
        return value, ctx.hooks.footprint(ctx, frame.state, None, [value])

    nothing: tuple[Value, Footprint] = (UNKNOWN, ())
    return ctx.query(key, compute, nothing)


def _run_apart(ctx: Context, function: Function, bound: Bound, footprint: Footprint) -> Summary:
    key, wanted_outside = function.key, ctx.wanted
    outer, was_deeper = ctx.active.get(key), key in ctx.deeper
    ctx.active[key] = len(ctx.running) - 1 if outer is None else outer
    if outer is not None:
        ctx.deeper.add(key)
    ctx.wanted = set()
    try:
        return _run_to_end(ctx, function, bound, footprint)
    finally:
        ctx.wanted = wanted_outside
        if outer is None:
            del ctx.active[key]
        elif not was_deeper:
            ctx.deeper.discard(key)


def _run_to_end(ctx: Context, function: Function, bound: Bound, footprint: Footprint) -> Summary:
    frame, state = enter_function(ctx, function, bound, footprint)
    node = function.node
    if isinstance(node, tree.Lambda):
        frame.returns.append(expressions.evaluate(frame, state, node.body))
        frame.exits.append(state)
        ends = []
    else:
        ends = statements.run_statements(frame, node.body, [state])
        if ends and not node.is_stub:
            for end in ends:
                frame.returns.append(NONE)
                frame.exits.append(end)
    returns = join_returns([UNKNOWN if _hides_coroutine(value) else value for value in frame.returns])
    yields = join_returns(frame.yields) if frame.yields else UNKNOWN
    paths = frame.exits or ends
    receiver = receiver_after(frame, paths)
    found = Ends(frame.returns or [returns], paths, [])
    if frame.yields and frame.yield_states:
        found = Ends(frame.yields, frame.yield_states, paths)
    parts, raises = ctx.hooks.summarise(frame, found), raising.ways_out(frame)
    assigned = tuple((name, _joined(values)) for name, values in frame.set_globals.items())
    return Summary(returns, yields, receiver, parts, frozenset(ctx.wanted), raises, assigned)


def _joined(values: list[Value]) -> Value:
    return join_bindings(values) if any(value != NONE for value in values) else NONE


def _hides_coroutine(value: Value) -> bool:
    """Whether a container holds coroutines: it is not known when they are awaited."""
    return not isinstance(value, (Coroutine, OneOf)) and holds_coroutine(value)
