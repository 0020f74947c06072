"""Pydantic models: what validating a value reads of ORM objects.

Source: docs/behaviour.md#pydantic, docs/behaviour.md#fastapi-response-models;
Pydantic documentation, "Models, arbitrary class instances"; FastAPI documentation, "Response Model".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from flake8_async_fastapi.domains.orm.mapping import models
from flake8_async_fastapi.domains.orm.objects.instances import rows_of
from flake8_async_fastapi.domains.orm.objects.readers import read_for
from flake8_async_fastapi.domains.pydantic.fields import fields, is_schema
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.machine import attributes, calls, classes, expressions, type_hints
from flake8_async_fastapi.engine.places import Place, Position
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
    is_none,
    options,
)
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import dotted

_DEEPEST: Final = 6


@dataclass(frozen=True, slots=True)
class Adapter(Payload):
    """A type that values are validated against: an annotation, and where its names are looked up."""

    annotation: Expr = field(compare=False, repr=False)
    frame: Frame = field(compare=False, repr=False)
    place: Position


@dataclass(frozen=True, slots=True)
class Wanted:
    """A type to validate against: an annotation, where its names are looked up, and its type variables."""

    annotation: Expr
    frame: Frame
    bound: Mapping[str, Wanted]


def validated(frame: Frame, cls: ClassValue, value: Value, place: Position, use: str, through: str) -> None:
    """Validate a value against a schema."""
    wanted = Wanted(tree.Name(0, 0, cls.name), _frame(frame.ctx, cls), {})
    with read_for(frame, use, through):
        _validate_as(frame, cls, wanted, value, place, 0)


def adapted(frame: Frame, adapter: Adapter, value: Value, place: Position, use: str) -> None:
    """Validate a value against an annotation: a response model, or that of a ``TypeAdapter``."""
    wanted = Wanted(adapter.annotation, adapter.frame, {})
    with read_for(frame, use, _spoken(adapter.annotation)):
        _validate(frame, wanted, value, place, 0)


def _spoken(annotation: Expr) -> str:
    if isinstance(annotation, tree.Subscript):
        index = annotation.index
        parts = index.items if isinstance(index, tree.Display) else [index]
        return f"{dotted(annotation.value)}[{', '.join(map(_spoken, parts))}]"
    if isinstance(annotation, tree.Binary):
        return f"{_spoken(annotation.left)} | {_spoken(annotation.right)}"
    if isinstance(annotation, tree.Const):
        return str(annotation.value)
    return dotted(annotation) or "..."


def _frame(ctx: Context, cls: ClassValue) -> Frame:
    return Frame(ctx, cls.path, cls.node.qualname, closure=cls.closure)


_LISTS = frozenset(
    {"list", "List", "Sequence", "set", "Set", "tuple", "Tuple", "Iterable", "frozenset", "Collection"}
)


def _validate(frame: Frame, wanted: Wanted, value: Value, place: Position, depth: int) -> None:
    """Read of a value what an annotation asks for."""
    annotation = wanted.annotation
    if depth > _DEEPEST:
        return
    match annotation:
        case tree.Binary(op="|", left=left, right=right):
            _validate_any(frame, wanted, [left, right], value, place, depth)
        case tree.Subscript(value=outer, index=index):
            inner: list[Expr] = list(index.items) if isinstance(index, tree.Display) else [index]
            last = dotted(outer).rpartition(".")[2]
            if last == "Annotated" and inner:
                if not any(_converts(extra) for extra in inner[1:]):
                    _again(frame, wanted, inner[0], value, place, depth)
            elif last == "Optional" and inner:
                _again(frame, wanted, inner[0], value, place, depth)
            elif last == "Union":
                _validate_any(frame, wanted, inner, value, place, depth)
            elif last in _LISTS and inner:
                for option in options(value):
                    for part in _elements(frame, option, place):
                        _again(frame, wanted, inner[0], part, place, depth)
            elif last in ("dict", "Dict", "Mapping") and len(inner) == 2:
                for option in options(value):
                    if isinstance(option, Collection) and option.kind == "dict":
                        for part in option.items if option.items is not None else (option.item,):
                            _again(frame, wanted, inner[1], part, place, depth)
            else:
                _validate_generic(frame, wanted, outer, inner, value, place, depth)
        case tree.Name() | tree.Attr():
            _validate_named(frame, wanted, annotation, value, place, depth)


def _converts(extra: Expr) -> bool:
    """Whether a part of ``Annotated`` is a validator, which may make another value."""
    return dotted(extra.func if isinstance(extra, tree.Call) else extra).endswith("Validator")


def _again(frame: Frame, wanted: Wanted, annotation: Expr, value: Value, place: Position, depth: int) -> None:
    _validate(frame, Wanted(annotation, wanted.frame, wanted.bound), value, place, depth + 1)


def _elements(frame: Frame, value: Value, place: Position) -> tuple[Value, ...]:
    from flake8_async_fastapi.engine.machine import protocols

    if isinstance(value, Collection):
        return value.items if value.items is not None else (value.item,)
    if isinstance(value, Object) and value.detail is not None:
        return (protocols.element(frame, value, False, Place(frame.path, *place)),)
    return ()


def _validate_any(
    frame: Frame, wanted: Wanted, members: list[Expr], value: Value, place: Position, depth: int
) -> None:
    """A union takes the member that validates: only a single one beside None is certain to be tried."""
    real = [member for member in members if not (isinstance(member, tree.Const) and member.value is None)]
    if len(real) == 1:
        _again(frame, wanted, real[0], value, place, depth)


def _validate_generic(
    frame: Frame, wanted: Wanted, outer: Expr, inner: list[Expr], value: Value, place: Position,
    depth: int,
) -> None:  # fmt: skip
    """``Page[PostOut]``: a schema with its type variables bound."""
    cls = expressions.evaluate(wanted.frame, State(), outer)
    if not isinstance(cls, ClassValue) or not is_schema(frame.ctx, cls):
        return
    bound = _bound(cls, inner, wanted.frame, wanted.bound)
    _validate_as(frame, cls, Wanted(outer, _frame(frame.ctx, cls), bound), value, place, depth)


def _bound(
    cls: ClassValue, given: list[Expr], frame: Frame, outer: Mapping[str, Wanted]
) -> dict[str, Wanted]:
    """The type variables of a generic schema, with what its subscript gives them."""
    names = type_hints.parameter_names(cls)
    return {name: Wanted(part, frame, outer) for name, part in zip(names, given, strict=False)}


def _validate_named(
    frame: Frame, wanted: Wanted, annotation: Expr, value: Value, place: Position, depth: int
) -> None:
    text = dotted(annotation)
    if text in wanted.bound:
        _validate(frame, wanted.bound[text], value, place, depth + 1)
        return
    alias = type_hints.alias(wanted.frame, annotation)
    if alias is not None:
        other, expression = alias
        _validate(frame, Wanted(expression, other, {}), value, place, depth + 1)
        return
    cls = expressions.evaluate(wanted.frame, State(), annotation)
    if isinstance(cls, ClassValue) and is_schema(frame.ctx, cls):
        _validate_as(frame, cls, Wanted(annotation, _frame(frame.ctx, cls), {}), value, place, depth)


def _validate_as(
    frame: Frame, cls: ClassValue, wanted: Wanted, value: Value, place: Position, depth: int
) -> None:
    """Read the fields of a schema from each value that it may be."""
    model = models.mapped(frame.ctx, cls)
    for option in options(value):
        if isinstance(option, Instance) and option.ref is not None:
            if rows_of(frame.state).get(option.ref) is None:
                continue
            if model is not None and option.cls == cls:
                continue  # an SQLModel table validates itself, and its relationships are no fields
            for given in _prepared(frame, cls, option, place):
                _validate_fields(frame, cls, wanted, given, place, depth)
        elif isinstance(option, Collection) and option.kind == "dict" and option.keys is not None:
            items = dict(zip(option.keys, option.items or (), strict=False))
            for one in fields(frame.ctx, cls):
                for name in one.reads:
                    if name in items and not one.converts:
                        inner = Wanted(one.annotation, _frame(frame.ctx, one.owner), wanted.bound)
                        _validate(frame, inner, items[name], place, depth + 1)
        elif isinstance(option, Instance) and option.attributes and option.cls != cls:
            given_names = dict(option.attributes)
            for one in fields(frame.ctx, cls):
                if one.name in given_names and not one.converts:
                    inner = Wanted(one.annotation, _frame(frame.ctx, one.owner), wanted.bound)
                    _validate(frame, inner, given_names[one.name], place, depth + 1)


def _prepared(frame: Frame, cls: ClassValue, instance: Instance, place: Position) -> list[Instance]:
    """The object that the fields are read from; none if a validator of the whole model made another value."""
    for base in classes.mro(frame.ctx, cls):
        if not isinstance(base, ClassValue):
            continue
        for statement in base.node.body:
            if isinstance(statement, tree.FunctionDef) and _is_early(statement):
                from flake8_async_fastapi.engine.machine import functions

                function = functions.as_function(base.path, statement, base, cls, base.closure)
                result = calls.apply(
                    frame, function, Arguments((instance, UNKNOWN)), "", Place(frame.path, *place)
                )
                same = [option for option in options(result) if option == instance]
                return [instance] if same else []
    return [instance]


def _is_early(node: tree.FunctionDef) -> bool:
    for decorator in node.decorators:
        if isinstance(decorator, tree.Call) and dotted(decorator.func).rpartition(".")[2] in (
            "model_validator",
            "root_validator",
        ):
            words = {word.name: word.value for word in decorator.keywords}
            mode, pre = words.get("mode"), words.get("pre")
            if isinstance(mode, tree.Const) and mode.value in ("before", "wrap"):
                return True
            if isinstance(pre, tree.Const) and pre.value is True:
                return True
    return False


def _validate_fields(
    frame: Frame, cls: ClassValue, wanted: Wanted, instance: Instance, place: Position, depth: int
) -> None:
    for one in fields(frame.ctx, cls):
        for name in one.reads:
            value = _read_path(frame, instance, name, place)
            if value is None:
                continue
            if not one.converts:
                inner = Wanted(one.annotation, _frame(frame.ctx, one.owner), wanted.bound)
                _validate(frame, inner, value, place, depth + 1)
            break


def _read_path(frame: Frame, instance: Instance, path: str, place: Position) -> Value | None:
    """Read an attribute, or an ``AliasPath`` of several; None if the object has no such attribute."""
    value: Value = instance
    for name in path.split("."):
        found = [option for option in options(value) if not is_none(option)]
        if len(found) != 1 or not isinstance(found[0], Instance):
            return UNKNOWN if value != instance else None
        owner = found[0]
        if owner == instance and not _has(frame.ctx, owner.cls, name):
            return None
        written = tree.Attr(*place, tree.Name(*place, "..."), name)
        value = attributes.read(frame, owner, written, awaited_chain=False)
    return value


def _has(ctx: Context, cls: ClassValue, name: str) -> bool:
    model = models.mapped(ctx, cls)
    return (model is not None and name in model.attributes) or classes.has_member(ctx, cls, name)


def constructed(frame: Frame, cls: ClassValue, arguments: Arguments, origin: Place) -> None:
    """``Schema(author=post.author)``: what is given is validated too."""
    if not rows_of(frame.state) or not is_schema(frame.ctx, cls) or models.mapped(frame.ctx, cls) is not None:
        return
    place = origin.position
    given = dict(arguments.keywords)
    bound = {}
    written = frame.calling.func if frame.calling is not None else None
    if isinstance(written, tree.Subscript):  # Page[PostOut](items=posts)
        index = written.index
        parts: list[Expr] = list(index.items) if isinstance(index, tree.Display) else [index]
        bound = _bound(cls, list(parts), frame, {})
    with read_for(frame, "validated", cls.name):
        for one in fields(frame.ctx, cls):
            for name in one.reads:
                if name in given and not one.converts:
                    inner = Wanted(one.annotation, _frame(frame.ctx, one.owner), bound)
                    _validate(frame, inner, given[name], place, 1)
