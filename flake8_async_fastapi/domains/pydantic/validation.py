"""Pydantic models: what validating a value reads of ORM objects.

Source: FACTS section 2, items 24 to 26; Pydantic documentation, "Models, arbitrary
class instances"; FastAPI documentation, "Response Model".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from flake8_async_fastapi.domains.orm.instances import rows_of
from flake8_async_fastapi.domains.sqlalchemy.mapping import models
from flake8_async_fastapi.domains.sqlalchemy.queries import Adapter, Schema
from flake8_async_fastapi.engine.context import Context, Frame, State
from flake8_async_fastapi.engine.machine import attributes, calls, classes, expressions, type_hints
from flake8_async_fastapi.engine.values import (
    UNKNOWN,
    Arguments,
    ClassValue,
    Collection,
    Instance,
    Member,
    Object,
    Plain,
    Value,
    is_none,
    options,
)
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import dotted

_ROOTS = frozenset(
    {"pydantic.BaseModel", "pydantic.main.BaseModel", "sqlmodel.SQLModel", "pydantic.generics.GenericModel",
     "pydantic.RootModel", "pydantic.v1.BaseModel"}
)  # fmt: skip
TYPE: Final = "pydantic.BaseModel"
_DEEPEST: Final = 6
_VALIDATING = frozenset({"model_validate", "from_orm", "validate", "parse_obj"})
_DUMPING = frozenset({"model_dump", "dict"})


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a schema: what is read for it, and where its type is written."""

    name: str
    reads: tuple[str, ...]
    annotation: Expr
    owner: ClassValue
    converts: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """A type to validate against: an annotation, where its names are looked up, and its type variables."""

    annotation: Expr
    frame: Frame
    bound: Mapping[str, Wanted]


def is_schema(ctx: Context, cls: ClassValue) -> bool:
    """Whether a class is a Pydantic model; an SQLModel table is one too."""
    return classes.derives(ctx, cls, _ROOTS)


def method(ctx: Context, cls: ClassValue, name: str) -> Value | None:
    """A method that every schema has and that matters here; None for others."""
    if name not in _VALIDATING and name not in _DUMPING and name != "model_construct":
        return None
    if not classes.has_member(ctx, cls, name) and is_schema(ctx, cls):
        return Member(Object(TYPE, detail=Schema(cls)), name)
    return None


def fields(ctx: Context, cls: ClassValue) -> tuple[Field, ...]:
    """The fields of a schema, those of its bases first."""
    return ctx.once(("fields", cls), lambda: tuple(_fields(ctx, cls)), ())


def _fields(ctx: Context, cls: ClassValue) -> Iterator[Field]:
    found: dict[str, Field] = {}
    for base in reversed(classes.mro(ctx, cls)):
        if not isinstance(base, ClassValue):
            continue
        converted = _converted(base)
        for statement in base.node.body:
            if not isinstance(statement, tree.Assign) or statement.annotation is None:
                continue
            name = dotted(statement.targets[0])
            if not name or name.startswith("_") or name == "model_config":
                continue
            if dotted(statement.annotation).rpartition(".")[2] == "ClassVar":
                continue
            if isinstance(statement.value, tree.Call) and dotted(statement.value.func).endswith(
                "Relationship"
            ):
                continue  # no field of an SQLModel
            found[name] = Field(name, _reads(name, statement), statement.annotation, base, name in converted)
    yield from found.values()


def _reads(name: str, statement: tree.Assign) -> tuple[str, ...]:
    """The attributes that a field is read from: its alias, or else its name."""
    calls_written = [statement.value, *_metadata(statement.annotation)]
    for call in calls_written:
        if isinstance(call, tree.Call) and dotted(call.func).rpartition(".")[2] == "Field":
            given = {keyword.name: keyword.value for keyword in call.keywords}
            alias = given.get("validation_alias") or given.get("alias")
            names = tuple(_names(alias)) if alias is not None else ()
            if names:
                return (*names, name)
    return (name,)


