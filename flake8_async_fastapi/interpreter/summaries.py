"""Runs of callees: what a function returns, yields and does, for the arguments it is given.

A summary is kept for each combination of arguments that can make a difference.
Where an annotation says what a parameter is, the argument says little more, and
all calls share one summary.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final, TypeAlias

from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Param
from flake8_async_fastapi.facts.walk import flat
from flake8_async_fastapi.interpreter import expressions, functions, statements
from flake8_async_fastapi.interpreter.context import Context, Frame, State, Summary
from flake8_async_fastapi.interpreter.values import (
    NONE,
    UNKNOWN,
    Arguments,
    ClassValue,
    Collection,
    Const,
    Coroutine,
    Dependency,
    Function,
    Instance,
    Object,
    Options,
    Partial,
    Unknown,
    Value,
    common,
    held,
    is_plain,
    outcome,
)

Bound: TypeAlias = tuple[tuple[str, Value], ...]
"""The parameters of a call, without the receiver."""


def summarise(ctx: Context, function: Function, arguments: Arguments | None) -> Summary:
    """Run a function for what it returns, yields and does.

    ``arguments`` are None where the caller is not known: then parameters have
    what their annotations say.
    """
    if arguments is not None and _is_long(ctx, function):
        arguments = None  # its result hardly hangs on one argument, and each run costs
    bound = bind(ctx, function, arguments)
    if function.key in ctx.active and arguments is not None:
        # arguments may grow without end from call to call: inside itself a function has its usual ones
        ctx.bend(ctx.active[function.key])
        bound = bind(ctx, function, None)
    return ctx.once(("call", function, bound), lambda: _run(ctx, function, bound), Summary())


_LONG: Final = 60


def _is_long(ctx: Context, function: Function) -> bool:
    """Whether a function has too many statements to be run for each combination of arguments."""
    node = function.node
    if not isinstance(node, tree.FunctionDef) or node.name == "__init__":
        return False
    return ctx.once(("long", function.key), lambda: sum(1 for _ in flat(node.body)) > _LONG, False)


def assigned(ctx: Context, method: Function, name: str) -> Value:
    """What a method assigns to an attribute of its receiver."""
    receiver = summarise(ctx, method, None).receiver
    if isinstance(receiver, Instance):
        for attribute, value in receiver.attributes or ():
            if attribute == name:
                return value
    return UNKNOWN


def fates(ctx: Context, function: Function, arguments: Arguments) -> dict[int, str]:
    """The places of coroutines among the arguments that a function uses as the value they would give.

    What it does with them otherwise, even nothing, is its own affair.
    """
    node = function.node
    if not isinstance(node, tree.FunctionDef) or node.is_stub or arguments.opaque:
        return {}
    places = {
        index: ("<argument>", index, 0)
        for index, value in enumerate(arguments.values())
        if isinstance(value, Coroutine)
    }
    if not places:
        return {}
    marked = [
        Coroutine("", "other", places[index]) if index in places else value
        for index, value in enumerate(arguments.values())
    ]
    count = len(arguments.args)
    names = [name for name, _ in arguments.keywords]
    passed = Arguments(tuple(marked[:count]), tuple(zip(names, marked[count:], strict=True)))
    bound = bind(ctx, function, passed)

    def run() -> dict[int, str]:
        frame, state = enter(ctx, function, bound)
        for origin in places.values():
            frame.created[origin] = Coroutine("", "other", origin)
        statements.run(frame, node.body, [state])
        return {
            index: frame.misused[origin]
            for index, origin in places.items()
            if origin in frame.misused and origin not in frame.settled
        }

    return ctx.once(("fates", function, bound), run, {})


def bind(ctx: Context, function: Function, arguments: Arguments | None) -> Bound:
    """The values of a function's parameters in a call, as far as they make a difference."""
    params = list(function.node.params)
    if _takes_receiver(function):
        params.pop(0)
    elif function.receiver is not None and arguments is not None:  # into `*args`
        arguments = replace(arguments, args=(function.receiver, *arguments.args))
    handed = arguments is None and not function.is_async and function.name in ctx.project.handed_to_run_sync
    bound = []
    for place, param in enumerate(params):
        if handed and place == 0:
            value: Value = UNKNOWN  # it gets the sync session, whatever its annotation says
        else:
            value = _argument(ctx, function, param, place, arguments)
        bound.append((param.name, value))
    return tuple(bound)


def _takes_receiver(function: Function) -> bool:
    params = function.node.params
    return function.receiver is not None and bool(params) and params[0].kind in ("pos", "any")


def enter(ctx: Context, function: Function, bound: Bound) -> tuple[Frame, State]:
    """A frame for a run of a function, and its first state: the parameters."""
    frame = _frame(ctx, function)
    frame.is_async = function.is_async
    state = State(dict(bound))
    if _takes_receiver(function) and function.receiver is not None:
        frame.receiver_name = function.node.params[0].name
        state.env[frame.receiver_name] = function.receiver
        if isinstance(function.receiver, Instance):
            for name, value in function.receiver.attributes or ():
                state.attributes[f"{frame.receiver_name}.{name}"] = value
    return frame, state


