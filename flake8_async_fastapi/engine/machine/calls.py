"""Calls of any value."""

from __future__ import annotations

from flake8_async_fastapi import knowledge
from flake8_async_fastapi.engine.events import Called
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.joins import union
from flake8_async_fastapi.engine.machine import classes, functions, library_calls, protocols, summaries
from flake8_async_fastapi.engine.models import CallSite
from flake8_async_fastapi.engine.obligations import misuse, test
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.text import spoken
from flake8_async_fastapi.engine.values import (
    UNKNOWN,
    Arguments,
    ClassValue,
    Coroutine,
    Function,
    Instance,
    Library,
    Member,
    Object,
    Options,
    Partial,
    Super,
    Unknown,
    Value,
    is_none,
    options,
)
from flake8_async_fastapi.engine.walks import may_hold
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.walk import names_in
from flake8_async_fastapi.knowledge.bases import RECORDS


def call(frame: Frame, callee: Value, arguments: Arguments, node: tree.Call) -> Value:
    """The value of a call, and the events of making it."""
    label, origin = spoken(node), Place(frame.path, node.line, node.col)
    results = []
    around, frame.calling = frame.calling, node
    for option in options(callee):
        if is_none(option) and isinstance(callee, Options):
            continue
        if isinstance(option, Coroutine):
            misuse(frame, option, "called")
        if frame.emit:
            place = frame.at(node)
            frame.emit_event(Called(*place, option, arguments, label, frame.is_async, bool(frame.role)))
        _hand_over(frame, option, arguments, node)
        if isinstance(option, Library) and option.dotted == "builtins.super" and not arguments.args:
            result = _super(frame)
        else:
            result = apply(frame, option, arguments, label, origin)
        for observe in frame.ctx.hooks.observers.call_ends:
            observe(frame, option, arguments, node, result)
        results.append(protocols.adopted(frame, result, node))
    frame.calling = around
    return union(results)


_APPLIED = (Function, ClassValue, Member, Object, Library)


def apply(frame: Frame, callee: Value, arguments: Arguments, label: str, origin: Place) -> Value:
    """What calling one value gives."""
    if isinstance(callee, _APPLIED):
        site = CallSite(frame, callee, arguments, label, origin)
        for begin in frame.ctx.hooks.observers.applies:
            begin(site)
    match callee:
        case Function():
            if frame.language is not None:
                run = frame.language.call_function(frame, callee, arguments)
                if run is not None:
                    return run
            return functions.call(frame, callee, arguments, label, origin)
        case ClassValue():
            for observe in frame.ctx.hooks.observers.constructs:
                observe(frame, callee, arguments, origin)
            made = frame.ctx.hooks.models.construct(frame, callee, arguments, origin)
            return classes.construct(frame, callee, arguments) if made is None else made
        case Member(receiver=receiver, name=name):
            made = library_calls.call_member(frame, receiver, name, arguments, label, origin)
            _show(frame, f"{receiver.type}.{name}", arguments)
            _escape(frame, callee, arguments)
            if isinstance(made, Coroutine):
                for tell in frame.ctx.hooks.observers.coroutine_made:
                    tell(frame, made)
            return made
        case Object():
            return library_calls.call_object(frame, callee, arguments, origin)
        case Library(dotted=dotted):
            _show(frame, dotted, arguments)
            _escape(frame, callee, arguments)
            return library_calls.call_name(frame, dotted, arguments, label, origin)
        case Partial(function=function, args=args, keywords=keywords):
            joined = Arguments((*args, *arguments.args), (*keywords, *arguments.keywords), arguments.opaque)
            return apply(frame, function, joined, label, origin)
        case Instance():
            method = classes.attribute(frame.ctx, callee, "__call__")
            return apply(frame, method, arguments, label, origin) if isinstance(method, Function) else UNKNOWN
    if isinstance(callee, Unknown):
        _escape(frame, callee, arguments)
    return UNKNOWN


