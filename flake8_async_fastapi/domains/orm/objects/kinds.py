"""Kinds of values, as far as they decide what a column or a relationship takes.

Source: docs/behaviour.md#types-of-values.
"""

from __future__ import annotations

from typing import Final

from flake8_async_fastapi.domains.orm.mapping import models
from flake8_async_fastapi.domains.orm.mapping.attributes import Relationship
from flake8_async_fastapi.engine.frame import Context
from flake8_async_fastapi.engine.machine import classes
from flake8_async_fastapi.engine.values import (
    Collection,
    Const,
    Instance,
    Object,
    Plain,
    Value,
    alternatives,
    is_none,
)
from flake8_async_fastapi.knowledge.column_types import NOT_FOR_JSON, VALUES

_SCHEMAS: Final = frozenset({"pydantic.BaseModel", "sqlmodel.SQLModel"})
_ENUMS: Final = frozenset({"enum.Enum"})
_USES_VALUES: Final = "use_enum_values"
CONTAINERS: Final = frozenset({"dict", "list", "set", "tuple"})
_DEEPEST: Final = 4
"""How deep the parts of a value are followed."""


def kind_of_value(value: Value) -> str:
    """The kind of a value, such as ``aware``, ``text``, ``dict`` or ``url``; empty if it may be any other."""
    kinds = {_kind_of_one(one) for one in alternatives(value) if not is_none(one)}
    return kinds.pop() if len(kinds) == 1 else ""


def kind_given(ctx: Context, value: Value) -> str:
    """As ``kind_of_value``; also ``schema`` for an object of Pydantic that is not mapped, and ``enum``."""
    kinds = {
        _kind_of_object(ctx, one) or _kind_of_one(one) for one in alternatives(value) if not is_none(one)
    }
    return kinds.pop() if len(kinds) == 1 else ""


def _kind_of_one(value: Value) -> str:
    match value:
        case Object(type=name):
            return VALUES.get(name, "")
        case Plain(kind="str") | Const(value=str()):
            return "text"
        case Plain(kind="int"):
            return "number"
        case Plain(kind=kind) | Collection(kind=kind) if kind in CONTAINERS:
            return kind
    return ""


def _kind_of_object(ctx: Context, value: Value) -> str:
    """``schema`` or ``enum`` for an object of a class of the project that is one; empty for others."""
    if not isinstance(value, Instance) or value.location is not None:
        return ""
    if classes.derives_from(ctx, value.cls, _SCHEMAS):
        return "schema" if models.mapped_model(ctx, value.cls) is None else ""
    if classes.derives_from(ctx, value.cls, _ENUMS):
        bases = {getattr(base, "dotted", "") for base in classes.mro(ctx, value.cls)}
        is_plain = not any(name.startswith("builtins.") and name != "builtins.object" for name in bases)
        return "enum" if is_plain and not ctx.project.mentioning(_USES_VALUES) else ""
    return ""


def kind_not_for_json(ctx: Context, value: Value, depth: int = 0) -> str:
    """The kind of a value, or of a part of it, that no JSON can hold; empty if there may be none."""
    kind = kind_given(ctx, value)
    if kind in NOT_FOR_JSON:
        return kind
    if isinstance(value, Collection) and depth < _DEEPEST:
        for item in value.items if value.items is not None else (value.item,):
            found = kind_not_for_json(ctx, item, depth + 1)
            if found:
                return found
    return ""


def kind_not_related(ctx: Context, relationship: Relationship, value: Value) -> str:
    """The kind of a value that a relationship refuses, since it is no mapped object; empty if it may be."""
    if relationship.is_collection is None:
        return ""
    if not relationship.is_collection:
        return _kind_unmapped(ctx, value)
    if not isinstance(value, Collection) or value.kind not in ("list", "set"):
        return ""
    items = value.items if value.items is not None else (value.item,)
    return next(filter(None, (_kind_unmapped(ctx, item) for item in items)), "")


def _kind_unmapped(ctx: Context, value: Value) -> str:
    kind = kind_given(ctx, value)
    return kind if kind in ("dict", "enum", "list", "number", "schema", "text", "uuid") else ""