def _frame(ctx: Context, function: Function) -> Frame:
    qualname = function.node.qualname if isinstance(function.node, tree.FunctionDef) else "<lambda>"
    return Frame(
        ctx,
        function.path,
        qualname,
        owner=function.owner,
        receiver=function.receiver,
        closure=function.closure,
    )


def _argument(
    ctx: Context, function: Function, param: Param, place: int, arguments: Arguments | None
) -> Value:
    if param.kind == "*":
        rest = arguments.args[place:] if arguments is not None and not arguments.opaque else None
        return Collection("tuple", items=rest)
    if param.kind == "**":
        return Collection("dict")
    known = _declared(ctx, function, param)
    if arguments is None:
        return known
    passed = arguments.get(place if param.kind != "kw" else 1_000, param.name)
    if passed is not None:
        return _telling(passed, known)
    if not arguments.opaque and param.default is not None:
        default = expressions.evaluate(_frame(ctx, function), State(), param.default)
        if not isinstance(default, (Unknown, Dependency)):
            return default
    return known


def _declared(ctx: Context, function: Function, param: Param) -> Value:
    receiver = function.receiver.cls if isinstance(function.receiver, Instance) else function.receiver
    key = ("declared", function.key, function.closure, receiver, param.name)
    return ctx.once(key, lambda: functions.declared(_frame(ctx, function), param), UNKNOWN)


def _telling(passed: Value, known: Value) -> Value:
    """An argument, if it says more than what is known of its parameter anyway.

    Plain values are all alike; an object of a declared type is one like any other.
    """
    if isinstance(passed, Coroutine) and passed.origin[0] == "<argument>":
        return passed
    if is_plain(passed) or any(held(passed)):
        return known
    if isinstance(known, Unknown) or isinstance(passed, (Function, ClassValue, Partial, Const)):
        return _flat(passed)
    match known, passed:
        case Instance(cls=declared_class), Instance(cls=cls):
            return known if cls == declared_class else Instance(cls)
        case Object(type=declared_type), Object(type=name):
            return known if name == declared_type and not passed.arguments else passed
    return known


def _flat(value: Value, depth: int = 0) -> Value:
    """A value with its attributes, but not the attributes of those."""
    if isinstance(value, Instance) and value.attributes:
        if depth:
            return Instance(value.cls, None, value.exact)
        kept = tuple((name, _flat(inner, depth + 1)) for name, inner in value.attributes)
        return Instance(value.cls, kept, value.exact)
    if isinstance(value, Collection) and value.items is None and isinstance(value.item, Unknown):
        return UNKNOWN
    return value


def _run(ctx: Context, function: Function, bound: Bound) -> Summary:
    outer = ctx.active.get(function.key)
    ctx.active[function.key] = len(ctx.running) - 1 if outer is None else outer
    try:
        return _run_body(ctx, function, bound)
    finally:
        if outer is None:
            del ctx.active[function.key]


def _run_body(ctx: Context, function: Function, bound: Bound) -> Summary:
    frame, state = enter(ctx, function, bound)
    node = function.node
    if isinstance(node, tree.Lambda):
        return Summary(expressions.evaluate(frame, state, node.body), effects=tuple(frame.effects))
    ends = statements.run(frame, node.body, [state])
    if ends and not node.is_stub:
        frame.returns.append(NONE)
    effects = () if frame.guards_loop else tuple(frame.effects)
    return Summary(
        outcome([UNKNOWN if _foreign(value) else value for value in frame.returns]),
        outcome(frame.yields) if frame.yields else UNKNOWN,
        _receiver(frame, [*ends, *frame.left]),
        effects,
    )


def _foreign(value: Value) -> bool:
    """A container with coroutines in it: nobody can say when they are awaited."""
    return not isinstance(value, (Coroutine, Options)) and any(held(value))


def _receiver(frame: Frame, ends: list[State]) -> Value | None:
    """The receiver with the attributes that the run assigned, where all ends agree on a type."""
    me = frame.receiver
    if not isinstance(me, Instance) or not frame.receiver_name:
        return None
    prefix = frame.receiver_name + "."
    found: dict[str, list[Value]] = {}
    for end in [*ends, frame.assigned]:
        for path, value in end.attributes.items():
            name = path.removeprefix(prefix)
            if path.startswith(prefix) and "." not in name:
                found.setdefault(name, []).append(UNKNOWN if any(held(value)) else value)
    attributes = dict(me.attributes or ())
    for name, values in found.items():
        attributes[name] = _flat(common(values), 1)
    return Instance(me.cls, tuple((n, v) for n, v in attributes.items() if not is_plain(v)), me.exact)
