"""Calls of any value."""

from __future__ import annotations

import sys

from msgspec.structs import replace

from flake8_async_fastapi import knowledge
from flake8_async_fastapi.engine import hints
from flake8_async_fastapi.engine.agreement import join_results
from flake8_async_fastapi.engine.events import Called
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.machine import (
    classes,
    functions,
    library_calls,
    protocols,
    summaries,
    type_hints,
)
from flake8_async_fastapi.engine.models import CallSite
from flake8_async_fastapi.engine.obligations import note_test, report_misuse
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.text import for_message, path_of
from flake8_async_fastapi.engine.values import (
    UNKNOWN,
    Arguments,
    ClassValue,
    Coroutine,
    DeclaredCallable,
    Function,
    Instance,
    Library,
    Member,
    Object,
    OneOf,
    Partial,
    Super,
    Unknown,
    Value,
    alternatives,
    called_name,
    is_none,
)
from flake8_async_fastapi.engine.walks import (
    HOLDING_NO_OBJECTS,
    MAY_HOLD_COROUTINE,
    holds_coroutine,
    may_hold_coroutine,
)
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import names_in, nodes_in
from flake8_async_fastapi.knowledge.bases import RECORDS


def call_value(frame: Frame, callee: Value, arguments: Arguments, node: tree.Call) -> Value:
    """The value of a call; making it may emit events."""
    around, frame.current_call = frame.current_call, node
    if isinstance(callee, OneOf):
        options = _callable_options(callee, arguments)
        results = frame.each(options, lambda option: _call_option(frame, option, arguments, node))
        if any(map(holds_coroutine, results)) and not all(map(_is_coroutine, results)):
            for value in results:  # whether there is anything to await depends on code that is not seen
                frame.discharge(value)
        result = join_results(options, results)
        if isinstance(result, Unknown):
            for value in results:
                frame.discharge(value)
    else:
        result = _call_option(frame, callee, arguments, node)
    frame.current_call = around
    return result


def _callable_options(callee: OneOf, arguments: Arguments) -> tuple[Value, ...]:
    """The values that a call may reach: None and functions with other parameters would raise."""
    options = tuple(option for option in callee.values if not is_none(option))
    fitting = tuple(
        option for option in options if not isinstance(option, Function) or hints.fits(option, arguments)
    )
    return fitting or options


def _is_coroutine(value: Value) -> bool:
    return all(isinstance(option, Coroutine) for option in alternatives(value))


def _call_option(frame: Frame, callee: Value, arguments: Arguments, node: tree.Call) -> Value:
    """The value of a call of one possible callee."""
    label, origin = for_message(node), Place(frame.path, node.line, node.col)
    if isinstance(callee, Coroutine):
        report_misuse(frame, callee, "called")
    if frame.emit:
        place = frame.at(node)
        frame.emit_event(Called(*place, callee, arguments, label, frame.is_async, bool(frame.role)))
    if not MAY_HOLD_COROUTINE.isdisjoint(map(type, arguments.values())):
        _hand_over_coroutines(frame, callee, arguments, node)
    if isinstance(callee, Library) and callee.dotted == "builtins.super" and not arguments.args:
        result = _super_value(frame)
    elif isinstance(callee, Function) and hints.misses_arguments(callee, arguments):
        result = apply_callee(frame, UNKNOWN, arguments, label, origin)  # it raises TypeError
    else:
        result = apply_callee(frame, callee, arguments, label, origin)
    if isinstance(callee, ClassValue) and isinstance(result, Instance) and _is_own_class(frame, node.func):
        result = replace(result, exact=False)  # `cls` may be a subclass
    for observe in frame.ctx.hooks.call_ends.of(callee, frame.emit, node):
        observe(frame, callee, arguments, node, result)
    return protocols.take_over(frame, result, node) if type(result) in protocols.TAKEN_OVER else result


def _is_own_class(frame: Frame, func: Expr) -> bool:
    """Whether code under check calls the class that it is called on: ``cls``, or that of ``self``."""
    if not frame.emit or not frame.receiver_name:
        return False
    match func:
        case tree.Name(id=name):
            return name == frame.receiver_name and isinstance(frame.receiver, ClassValue)
        case tree.Attr(value=tree.Name(id=name), name="__class__"):
            return name == frame.receiver_name
        case tree.Call(func=tree.Name(id="type"), args=[tree.Name(id=name)]):
            return name == frame.receiver_name
    return False


_CALLABLE_TYPES = (Function, ClassValue, Member, Object, Library)


