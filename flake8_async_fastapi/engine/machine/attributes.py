"""Attributes of values."""

from __future__ import annotations

from msgspec.structs import replace

from flake8_async_fastapi import knowledge
from flake8_async_fastapi.engine import containers
from flake8_async_fastapi.engine.agreement import join_results
from flake8_async_fastapi.engine.events import AttributeRead, RowAttributeMissing
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.joins import union
from flake8_async_fastapi.engine.machine import (
    classes,
    expressions,
    functions,
    library_calls,
    names,
    protocols,
)
from flake8_async_fastapi.engine.models import Access
from flake8_async_fastapi.engine.obligations import report_misuse
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.renaming import has_identity
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.text import for_message, path_of
from flake8_async_fastapi.engine.values import (
    UNKNOWN,
    ClassValue,
    Collection,
    Const,
    Coroutine,
    DeclaredCallable,
    Folder,
    Function,
    Generator,
    Instance,
    Library,
    Member,
    ModuleValue,
    Object,
    OneOf,
    Partial,
    Plain,
    Super,
    TextPrefix,
    Value,
    is_none,
)
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import dotted

_OF_COROUTINES = frozenset({"close", "send", "throw"})


def read_attribute(frame: Frame, owner: Value, node: tree.Attr, awaited_chain: bool) -> Value:
    """The value of ``owner.name``; reading it may emit events."""
    if owner is UNKNOWN and frame.language is None:
        return UNKNOWN
    if not isinstance(owner, OneOf):
        return _read_option(frame, owner, node, awaited_chain)
    options = [option for option in owner.values if not is_none(option)]
    # None would fail for another reason; the author knows it is not None here
    results = frame.each_apart(options, lambda one: _read_option(frame, one, node, awaited_chain))
    return join_results(options, results)


def evaluate_whole(frame: Frame, state: State, node: Expr) -> Value:
    """The value of an expression that is a whole statement's: the object whose attribute it is, is not None.

    Reading the attribute would have raised otherwise.
    """
    value = expressions.evaluate(frame, state, node)
    if isinstance(node, tree.Attr) and isinstance(node.value, tree.Name):
        owner = state.env.get(node.value.id)
        if isinstance(owner, OneOf) and not node.name.startswith("__"):
            there = [option for option in owner.values if not is_none(option)]
            if 0 < len(there) < len(owner.values):
                state.narrow(node.value.id, union(there))
    return value


def _read_option(frame: Frame, owner: Value, node: tree.Attr, awaited_chain: bool) -> Value:
    if isinstance(owner, Coroutine):
        if node.name in _OF_COROUTINES or node.name.startswith(("cr_", "__")):
            frame.discharge(owner)
        else:
            in_chain = isinstance(node.value, tree.Call)
            awaited = awaited_chain and in_chain
            report_misuse(frame, owner, "attribute", node.name, awaited_chain=awaited, in_chain=in_chain)
    elif isinstance(owner, Instance):
        for observe in frame.ctx.hooks.observers.instance_read:
            observe(frame, owner, node.name, Place(frame.path, node.line, node.col))
    elif isinstance(owner, Collection):
        frame.discharge(owner)  # its methods may return its contents
        is_row = owner.kind == "row" and frame.emit and frame.language is None
        if is_row and (keys := containers.names_of_row(owner, node.name)):
            frame.emit_event(RowAttributeMissing(*frame.at(node), keys, node.name, for_message(node)))
    if frame.emit and (owner_type := _type_looked_up(frame.ctx, owner, node.name)) is not None:
        text = for_message(node)
        frame.emit_event(AttributeRead(*frame.at(node), owner_type, node.name, text, frame.is_async))
    known = _path_dependent_value(frame, owner, node)
    found = attribute_of(frame.ctx, owner, node.name) if known is None else known
    return protocols.take_over(frame, found, node) if type(found) in protocols.TAKEN_OVER else found


