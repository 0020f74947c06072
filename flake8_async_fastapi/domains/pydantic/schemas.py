"""Methods of Pydantic models and type adapters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from flake8_async_fastapi.domains.pydantic.fields import fields, is_schema
from flake8_async_fastapi.domains.pydantic.validation import Adapter, adapted, validated
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.machine import classes
from flake8_async_fastapi.engine.models import CallModel, CallSite
from flake8_async_fastapi.engine.values import (
    UNKNOWN,
    ClassValue,
    Collection,
    Instance,
    Member,
    Object,
    Payload,
    Plain,
    Value,
)

TYPE: Final = "pydantic.BaseModel"
_VALIDATING = frozenset({"model_validate", "from_orm", "validate", "parse_obj"})
_DUMPING = frozenset({"model_dump", "dict"})
_METHODS = frozenset({*_VALIDATING, *_DUMPING, "model_construct"})


@dataclass(frozen=True, slots=True)
class Schema(Payload):
    """A Pydantic model, or one of its instances: its methods are called on it."""

    cls: ClassValue


def adapter(site: CallSite) -> Value | None:
    """The value of ``TypeAdapter(annotation)``, and what ``parse_obj_as(annotation, value)`` reads."""
    frame, arguments, place = site.frame, site.arguments, site.place.position
    node = frame.calling
    if node is None or not node.args:
        return None
    made = Adapter(node.args[0], Frame(frame.ctx, frame.path, "", closure=frame.closure), place)
    if len(arguments.args) == 2:
        adapted(frame, made, arguments.args[1], place, "validated")
        return UNKNOWN
    return Object("pydantic.TypeAdapter", detail=made)


CALLS: Final[Mapping[str, CallModel]] = {
    "pydantic.TypeAdapter": adapter,
    "pydantic.type_adapter.TypeAdapter": adapter,
    "pydantic.parse_obj_as": adapter,
}


def adapter_method(ctx: Context, adapter: Object, name: str) -> Value:
    """Any attribute of a type adapter: a method."""
    return Member(adapter, name)


def call_adapter(site: CallSite) -> Value:
    """``TypeAdapter(annotation).validate_python(value)``, and other methods."""
    callee, arguments = site.callee, site.arguments
    assert isinstance(callee, Member) and isinstance(callee.receiver.detail, Adapter)
    if callee.name == "validate_python" and arguments.args:
        adapted(site.frame, callee.receiver.detail, arguments.args[0], site.place.position, "validated")
    return UNKNOWN


def call_schema(site: CallSite) -> Value:
    """``Schema.model_validate(obj)``, and other methods."""
    frame, callee, arguments = site.frame, site.callee, site.arguments
    assert isinstance(callee, Member) and isinstance(callee.receiver.detail, Schema)
    cls = callee.receiver.detail.cls
    if callee.name in _VALIDATING:
        value = arguments.args[0] if arguments.args else arguments.get(0, "obj")
        if value is not None:
            validated(frame, cls, value, site.place.position, "validated", cls.name)
        return Instance(cls, exact=True)
    if callee.name in _DUMPING:
        known = fields(frame.ctx, cls)
        if arguments.args or {key for key, _ in arguments.keywords} & {"by_alias"}:
            return Plain("dict")
        return Collection(
            "dict", items=tuple(Plain("object") for _ in known), keys=tuple(one.name for one in known)
        )
    return UNKNOWN


def method(ctx: Context, owner: ClassValue | Instance, name: str) -> Value | None:
    """A method that every schema has and that matters here; None for others."""
    if name not in _METHODS:
        return None
    cls = owner.cls if isinstance(owner, Instance) else owner
    if not classes.has_member(ctx, cls, name) and is_schema(ctx, cls):
        return Member(Object(TYPE, detail=Schema(cls)), name)
    return None