def apply_callee(frame: Frame, callee: Value, arguments: Arguments, label: str, origin: Place) -> Value:
    """The result of calling one value."""
    if isinstance(callee, Unknown):
        _announce_escape(frame, callee, arguments, origin)
        return UNKNOWN
    if isinstance(callee, _CALLABLE_TYPES):
        site = CallSite(frame, callee, arguments, label, origin)
        for begin in frame.ctx.hooks.observers.applies:
            begin(site)
    match callee:
        case Function():
            if frame.language is not None:
                run = frame.language.call_function(frame, callee, arguments)
                if run is not None:
                    return run
            return functions.call_function(frame, callee, arguments, label, origin)
        case ClassValue():
            for observe in frame.ctx.hooks.observers.constructs:
                observe(frame, callee, arguments, origin)
            made = frame.ctx.hooks.models.construct(frame, callee, arguments, origin)
            return classes.construct_instance(frame, callee, arguments) if made is None else made
        case Member(receiver=receiver, name=name):
            made = library_calls.call_member(frame, receiver, name, arguments, label, origin)
            _announce_shown(frame, f"{receiver.type}.{name}", arguments)
            _announce_escape(frame, callee, arguments, origin)
            if isinstance(made, Coroutine):
                for tell in frame.ctx.hooks.observers.coroutine_made:
                    tell(frame, made)
            return made
        case Object():
            return library_calls.call_object(frame, callee, arguments, origin)
        case Library(dotted=dotted):
            _announce_shown(frame, dotted, arguments)
            _announce_escape(frame, callee, arguments, origin)
            return library_calls.call_name(frame, dotted, arguments, label, origin)
        case DeclaredCallable(result=result, is_async=is_async):
            if is_async:
                return frame.owe(Coroutine(label, "other", origin, result))
            return replace(result, origin=origin) if isinstance(result, Object) else result
        case Partial(function=function, args=args, keywords=keywords):
            joined = arguments.after(*args, keywords=keywords)
            return apply_callee(frame, function, joined, label, origin)
        case Instance():
            method = classes.instance_attribute(frame.ctx, callee, "__call__")
            return (
                apply_callee(frame, method, arguments, label, origin)
                if isinstance(method, Function)
                else UNKNOWN
            )
    return UNKNOWN


def _announce_escape(
    frame: Frame, callee: Unknown | Library | Member, arguments: Arguments, origin: Place
) -> None:
    """Announce values that are passed to unknown code or a library, if they hold anything."""
    if frame.state.parts and not HOLDING_NO_OBJECTS.issuperset(map(type, arguments.values())):
        for observe in frame.ctx.hooks.observers.escaped:
            observe(frame, callee, arguments, origin)


_MAKING_TEXT = frozenset({"builtins.str", "builtins.repr", "builtins.print", "builtins.format"})


def _announce_shown(frame: Frame, dotted: str, arguments: Arguments) -> None:
    """Announce a function that converts its arguments to text."""
    node = frame.current_call
    if frame.state.parts and node is not None and (dotted in _MAKING_TEXT or knowledge.only_shows(dotted)):
        for value in arguments.values():
            frame.ctx.hooks.observers.show(frame, value, Place(frame.path, node.line, node.col))


def _super_value(frame: Frame) -> Value:
    if frame.owner is None or frame.receiver is None:
        return UNKNOWN
    if isinstance(frame.receiver, Object):
        parent = frame.ctx.hooks.models.parents.get(type(frame.receiver.detail))
        return parent(frame.ctx, frame.receiver, frame.owner) if parent is not None else UNKNOWN
    if not isinstance(frame.receiver, (Instance, ClassValue)):
        return UNKNOWN
    return Super(frame.owner, frame.receiver)


def _hand_over_coroutines(frame: Frame, callee: Value, arguments: Arguments, node: tree.Call) -> None:
    """Hand over coroutines among the arguments: the callee must await them, unless it never does."""
    consumer = _name_of_plain_consumer(frame, callee)
    place = knowledge.function_argument(called_name(callee))
    fates = (
        summaries.uses_as_plain_value(frame.ctx, callee, arguments) if isinstance(callee, Function) else {}
    )
    refused = _refused_coroutines(frame, callee, arguments)
    for index, (name, value) in enumerate(
        (*((None, value) for value in arguments.args), *arguments.keywords)
    ):
        is_misused = may_hold_coroutine(value)
        for alternative in alternatives(value):
            if not isinstance(alternative, Coroutine):
                is_misused = False
            elif consumer and knowledge.only_shows(called_name(callee)):
                note_test(frame, alternative, node, "interpolated")
                is_misused = False
            elif consumer and _field_is_plain(frame, callee, name):
                report_misuse(frame, alternative, "passed", consumer)
            elif index == 0 and name is None and knowledge.is_iterating_consumer(called_name(callee)):
                report_misuse(frame, alternative, "iterated", called_name(callee).removeprefix("builtins."))
            elif index == place and name is None:
                report_misuse(frame, alternative, "called")
            elif index in fates:
                report_misuse(frame, alternative, "used", for_message(node.func) + "()")
            elif alternative in refused:
                report_misuse(frame, alternative, "passed", for_message(node.func) + "()")
            else:
                is_misused = False
                if alternative.function is None and _is_stranger(frame, callee, node):
                    given_to = for_message(node.func)
                    unless = f"{given_to} awaits it"
                    report_misuse(frame, alternative, "passed", f"{given_to}()", unless=unless)
        if not is_misused and (not consumer or isinstance(callee, ClassValue)):
            frame.discharge(value)


