"""Pydantic models: the attributes of ORM objects that validation reads.

Source: docs/behaviour.md#pydantic, docs/behaviour.md#fastapi-response-models; Pydantic documentation,
"Models, arbitrary class instances"; FastAPI documentation, "Response Model".
"""

from __future__ import annotations

from collections.abc import Mapping
from operator import attrgetter
from typing import Final

from msgspec import Struct

from flake8_async_fastapi.domains.orm.mapping import models
from flake8_async_fastapi.domains.orm.objects.heap import instances_of
from flake8_async_fastapi.domains.orm.objects.readers import Reader, reading_for
from flake8_async_fastapi.domains.pydantic import tagged
from flake8_async_fastapi.domains.pydantic.fields import (
    SchemaField,
    decorators_that_run_first,
    is_schema,
    schema_fields,
)
from flake8_async_fastapi.engine import containers, hints
from flake8_async_fastapi.engine.comparison import ComparedBy
from flake8_async_fastapi.engine.events import RowAttributeMissing
from flake8_async_fastapi.engine.frame import Context, Frame, class_frame
from flake8_async_fastapi.engine.machine import (
    attributes,
    calls,
    classes,
    expressions,
    functions,
    protocols,
    type_hints,
)
from flake8_async_fastapi.engine.places import Place, Position, Spot
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.values import (
    UNKNOWN,
    Arguments,
    ClassValue,
    Collection,
    Instance,
    Object,
    Payload,
    Value,
    alternatives,
    is_none,
)
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import dotted, subscript_parts

_DEEPEST: Final = 6


class ValidationTarget(ComparedBy, Payload, frozen=True, eq=False):
    """A type that values are validated against: an annotation, and the scope of its names."""

    annotation: Expr
    frame: Frame
    place: Position

    compared = attrgetter("place")


class TargetType(Struct, frozen=True):
    """A type to validate against: an annotation, the scope of its names, and its type variables."""

    annotation: Expr
    frame: Frame
    bound: Mapping[str, TargetType]


def validate_instance(
    frame: Frame, cls: ClassValue, value: Value, place: Position, use: str, through: str
) -> None:
    """Validate a value against a schema."""
    wanted = TargetType(tree.Name(0, 0, cls.name), class_frame(frame.ctx, cls), {})
    with reading_for(frame, use, through):
        _validate_as(frame, cls, wanted, value, place, 0)


def validate_adapted(
    frame: Frame, adapter: ValidationTarget, value: Value, place: Position, use: str
) -> None:
    """Validate a value against an annotation: a response model, or that of a ``TypeAdapter``."""
    wanted = TargetType(adapter.annotation, adapter.frame, {})
    with reading_for(frame, use, _annotation_text(adapter.annotation)):
        _validate(frame, wanted, value, place, 0)


def _annotation_text(annotation: Expr) -> str:
    if isinstance(annotation, tree.Subscript):
        parts = map(_annotation_text, subscript_parts(annotation))
        return f"{dotted(annotation.value)}[{', '.join(parts)}]"
    if isinstance(annotation, tree.Binary):
        return f"{_annotation_text(annotation.left)} | {_annotation_text(annotation.right)}"
    if isinstance(annotation, tree.Const):
        return str(annotation.value)
    return dotted(annotation) or "..."


_LISTS = frozenset(
    {"list", "List", "Sequence", "set", "Set", "tuple", "Tuple", "Iterable", "frozenset", "Collection"}
)