def _names(alias: Expr) -> Iterator[str]:
    if isinstance(alias, tree.Const) and isinstance(alias.value, str):
        yield alias.value
    elif isinstance(alias, tree.Call) and alias.args:
        last = dotted(alias.func).rpartition(".")[2]
        if last == "AliasChoices":
            for choice in alias.args:
                yield from _names(choice)
        elif last == "AliasPath":
            parts = [
                part.value for part in alias.args if isinstance(part, tree.Const) and part.value is not None
            ]
            texts = [part for part in parts if isinstance(part, str)]
            if texts and len(texts) == len(alias.args):
                yield ".".join(texts)
            elif texts:
                yield texts[0]


def _metadata(annotation: Expr | None) -> list[Expr]:
    if isinstance(annotation, tree.Subscript) and dotted(annotation.value).endswith("Annotated"):
        index = annotation.index
        return list(index.items[1:]) if isinstance(index, tree.Display) else []
    return []


def _converted(cls: ClassValue) -> frozenset[str]:
    """The fields with a validator that gets the value first."""
    found: set[str] = set()
    for statement in cls.node.body:
        if not isinstance(statement, tree.FunctionDef):
            continue
        for decorator in statement.decorators:
            if isinstance(decorator, tree.Call) and dotted(decorator.func).rpartition(".")[2] in (
                "field_validator",
                "validator",
            ):
                words = {word.name: word.value for word in decorator.keywords}
                mode, pre = words.get("mode"), words.get("pre")
                early = isinstance(mode, tree.Const) and mode.value in ("before", "wrap", "plain")
                if early or (isinstance(pre, tree.Const) and pre.value is True):
                    found.update(
                        part.value
                        for part in decorator.args
                        if isinstance(part, tree.Const) and isinstance(part.value, str)
                    )
    return frozenset(found)


# --- calls --------------------------------------------------------------------------------


def adapter(frame: Frame, arguments: Arguments, origin: tuple[str, int, int]) -> Value | None:
    """The value of ``TypeAdapter(annotation)``, and what ``parse_obj_as(annotation, value)`` reads."""
    node = frame.calling
    if node is None or not node.args:
        return None
    made = Adapter(node.args[0], Frame(frame.ctx, frame.path, "", closure=frame.closure), origin[1:])
    if len(arguments.args) == 2:
        adapted(frame, made, arguments.args[1], origin[1:], "validated")
        return UNKNOWN
    return Object("pydantic.TypeAdapter", detail=made)


def called(
    frame: Frame, schema: Schema | Adapter, name: str, arguments: Arguments, origin: tuple[str, int, int]
) -> Value | None:
    """``Schema.model_validate(obj)`` and other methods of schemas and type adapters."""
    if isinstance(schema, Adapter):
        if name == "validate_python" and arguments.args:
            adapted(frame, schema, arguments.args[0], origin[1:], "validated")
        return None
    cls = schema.cls
    if name in _VALIDATING:
        value = arguments.args[0] if arguments.args else arguments.get(0, "obj")
        if value is not None:
            validated(frame, cls, value, (origin[1], origin[2]), "validated", cls.name)
        return Instance(cls, exact=True)
    if name in _DUMPING:
        known = fields(frame.ctx, cls)
        if arguments.args or {key for key, _ in arguments.keywords} & {"by_alias"}:
            return Plain("dict")
        return Collection(
            "dict", items=tuple(Plain("object") for _ in known), keys=tuple(one.name for one in known)
        )
    return None


def validated(
    frame: Frame, cls: ClassValue, value: Value, place: tuple[int, int], use: str, through: str
) -> None:
    """Validate a value against a schema."""
    wanted = Wanted(tree.Name(0, 0, cls.name), _frame(frame.ctx, cls), {})
    before, frame.using = frame.using, (use, through)
    _validate_as(frame, cls, wanted, value, place, 0)
    frame.using = before


def adapted(frame: Frame, adapter: Adapter, value: Value, place: tuple[int, int], use: str) -> None:
    """Validate a value against an annotation: a response model, or that of a ``TypeAdapter``."""
    wanted = Wanted(adapter.annotation, adapter.frame, {})
    before, frame.using = frame.using, (use, _spoken(adapter.annotation))
    _validate(frame, wanted, value, place, 0)
    frame.using = before


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


def _validate(frame: Frame, wanted: Wanted, value: Value, place: tuple[int, int], depth: int) -> None:
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