def _refused_coroutines(frame: Frame, callee: Value, arguments: Arguments) -> list[Value]:
    """The coroutines among the arguments that are passed for parameters of another type."""
    if isinstance(callee, ClassValue):
        initialiser = classes.class_attribute(frame.ctx, callee, "__init__")
        callee = (
            replace(initialiser, receiver=Instance(callee))
            if isinstance(initialiser, Function)
            else initialiser
        )
    if isinstance(callee, Function):
        callee, arguments = functions.bind_first_argument(frame.ctx, callee, arguments)
    is_unbound = isinstance(callee, Function) and callee.owner is not None and callee.receiver is None
    if not isinstance(callee, Function) or arguments.opaque or (is_unbound and not callee.is_static):
        return []
    inside = Frame(frame.ctx, callee.path, "", owner=callee.owner, closure=callee.closure)
    inside.receiver = callee.receiver
    return [
        alternative
        for param, value in hints.passed_parameters(callee, arguments)
        for alternative in alternatives(value)
        if isinstance(alternative, Coroutine)
        and param.annotation is not None
        and type_hints.excludes_awaitables(inside, param.annotation)
        and not _may_be_awaited(callee.node.body, param.name)
    ]


def _is_stranger(frame: Frame, callee: Value, node: tree.Call) -> bool:
    """Whether nothing is known of a callee, and its name does not suggest that it runs anything.

    Nearly all coroutines of the project that are passed to such functions are passed for a reason.
    """
    if path_of(node.func).rpartition(".")[2] in _AWAITING or not frame.is_async:
        return False
    root = called_name(callee).partition(".")[0]
    if isinstance(callee, Library):
        return not knowledge.is_known_root(root) and root not in sys.stdlib_module_names
    return isinstance(callee, Unknown)


def _may_be_awaited(body: object, name: str) -> bool:
    """Whether code awaits a variable despite its annotation, or checks it or passes it on."""
    for node in nodes_in(body):
        given: list[Expr] = [node.value] if isinstance(node, tree.Await) else []
        if isinstance(node, tree.Call) and path_of(node.func).rpartition(".")[2] in _AWAITING:
            given = node.args
        if any(isinstance(one, tree.Name) and one.id == name for one in given):
            return True
    return False


_AWAITING = frozenset(
    {"create_task", "ensure_future", "gather", "isawaitable", "iscoroutine", "isinstance", "run",
     "run_coroutine_threadsafe", "run_until_complete", "shield", "wait", "wait_for"}
)  # fmt: skip


def _name_of_plain_consumer(frame: Frame, callee: Value) -> str:
    """The name of a callee that uses its arguments as plain values only; empty for others."""
    dotted = called_name(callee)
    if dotted and knowledge.is_plain_consumer(dotted):
        return (
            ".".join(dotted.split(".")[-2:])
            if isinstance(callee, Member)
            else dotted.removeprefix("builtins.")
        )
    if isinstance(callee, ClassValue) and is_record(frame, callee):
        return callee.name
    return ""


def is_record(frame: Frame, cls: ClassValue) -> bool:
    """Whether a class keeps the arguments of its constructor as plain data."""
    return classes.derives_from(frame.ctx, cls, RECORDS)


_SAYING_NOTHING = frozenset({"Any", "object", "Awaitable", "Coroutine", "Callable"})


def _field_is_plain(frame: Frame, callee: Value, name: str | None) -> bool:
    """Whether a field of a record cannot hold an awaitable."""
    if not isinstance(callee, ClassValue):
        return True
    if name is None:
        return False
    for base in classes.mro(frame.ctx, callee):
        if isinstance(base, ClassValue):
            for statement in classes.body_bindings(frame.ctx, base, name):
                if isinstance(statement, tree.Assign) and statement.annotation is not None:
                    return not _annotation_mentions(statement.annotation, _SAYING_NOTHING)
                return isinstance(statement, tree.Assign)
    return False


def _annotation_mentions(annotation: object, wanted: frozenset[str]) -> bool:
    return any(name in wanted for name in names_in(annotation)) or isinstance(annotation, tree.Other)