def _validate(frame: Frame, wanted: TargetType, value: Value, place: Position, depth: int) -> None:
    """Read the attributes of a value that an annotation requires."""
    annotation = wanted.annotation
    if depth > _DEEPEST:
        return
    match annotation:
        case tree.Binary(op="|", left=left, right=right):
            _validate_any(frame, wanted, [left, right], value, place, depth)
        case tree.Subscript(value=outer):
            inner = subscript_parts(annotation)
            last = dotted(outer).rpartition(".")[2]
            if last == "Annotated" and inner:
                if not any(_is_validator(extra) for extra in inner[1:]):
                    _validate_annotated(frame, wanted, inner, value, place, depth)
            elif last == "Optional" and inner:
                _validate_inner(frame, wanted, inner[0], value, place, depth)
            elif last == "Union":
                _validate_any(frame, wanted, inner, value, place, depth)
            elif last in _LISTS and inner:
                for alternative in alternatives(value):
                    for part in _elements_of(frame, alternative, place):
                        _validate_inner(frame, wanted, inner[0], part, place, depth)
            elif last in ("dict", "Dict", "Mapping") and len(inner) == 2:
                for alternative in alternatives(value):
                    if isinstance(alternative, Collection) and alternative.kind == "dict":
                        for part in (
                            alternative.items if alternative.items is not None else (alternative.item,)
                        ):
                            _validate_inner(frame, wanted, inner[1], part, place, depth)
            else:
                _validate_generic(frame, wanted, outer, inner, value, place, depth)
        case tree.Name() | tree.Attr():
            _validate_named(frame, wanted, annotation, value, place, depth)


def _validate_annotated(
    frame: Frame, wanted: TargetType, parts: list[Expr], value: Value, place: Position, depth: int
) -> None:
    """Validate against ``Annotated[type, extra]``: only the member that a union's discriminator selects."""
    tag = tagged.tag_name(parts[1:])
    if not tag:
        _validate_inner(frame, wanted, parts[0], value, place, depth)
        return
    for alternative in alternatives(value):
        member = tagged.tagged_member(wanted.frame, parts[0], tag, alternative)
        if member is not None:
            _validate_inner(frame, wanted, member, alternative, place, depth)


def _is_validator(extra: Expr) -> bool:
    """Whether a part of ``Annotated`` is a validator, which may return another value."""
    return dotted(extra.func if isinstance(extra, tree.Call) else extra).endswith("Validator")


def _validate_inner(
    frame: Frame, wanted: TargetType, annotation: Expr, value: Value, place: Position, depth: int
) -> None:
    _validate(frame, TargetType(annotation, wanted.frame, wanted.bound), value, place, depth + 1)


def _elements_of(frame: Frame, value: Value, place: Position) -> tuple[Value, ...]:
    if isinstance(value, Collection):
        return value.items if value.items is not None else (value.item,)
    if isinstance(value, Object) and value.detail is not None:
        return (protocols.element_of_iterable(frame, value, False, Place(frame.path, *place)),)
    return ()


def _validate_any(
    frame: Frame, wanted: TargetType, members: list[Expr], value: Value, place: Position, depth: int
) -> None:
    """Validate against a union: only a single member besides None is certain to be tried."""
    real = [member for member in members if not (isinstance(member, tree.Const) and member.value is None)]
    if len(real) == 1:
        _validate_inner(frame, wanted, real[0], value, place, depth)


def _validate_generic(
    frame: Frame, wanted: TargetType, outer: Expr, inner: list[Expr], value: Value, place: Position,
    depth: int,
) -> None:  # fmt: skip
    """``Page[PostOut]``: a schema with its type variables bound."""
    cls = expressions.evaluate(wanted.frame, State(), outer)
    if not isinstance(cls, ClassValue) or not is_schema(frame.ctx, cls):
        return
    bound = _bind_type_variables(cls, inner, wanted.frame, wanted.bound)
    _validate_as(frame, cls, TargetType(outer, class_frame(frame.ctx, cls), bound), value, place, depth)


def _bind_type_variables(
    cls: ClassValue, given: list[Expr], frame: Frame, outer: Mapping[str, TargetType]
) -> dict[str, TargetType]:
    """The type variables of a generic schema, with the arguments of its subscript."""
    names = hints.parameter_names(cls)
    return {name: TargetType(part, frame, outer) for name, part in zip(names, given, strict=False)}


