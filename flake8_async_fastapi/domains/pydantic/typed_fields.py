"""Fields of Pydantic whose type says what their values are: in an object, and in its ``model_dump()``.

A validator or a serializer of the class may change a value, and so may one in its annotation.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from flake8_async_fastapi.domains.pydantic.fields import SchemaField, is_schema, schema_fields
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.machine import classes, names, type_hints
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.values import (
    Arguments,
    ClassValue,
    Collection,
    Const,
    Instance,
    Library,
    Object,
    Plain,
    Value,
)
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import dotted, subscript_parts
from flake8_async_fastapi.knowledge.column_types import VALUES

_ANY: Final = Plain("object")
_DEEPEST: Final = 4
"""How deep schemas within schemas are followed."""
_SINCE_URLS: Final = (2, 0)
"""The first Pydantic whose URLs are no strings."""
_IN_OBJECTS: Final = frozenset({"secret", "url", "uuid"})
"""The kinds of fields that an object has as such; moments may be aware or not."""
_CHANGING: Final = ("validator", "serializer")


def field_value(ctx: Context, cls: ClassValue, name: str) -> Value | None:
    """The value of a field whose type is one of Pydantic's, or a UUID; None for others."""
    if not is_schema(ctx, cls):
        return None
    for field in schema_fields(ctx, cls):
        if field.name == name:
            found = _typed_value(ctx, cls, field)
            is_known = isinstance(found, Object) and VALUES[found.type] in _IN_OBJECTS
            return found if is_known else None
    return None


def dumped(ctx: Context, cls: ClassValue, arguments: Arguments, depth: int = 0) -> Value:
    """The value of ``model_dump(...)``: a dictionary of the fields, as far as their types are known."""
    options = dict(arguments.keywords)
    if arguments.args or arguments.opaque or "by_alias" in options or "include" in options:
        return Plain("dict")
    left_out = _names_in(options["exclude"]) if "exclude" in options else frozenset[str]()
    if left_out is None:
        return Plain("dict")
    as_json = options.get("mode", Const("python")) != Const("python")
    known = [field for field in schema_fields(ctx, cls) if field.name not in left_out]
    values = (_ANY if as_json else _dumped_field(ctx, cls, field, depth) for field in known)
    return Collection("dict", items=tuple(values), keys=tuple(field.name for field in known))


def _names_in(value: Value) -> frozenset[str] | None:
    """The texts in a set that is written out; None for another value."""
    if isinstance(value, Const) and value.value is None:
        return frozenset()
    if not isinstance(value, Collection) or value.items is None or value.keys is not None:
        return None
    found = [one.value for one in value.items if isinstance(one, Const) and isinstance(one.value, str)]
    return frozenset(found) if len(found) == len(value.items) else None


def _dumped_field(ctx: Context, cls: ClassValue, field: SchemaField, depth: int) -> Value:
    if depth >= _DEEPEST or _is_changed(ctx, cls, field.name):
        return _ANY
    typed = _typed_value(ctx, cls, field)
    if typed is not None:
        return typed
    frame = Frame(ctx, field.owner.path, "")
    return _dumped_value(ctx, type_hints.declared_value(frame, State(), field.annotation), depth)


def _dumped_value(ctx: Context, value: Value, depth: int) -> Value:
    if isinstance(value, Instance) and is_schema(ctx, value.cls):
        return dumped(ctx, value.cls, Arguments(), depth + 1)
    if isinstance(value, Collection) and value.kind == "list" and value.items is None:
        item = _dumped_value(ctx, value.item, depth)
        return _ANY if item == _ANY else Collection("list", item)
    return _ANY


def _typed_value(ctx: Context, cls: ClassValue, field: SchemaField) -> Object | None:
    """The value of a field with a plain annotation such as ``HttpUrl`` or ``HttpUrl | None``."""
    written = _without_none(field.annotation)
    found = names.dotted_value(ctx, field.owner.path, dotted(written)) if dotted(written) else None
    kind = VALUES.get(found.dotted) if isinstance(found, Library) else None
    if kind is None or not isinstance(found, Library) or _is_changed(ctx, cls, field.name):
        return None
    if kind == "url" and ctx.project.requirements_of(cls.path).at_least("pydantic", _SINCE_URLS) is False:
        return None
    return Object(found.dotted, declared=True)


def _without_none(annotation: Expr) -> Expr:
    match annotation:
        case tree.Binary(op="|", left=left, right=tree.Const(value=None)):
            return left
        case tree.Subscript(value=outer) if dotted(outer).rpartition(".")[2] == "Optional":
            return subscript_parts(annotation)[0]
    return annotation


def _is_changed(ctx: Context, cls: ClassValue, name: str) -> bool:
    """Whether a validator or serializer of a class may give a field another value."""
    return any(
        name in changed or "*" in changed or not changed
        for base in classes.mro(ctx, cls)
        if isinstance(base, ClassValue)
        for changed in _changing(base)
    )


def _changing(cls: ClassValue) -> Iterator[set[object]]:
    """The names in the decorator of each validator and serializer of a class; none for one of the object."""
    for statement in cls.node.body:
        for decorator in statement.decorators if isinstance(statement, tree.FunctionDef) else ():
            called = decorator.func if isinstance(decorator, tree.Call) else decorator
            if dotted(called).rpartition("_")[2].rpartition(".")[2] in _CHANGING:
                arguments = decorator.args if isinstance(decorator, tree.Call) else []
                yield {part.value for part in arguments if isinstance(part, tree.Const)}
