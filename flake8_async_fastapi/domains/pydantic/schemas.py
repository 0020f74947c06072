"""Methods of Pydantic models and type adapters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from flake8_async_fastapi.domains.pydantic import typed_fields
from flake8_async_fastapi.domains.pydantic.fields import is_schema, schema_fields
from flake8_async_fastapi.domains.pydantic.validation import (
    ValidationTarget,
    validate_adapted,
    validate_instance,
)
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.machine import classes, names
from flake8_async_fastapi.engine.models import CallModel, CallSite
from flake8_async_fastapi.engine.places import Position
from flake8_async_fastapi.engine.values import (
    UNKNOWN,
    Arguments,
    ClassValue,
    Collection,
    Instance,
    Member,
    Object,
    Payload,
    Value,
)
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.walk import dotted

TYPE: Final = "pydantic.BaseModel"
_VALIDATING = frozenset({"model_validate", "from_orm", "validate", "parse_obj"})
_DUMPING = frozenset({"model_dump", "dict"})
_METHODS = frozenset({*_VALIDATING, *_DUMPING, "model_construct"})


class Schema(Payload, frozen=True):
    """A Pydantic model, or one of its instances: its methods are called on it."""

    cls: ClassValue


def type_adapter(site: CallSite) -> Value | None:
    """The value of ``TypeAdapter(annotation)``, and the reads of ``parse_obj_as(annotation, value)``."""
    frame, arguments, place = site.frame, site.arguments, site.place.position
    node = frame.current_call
    if node is None or not node.args:
        return None
    made = ValidationTarget(node.args[0], Frame(frame.ctx, frame.path, "", closure=frame.closure), place)
    if len(arguments.args) == 2:
        validate_adapted(frame, made, arguments.args[1], place, "validated")
        return UNKNOWN
    return Object("pydantic.TypeAdapter", detail=made)


CALLS: Final[Mapping[str, CallModel]] = {
    "pydantic.TypeAdapter": type_adapter,
    "pydantic.type_adapter.TypeAdapter": type_adapter,
    "pydantic.parse_obj_as": type_adapter,
}


def adapter_attribute(ctx: Context, adapter: Object, name: str) -> Value:
    """Any attribute of a type adapter: a method."""
    return Member(adapter, name)


def call_adapter_method(site: CallSite) -> Value:
    """Call ``TypeAdapter(annotation).validate_python(value)`` or another method."""
    callee, arguments = site.callee, site.arguments
    assert isinstance(callee, Member) and isinstance(callee.receiver.detail, ValidationTarget)
    if callee.name == "validate_python" and arguments.args:
        validate_adapted(
            site.frame, callee.receiver.detail, arguments.args[0], site.place.position, "validated"
        )
    return UNKNOWN


def call_schema_method(site: CallSite) -> Value:
    """Call ``Schema.model_validate(obj)`` or another method."""
    frame, callee, arguments = site.frame, site.callee, site.arguments
    assert isinstance(callee, Member) and isinstance(callee.receiver.detail, Schema)
    cls = callee.receiver.detail.cls
    if callee.name in _VALIDATING:
        value = arguments.args[0] if arguments.args else arguments.get(0, "obj")
        if value is not None:
            _validate_against(frame, cls, value, site.place.position)
        made = frame.ctx.hooks.models.construct(frame, cls, _taken(site, value), site.place)
        return Instance(cls, exact=True) if made is None else made
    if callee.name in _DUMPING:
        return typed_fields.dumped(frame.ctx, cls, arguments)
    return UNKNOWN


def _validate_against(frame: Frame, cls: ClassValue, value: Value, place: Position) -> None:
    """Validate a value against a schema, or what it is with its type variables bound: ``Page[PostOut]``."""
    match frame.current_call:
        case tree.Call(func=tree.Attr(value=tree.Subscript(value=outer) as written)):
            if names.dotted_value(frame.ctx, frame.path, dotted(outer)) == cls:  # else it is in a table
                validate_adapted(frame, ValidationTarget(written, frame, place), value, place, "validated")
                return
    validate_instance(frame, cls, value, place, "validated", cls.name)


def _taken(site: CallSite, source: Value | None) -> Arguments:
    """What a validated instance takes from its source and from ``update=``, as arguments of its class."""
    given: list[tuple[str, Value]] = []
    for value in (source, site.arguments.get(1, "update")):
        if isinstance(value, Collection) and value.items is not None and value.keys is not None:
            known = [(name, item) for name, item in zip(value.keys, value.items, strict=True) if name]
            if len(known) < len(value.items):
                return Arguments(opaque=True)
            given += known
        elif isinstance(value, Instance) and value.location is None and is_schema(site.frame.ctx, value.cls):
            given += ((field.name, UNKNOWN) for field in schema_fields(site.frame.ctx, value.cls))
        elif value is not None:
            return Arguments(opaque=True)
    return Arguments(keywords=tuple(given), opaque=source is None or site.arguments.opaque)


def schema_method(ctx: Context, owner: ClassValue | Instance, name: str) -> Value | None:
    """A method of every schema, or a field, that matters here; None for others."""
    cls = owner.cls if isinstance(owner, Instance) else owner
    if name not in _METHODS:
        return typed_fields.field_value(ctx, cls, name) if isinstance(owner, Instance) else None
    if not classes.has_member(ctx, cls, name) and is_schema(ctx, cls):
        return Member(Object(TYPE, detail=Schema(cls)), name)
    return None