def _validate_named(
    frame: Frame, wanted: TargetType, annotation: Expr, value: Value, place: Position, depth: int
) -> None:
    text = dotted(annotation)
    if text in wanted.bound:
        _validate(frame, wanted.bound[text], value, place, depth + 1)
        return
    alias = type_hints.resolve_alias(wanted.frame, annotation)
    if alias is not None:
        other, expression = alias
        _validate(frame, TargetType(expression, other, {}), value, place, depth + 1)
        return
    cls = expressions.evaluate(wanted.frame, State(), annotation)
    if isinstance(cls, ClassValue) and is_schema(frame.ctx, cls):
        _validate_as(frame, cls, TargetType(annotation, class_frame(frame.ctx, cls), {}), value, place, depth)


def _validate_as(
    frame: Frame, cls: ClassValue, wanted: TargetType, value: Value, place: Position, depth: int
) -> None:
    """Read the fields of a schema from each possible value."""
    model = models.mapped_model(frame.ctx, cls)
    for alternative in alternatives(value):
        if isinstance(alternative, Instance) and alternative.location is not None:
            if instances_of(frame.state).get(alternative.location) is None:
                continue
            if model is not None and alternative.cls == cls:
                continue  # an SQLModel table validates itself, and its relationships are not fields
            for given in _prepare_instance(frame, cls, alternative, place):
                _validate_fields(frame, cls, wanted, given, place, depth)
        elif (
            isinstance(alternative, Collection)
            and alternative.kind == "dict"
            and alternative.keys is not None
        ):
            items = dict(zip(alternative.keys, alternative.items or (), strict=False))
            for one in schema_fields(frame.ctx, cls):
                for name in one.reads:
                    if name in items:
                        inner = TargetType(one.annotation, class_frame(frame.ctx, one.owner), wanted.bound)
                        _validate_field(frame, one, inner, items[name], place, depth + 1)
        elif isinstance(alternative, Collection) and alternative.kind == "row":
            _report_row(frame, cls, alternative, place)
        elif isinstance(alternative, Instance) and alternative.attributes and alternative.cls != cls:
            given_names = dict(alternative.attributes)
            for one in schema_fields(frame.ctx, cls):
                if one.name in given_names:
                    inner = TargetType(one.annotation, class_frame(frame.ctx, one.owner), wanted.bound)
                    _validate_field(frame, one, inner, given_names[one.name], place, depth + 1)


def _report_row(frame: Frame, cls: ClassValue, row: Collection, place: Position) -> None:
    """Report a row that lacks what a schema reads: it has one attribute for each object in it."""
    for one in schema_fields(frame.ctx, cls) if not _changes_data(frame.ctx, cls) else ():
        keys = [containers.names_of_row(row, name) for name in one.reads]
        if one.is_required and keys and all(keys):
            at = (frame.path, *place, frame.qualname)
            frame.emit_event(RowAttributeMissing(*at, keys[0], one.name, f"{cls.name}.{one.name}"))
            return


def _changes_data(ctx: Context, cls: ClassValue) -> bool:
    """Whether a schema has a validator of the whole model that may replace what it gets."""
    return any(
        isinstance(statement, tree.FunctionDef) and _runs_before(statement)
        for base in classes.mro(ctx, cls)
        if isinstance(base, ClassValue)
        for statement in base.node.body
    )


def _prepare_instance(frame: Frame, cls: ClassValue, instance: Instance, place: Position) -> list[Instance]:
    """The object whose attributes are the fields; none if a validator of the whole model may replace it."""
    for base in classes.mro(frame.ctx, cls):
        if not isinstance(base, ClassValue):
            continue
        for statement in base.node.body:
            if isinstance(statement, tree.FunctionDef) and _runs_before(statement):
                function = functions.as_method(base, statement, cls)
                result = calls.apply_callee(
                    frame, function, Arguments((instance, UNKNOWN)), "", Place(frame.path, *place)
                )
                same = [alternative for alternative in alternatives(result) if alternative == instance]
                return [instance] if same else []
    return [instance]


def _runs_before(node: tree.FunctionDef) -> bool:
    return any(decorators_that_run_first(node, "model_validator", "root_validator"))


