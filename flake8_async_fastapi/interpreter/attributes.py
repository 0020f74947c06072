"""Attributes of values."""

from __future__ import annotations

from flake8_async_fastapi import knowledge
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.interpreter import classes, library, names, protocols
from flake8_async_fastapi.interpreter.context import Context, Frame
from flake8_async_fastapi.interpreter.events import AttributeRead
from flake8_async_fastapi.interpreter.misuse import misuse
from flake8_async_fastapi.interpreter.source import spoken
from flake8_async_fastapi.interpreter.values import (
    UNKNOWN,
    ClassValue,
    Collection,
    Coroutine,
    Folder,
    Generator,
    Instance,
    Library,
    Member,
    ModuleValue,
    Object,
    Super,
    Value,
    is_none,
    options,
    union,
)

_OF_COROUTINES = frozenset({"close", "send", "throw"})


def read(frame: Frame, owner: Value, node: tree.Attr, awaited_chain: bool) -> Value:
    """The value of ``owner.name``, and the events of reading it."""
    results = []
    for option in options(owner):
        if is_none(option) and len(options(owner)) > 1:
            continue  # would fail for another reason; the author knows it is not None here
        if isinstance(option, Coroutine):
            if node.name in _OF_COROUTINES or node.name.startswith(("cr_", "__")):
                frame.settle(option)
            else:
                direct = awaited_chain and isinstance(node.value, tree.Call)
                misuse(frame, option, "attribute", node.name, awaited_chain=direct)
        elif isinstance(option, Collection):
            frame.settle(option)  # its methods may hand out what it holds
        if frame.emit and (owner_type := _library_type(frame.ctx, option, node.name)) is not None:
            frame.emit_event(AttributeRead(*frame.at(node), owner_type, node.name, spoken(node)))
        results.append(protocols.adopted(frame, attribute(frame.ctx, option, node.name), node))
    return union(results)


def _library_type(ctx: Context, owner: Value, name: str) -> Object | None:
    """The library type in which an attribute is looked up, or None for another value."""
    if isinstance(owner, Instance) and not classes.has_member(ctx, owner.cls, name):
        return classes.library_base(ctx, owner.cls)
    return owner if isinstance(owner, Object) else None


def attribute(ctx: Context, owner: Value, name: str) -> Value:
    """The value of an attribute, without saying that it was read."""
    match owner:
        case Object():
            return _of_object(owner, name)
        case Instance():
            return classes.attribute(ctx, owner, name)
        case ClassValue():
            return classes.class_attribute(ctx, owner, name)
        case Super():
            return classes.super_attribute(ctx, owner, name)
        case ModuleValue() | Folder():
            return names.module_attribute(ctx, owner, name)
        case Library(dotted=dotted):
            return Library(knowledge.canonical(f"{dotted}.{name}"))
        case Generator() if name in ("__anext__", "__next__"):
            return Member(Object("builtins.generator"), name)
    return UNKNOWN


def _of_object(owner: Object, name: str) -> Value:
    member = knowledge.member(owner.type, name)
    if member is None:
        return UNKNOWN
    if member.kind == "property":
        return library.typed(member.returns, owner)
    return Member(owner, name)