def _again(
    frame: Frame, wanted: Wanted, annotation: Expr, value: Value, place: tuple[int, int], depth: int
) -> None:
    _validate(frame, Wanted(annotation, wanted.frame, wanted.bound), value, place, depth + 1)


def _elements(frame: Frame, value: Value, place: tuple[int, int]) -> tuple[Value, ...]:
    from flake8_async_fastapi.engine.machine import protocols

    if isinstance(value, Collection):
        return value.items if value.items is not None else (value.item,)
    if isinstance(value, Object) and value.detail is not None:
        return (protocols.element(frame, value, False, (frame.path, *place)),)
    return ()


def _validate_any(
    frame: Frame, wanted: Wanted, members: list[Expr], value: Value, place: tuple[int, int], depth: int
) -> None:
    """A union takes the member that validates: only a single one beside None is certain to be tried."""
    real = [member for member in members if not (isinstance(member, tree.Const) and member.value is None)]
    if len(real) == 1:
        _again(frame, wanted, real[0], value, place, depth)


def _validate_generic(
    frame: Frame, wanted: Wanted, outer: Expr, inner: list[Expr], value: Value, place: tuple[int, int],
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
    frame: Frame, wanted: Wanted, annotation: Expr, value: Value, place: tuple[int, int], depth: int
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
    frame: Frame, cls: ClassValue, wanted: Wanted, value: Value, place: tuple[int, int], depth: int
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


def _prepared(frame: Frame, cls: ClassValue, instance: Instance, place: tuple[int, int]) -> list[Instance]:
    """The object that the fields are read from; none if a validator of the whole model made another value."""
    for base in classes.mro(frame.ctx, cls):
        if not isinstance(base, ClassValue):
            continue
        for statement in base.node.body:
            if isinstance(statement, tree.FunctionDef) and _is_early(statement):
                from flake8_async_fastapi.engine.machine import functions

                function = functions.as_function(base.path, statement, base, cls, base.closure)
                result = calls.apply(
                    frame, function, Arguments((instance, UNKNOWN)), "", (frame.path, *place)
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
    frame: Frame, cls: ClassValue, wanted: Wanted, instance: Instance, place: tuple[int, int], depth: int
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


def _read_path(frame: Frame, instance: Instance, path: str, place: tuple[int, int]) -> Value | None:
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


def constructed(frame: Frame, cls: ClassValue, arguments: Arguments, origin: tuple[str, int, int]) -> None:
    """``Schema(author=post.author)``: what is given is validated too."""
    if not rows_of(frame.state) or not is_schema(frame.ctx, cls) or models.mapped(frame.ctx, cls) is not None:
        return
    place = origin[1], origin[2]
    given = dict(arguments.keywords)
    bound = {}
    written = frame.calling.func if frame.calling is not None else None
    if isinstance(written, tree.Subscript):  # Page[PostOut](items=posts)
        index = written.index
        parts: list[Expr] = list(index.items) if isinstance(index, tree.Display) else [index]
        bound = _bound(cls, list(parts), frame, {})
    before, frame.using = frame.using, ("validated", cls.name)
    for one in fields(frame.ctx, cls):
        for name in one.reads:
            if name in given and not one.converts:
                inner = Wanted(one.annotation, _frame(frame.ctx, one.owner), bound)
                _validate(frame, inner, given[name], place, 1)
    frame.using = before


def response(frame: Frame, node: tree.FunctionDef, verb: object) -> Adapter | None:
    """What FastAPI validates the result of a route against; None for nothing."""
    for decorator in node.decorators:
        if not isinstance(decorator, tree.Call):
            continue
        called_on = expressions.evaluate(frame, State(), decorator.func)
        if not callable(verb) or not verb(called_on):
            continue
        for keyword in decorator.keywords:
            if keyword.name == "response_model":
                if isinstance(keyword.value, tree.Const) and keyword.value.value is None:
                    return None
                return Adapter(keyword.value, frame, (keyword.value.line, keyword.value.col))
            if keyword.name is None:
                return None
        if node.returns is not None:
            return Adapter(node.returns, frame, (node.returns.line, node.returns.col))
    return None