def _validate_fields(
    frame: Frame, cls: ClassValue, wanted: TargetType, instance: Instance, place: Position, depth: int
) -> None:
    reader = frame.notes_of(Reader)
    for one in schema_fields(frame.ctx, cls):
        inner = TargetType(one.annotation, class_frame(frame.ctx, one.owner), wanted.bound)
        for name in one.reads:
            reader.takes_nothing = one.converts or not _wants_object(frame, inner, 0)
            reader.field_at = Spot(inner.frame.path, one.annotation.line)
            value = _read_attribute_path(frame, instance, name, place)
            reader.takes_nothing = False
            if value is None:
                continue
            _validate_field(frame, one, inner, value, place, depth + 1)
            break


def _validate_field(
    frame: Frame, field: SchemaField, wanted: TargetType, value: Value, place: Position, depth: int
) -> None:
    """Validate the value of a field: what its validator makes of it, if one gets it first."""
    if field.converts:
        if field.converter is None:
            return
        function = functions.as_method(field.owner, field.converter, field.owner)
        given = Arguments((value, UNKNOWN)[: max(1, len(field.converter.params) - 1)])
        value = calls.apply_callee(frame, function, given, "", Place(frame.path, *place))
    _validate(frame, wanted, value, place, depth)


def _wants_object(frame: Frame, wanted: TargetType, depth: int) -> bool:
    """Whether an annotation is a schema and nothing else, so that None is refused."""
    annotation = wanted.annotation
    if isinstance(annotation, tree.Subscript) and dotted(annotation.value).rpartition(".")[2] == "Annotated":
        annotation = subscript_parts(annotation)[0]
    if isinstance(annotation, tree.Name) and annotation.id in wanted.bound and depth < _DEEPEST:
        return _wants_object(frame, wanted.bound[annotation.id], depth + 1)
    named = annotation.value if isinstance(annotation, tree.Subscript) else annotation
    cls = expressions.evaluate(wanted.frame, State(), named)
    return isinstance(cls, ClassValue) and is_schema(frame.ctx, cls)


def _read_attribute_path(frame: Frame, instance: Instance, path: str, place: Position) -> Value | None:
    """Read an attribute, or an ``AliasPath`` of several; None if the object has no such attribute."""
    value: Value = instance
    for name in path.split("."):
        found = [alternative for alternative in alternatives(value) if not is_none(alternative)]
        if len(found) != 1 or not isinstance(found[0], Instance):
            return UNKNOWN if value != instance else None
        owner = found[0]
        if owner == instance and not _has_attribute(frame.ctx, owner.cls, name):
            return None
        written = tree.Attr(*place, tree.Name(*place, "..."), name)
        value = attributes.read_attribute(frame, owner, written, awaited_chain=False)
    return value


def _has_attribute(ctx: Context, cls: ClassValue, name: str) -> bool:
    model = models.mapped_model(ctx, cls)
    return (model is not None and name in model.attributes) or classes.has_member(ctx, cls, name)


def validate_arguments(frame: Frame, cls: ClassValue, arguments: Arguments, origin: Place) -> None:
    """Validate the arguments of ``Schema(author=post.author)``."""
    if (
        not instances_of(frame.state)
        or not is_schema(frame.ctx, cls)
        or models.mapped_model(frame.ctx, cls) is not None
    ):
        return
    place = origin.position
    given = dict(arguments.keywords)
    bound = {}
    written = frame.current_call.func if frame.current_call is not None else None
    if isinstance(written, tree.Subscript):  # Page[PostOut](items=posts)
        bound = _bind_type_variables(cls, subscript_parts(written), frame, {})
    with reading_for(frame, "validated", cls.name):
        for one in schema_fields(frame.ctx, cls):
            for name in one.reads:
                if name in given:
                    inner = TargetType(one.annotation, class_frame(frame.ctx, one.owner), bound)
                    _validate_field(frame, one, inner, given[name], place, 1)
