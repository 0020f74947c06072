"""Calls of library functions and types: their models in domains, or else the tables."""

from __future__ import annotations

from msgspec.structs import replace

from flake8_async_fastapi import knowledge
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.machine import functions
from flake8_async_fastapi.engine.models import CallSite
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.values import (
    NONE,
    UNKNOWN,
    Arguments,
    Const,
    Coroutine,
    Generator,
    Library,
    Member,
    Object,
    Plain,
    Unknown,
    Value,
    is_only_declared,
)
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.walk import all_nodes


def value_of_type(text: str, receiver: Object | None = None, callback: Value = UNKNOWN) -> Value:
    """The value of a TYPE of the knowledge tables.

    ``callback`` is the value for ``cb[...]``.
    """
    if text == "?":
        return UNKNOWN
    if text == "None":
        return NONE
    if text == "self":
        return receiver if receiver is not None else UNKNOWN
    if text.startswith("cb["):
        return callback if not isinstance(callback, Unknown) else value_of_type(text[3:-1], receiver)
    if knowledge.library_type(text) is not None:
        return Object(
            knowledge.canonical(text), has_doubtful_type=receiver is not None and is_only_declared(receiver)
        )
    return Plain(text)


def is_coroutine_method(type_name: str, name: str) -> bool:
    """Whether a method of a library's type returns a coroutine."""
    member = knowledge.member(type_name, name)
    return member is not None and member.kind == "async"


def call_member(
    frame: Frame, receiver: Object, name: str, arguments: Arguments, label: str, origin: Place
) -> Value:
    """Call a method of a library's object."""
    models, member = frame.ctx.hooks.models, knowledge.member(receiver.type, name)
    modelled = None
    known = None if member is None else models.method(receiver.type, name)
    if known is not None and member is not None and member.kind == "async":
        node = frame.current_call
        if node is not None and origin.position not in frame.awaited_calls and _is_awaited_later(frame, node):
            family = "database" if knowledge.is_database(receiver.type) else "other"
            method = Member(receiver, name)
            return frame.owe(Coroutine(label, family, origin, call=arguments, method=method, node=node))
    for model in (models.attached.get(type(receiver.detail)), known):
        if model is not None and modelled is None:
            modelled = model(CallSite(frame, Member(receiver, name), arguments, label, origin))
    if member is None:
        return UNKNOWN if modelled is None else modelled
    result = value_of_type(member.returns, receiver) if modelled is None else modelled
    if is_only_declared(receiver) and isinstance(result, (Const, Plain)):
        return UNKNOWN
    return _made_result(frame, member.kind, result, label, origin, knowledge.is_database(receiver.type))


def _is_awaited_later(frame: Frame, node: tree.Call) -> bool:
    """Whether a call is assigned to a variable that is only used in an ``await``."""
    function = frame.node
    if function is None:
        return False

    def find() -> bool:
        nodes = all_nodes(function.body)
        match [one.targets for one in nodes if isinstance(one, tree.Assign) and one.value is node]:
            case [[tree.Name(id=name)]]:
                awaited = [one.value for one in nodes if isinstance(one, tree.Await)]
                mentions = [one for one in nodes if isinstance(one, tree.Name) and one.id == name]
                return sum(one not in awaited for one in mentions) == 1  # the assignment
        return False

    return frame.ctx.derive(("awaited later", frame.path, node.line, node.col), find)


def call_at_await(frame: Frame, coroutine: Coroutine) -> Value:
    """The result of awaiting the coroutine of a method that is called only then."""
    method, around = coroutine.method, frame.current_call
    assert method is not None and coroutine.call is not None
    frame.current_call = coroutine.node
    model = frame.ctx.hooks.models.method(method.receiver.type, method.name)
    site = CallSite(frame, method, coroutine.call, coroutine.label, coroutine.origin)
    modelled = model(site) if model is not None else None
    frame.current_call = around
    member = knowledge.member(method.receiver.type, method.name)
    if modelled is None and member is not None:
        return value_of_type(member.returns, method.receiver)
    return UNKNOWN if modelled is None else modelled


def call_name(frame: Frame, dotted: str, arguments: Arguments, label: str, origin: Place) -> Value:
    """Call a function or construct a type of a library, by its canonical name."""
    model = frame.ctx.hooks.models.call(dotted)
    modelled = (
        model(CallSite(frame, Library(dotted), arguments, label, origin)) if model is not None else None
    )
    if modelled is not None:
        return modelled
    if knowledge.library_type(dotted) is not None:
        return Object(dotted, kept_arguments(arguments), origin=origin)
    member = knowledge.function(dotted)
    if member is None:
        owner, _, name = dotted.rpartition(".")
        member = knowledge.member(owner, name) if knowledge.library_type(owner) else None
        if member is None:
            return UNKNOWN
    callback = _result_of_callback(frame, arguments, origin) if member.returns.startswith("cb[") else UNKNOWN
    result = value_of_type(member.returns, None, callback)
    if isinstance(result, Object):
        result = Object(result.type, kept_arguments(arguments), origin=origin)
    return _made_result(frame, member.kind, result, label, origin, knowledge.is_database(dotted))


def call_object(frame: Frame, callee: Object, arguments: Arguments, origin: Place) -> Value:
    """Call an instance of a library's type, such as a factory."""
    model = frame.ctx.hooks.models.objects.get(callee.type)
    if model is not None:
        modelled = model(CallSite(frame, callee, arguments, "", origin))
        if modelled is not None:
            return modelled
    return value_of_type(knowledge.result(callee.type, "call") or "?", callee)


def _made_result(frame: Frame, kind: str, result: Value, label: str, origin: Place, database: bool) -> Value:
    if kind == "async":
        return frame.owe(Coroutine(label, "database" if database else "other", origin, result))
    if kind == "async-generator":
        return Generator(label, result, is_async=True)
    return result


def kept_arguments(arguments: Arguments) -> tuple[tuple[str, Value], ...]:
    """Arguments as kept by an object."""
    positional = [(str(place), value) for place, value in enumerate(arguments.args)]
    opaque = [("**", UNKNOWN)] if arguments.opaque else []
    return (*positional, *arguments.keywords, *opaque)


def _result_of_callback(frame: Frame, arguments: Arguments, origin: Place) -> Value:
    """The return value of the function in the first argument; the call's user awaits a coroutine."""
    if not arguments.args:
        return UNKNOWN
    rest = arguments.rest()
    given = Arguments(rest.args, (), rest.opaque, rest.placed)
    result = functions.quiet_result(frame, arguments.args[0], given, origin)
    return replace(result, origin=Place("", *origin.position)) if isinstance(result, Coroutine) else result