def _escape(frame: Frame, callee: Unknown | Library | Member, arguments: Arguments) -> None:
    """Values are given to a callee that is unknown, or of a library."""
    if frame.state.parts:
        given = list(arguments.values())
        for observe in frame.ctx.hooks.observers.escaped:
            observe(frame, callee, given)


_SHOWING = frozenset({"builtins.str", "builtins.repr", "builtins.print", "builtins.format"})


def _show(frame: Frame, dotted: str, arguments: Arguments) -> None:
    """A function that makes text of its arguments."""
    node = frame.calling
    if frame.state.parts and node is not None and (dotted in _SHOWING or knowledge.only_shows(dotted)):
        for value in arguments.values():
            frame.ctx.hooks.observers.show(frame, value, Place(frame.path, node.line, node.col))


def _super(frame: Frame) -> Value:
    if frame.owner is None or frame.receiver is None:
        return UNKNOWN
    if not isinstance(frame.receiver, (Instance, ClassValue)):
        return UNKNOWN
    return Super(frame.owner, frame.receiver)


def _hand_over(frame: Frame, callee: Value, arguments: Arguments, node: tree.Call) -> None:
    """Coroutines among the arguments: theirs to await who gets them, unless it never does."""
    if not any(map(may_hold, arguments.values())):
        return
    consumer = _plain_consumer(frame, callee)
    place = knowledge.function_argument(_dotted(callee))
    fates = summaries.fates(frame.ctx, callee, arguments) if isinstance(callee, Function) else {}
    for index, (name, value) in enumerate(
        (*((None, value) for value in arguments.args), *arguments.keywords)
    ):
        for option in options(value):
            if isinstance(option, Coroutine):
                if consumer and knowledge.only_shows(_dotted(callee)):
                    test(frame, option, node, "interpolated")
                elif consumer and _keeps_plain(frame, callee, name):
                    misuse(frame, option, "passed", consumer)
                elif index == 0 and name is None and knowledge.is_iterating_consumer(_dotted(callee)):
                    misuse(frame, option, "iterated", _dotted(callee).removeprefix("builtins."))
                elif index == place and name is None:
                    misuse(frame, option, "called")
                elif index in fates:
                    misuse(frame, option, "used", f"{callee.name}()" if isinstance(callee, Function) else "")
        if not consumer or isinstance(callee, ClassValue):
            frame.settle(value)


def _plain_consumer(frame: Frame, callee: Value) -> str:
    """The name of a callee that uses its arguments as plain values only; empty for others."""
    dotted = _dotted(callee)
    if dotted and knowledge.is_plain_consumer(dotted):
        return (
            ".".join(dotted.split(".")[-2:])
            if isinstance(callee, Member)
            else dotted.removeprefix("builtins.")
        )
    if isinstance(callee, ClassValue) and is_record(frame, callee):
        return callee.name
    return ""


def _dotted(callee: Value) -> str:
    """The dotted name of a library's function or method; empty for other values."""
    if isinstance(callee, Library):
        return callee.dotted
    return f"{callee.receiver.type}.{callee.name}" if isinstance(callee, Member) else ""


def is_record(frame: Frame, cls: ClassValue) -> bool:
    """Whether a class keeps the arguments of its constructor as plain data."""
    return classes.derives(frame.ctx, cls, RECORDS)


_FREE = frozenset({"Any", "object", "Awaitable", "Coroutine", "Callable"})


def _keeps_plain(frame: Frame, callee: Value, name: str | None) -> bool:
    """Whether a field of a record cannot be meant for an awaitable."""
    if not isinstance(callee, ClassValue):
        return True
    if name is None:
        return False
    for base in classes.mro(frame.ctx, callee):
        if isinstance(base, ClassValue):
            for statement in classes.body_bindings(frame.ctx, base, name):
                if isinstance(statement, tree.Assign) and statement.annotation is not None:
                    return not _mentions(statement.annotation, _FREE)
                return isinstance(statement, tree.Assign)
    return False


def _mentions(annotation: object, wanted: frozenset[str]) -> bool:
    return any(name in wanted for name in names_in(annotation)) or isinstance(annotation, tree.Other)