def _path_dependent_value(frame: Frame, owner: Value, node: tree.Attr) -> Value | None:
    """The value of an attribute that depends on the path: of a tracked object, or of a row."""
    reads = frame.ctx.hooks.models.reads
    if (
        frame.language is not None
        and (item := frame.language.item_by_attribute(owner, node.name)) is not None
    ):
        return item
    if isinstance(owner, Instance) and owner.location is not None:
        model, place = reads.get(Instance), frame.place_of(node)
        access = Access(frame, owner, node.name, place, is_mutated=frame.mutated_attribute is node)
        value = model(access) if model is not None else None
        if value is not None:
            return value
        getter = classes.property_getter(frame.ctx, owner, node.name)
        if getter is not None:
            return functions.property_value(frame, getter, place)
        found = attribute_of(frame.ctx, replace(owner, location=None), node.name)
        if isinstance(found, Function) and isinstance(found.receiver, Instance):
            return replace(found, receiver=owner)
        return found
    if isinstance(owner, Instance) and owner.attributes:
        return _property_of_holder(frame, owner, node)
    if isinstance(owner, Collection):
        return containers.attribute_of_row(owner, node.name) or containers.container_method(owner, node.name)
    if isinstance(owner, Object) and (model := reads.get(type(owner.detail))) is not None:
        return model(Access(frame, owner, node.name, frame.place_of(node), for_message(node)))
    return None


def _property_of_holder(frame: Frame, owner: Instance, node: tree.Attr) -> Value | None:
    """The value of a property of an object that holds tracked ones: what it reads of them is read here.

    None for other attributes. What ``cached_property`` found is not looked up again.
    """
    if not any(has_identity(frame.ctx, value) for _, value in owner.attributes or ()):
        return None
    getter = classes.property_getter(frame.ctx, owner, node.name)
    if getter is None or not isinstance(getter.node, tree.FunctionDef) or getter.node.is_stub:
        return None
    value = functions.property_value(frame, getter, frame.place_of(node))
    if any(dotted(one).endswith("cached_property") for one in getter.node.decorators) and path_of(node):
        frame.state.narrow(path_of(node), value)
    return value


def _type_looked_up(ctx: Context, owner: Value, name: str) -> Object | None:
    """The library type in which an attribute is looked up; None for another value."""
    if isinstance(owner, Instance) and not classes.has_member(ctx, owner.cls, name):
        return classes.library_base(ctx, owner.cls)
    if not isinstance(owner, Object):
        return None
    model = ctx.hooks.models.members.get(type(owner.detail))
    is_added = model is not None and knowledge.member(owner.type, name) is None
    return None if model is not None and is_added and model(ctx, owner, name) is not None else owner


def attribute_of(ctx: Context, owner: Value, name: str) -> Value:
    """The value of an attribute, without recording a read."""
    match owner:
        case Object():
            return _attribute_of_object(ctx, owner, name)
        case TextPrefix():
            called = f"builtins.str.{name}"
            return Partial(Library(called), (owner,), ()) if called in ctx.hooks.models.calls else UNKNOWN
        case Const(value=str()) | Plain(kind="str") if name == "join":
            return Library("builtins.str.join")
        case Instance():
            found = classes.instance_attribute(ctx, owner, name)
            if found != UNKNOWN:
                return found
            return ctx.hooks.models.inherit(ctx, owner, name) or ctx.hooks.models.demand(ctx, owner, name)
        case ClassValue():
            inherited = ctx.hooks.models.inherit(ctx, owner, name)
            if inherited is not None:
                return inherited
            return classes.class_attribute(ctx, owner, name)
        case Super():
            return classes.super_attribute(ctx, owner, name)
        case ModuleValue() | Folder():
            return names.module_attribute(ctx, owner, name)
        case Library(dotted=dotted):
            asked = knowledge.canonical(f"{dotted}.{name}")
            return ctx.hooks.models.variables.get(asked) or Library(asked)
        case Member() if knowledge.result(owner.receiver.type, "any") == "call":
            return Member(owner.receiver, f"{owner.name}.{name}")
        case Coroutine() if name == "__await__":
            return DeclaredCallable(owner, is_async=False)
        case Generator() if name in ("__anext__", "__next__"):
            return Member(Object("builtins.generator"), name)
    return UNKNOWN


def _attribute_of_object(ctx: Context, owner: Object, name: str) -> Value:
    model = ctx.hooks.models.members.get(type(owner.detail))
    found = model(ctx, owner, name) if model is not None else None
    if found is not None:
        return found
    member = knowledge.member(owner.type, name)
    if member is None:
        other = knowledge.result(owner.type, "any")
        if other is None:
            return UNKNOWN
        return Member(owner, name) if other == "call" else library_calls.value_of_type(other, owner)
    known = ctx.hooks.models.properties.get(f"{owner.type}.{name}")
    found = known(ctx, owner, name) if known is not None else None
    if found is not None:
        return found
    if member.kind == "property":
        return library_calls.value_of_type(member.returns, owner)
    return Member(owner, name)
