"""The kind of a column, if its declaration is unambiguous.

Source: SQLAlchemy documentation, "Mapped Column Derives the Datatype and Nullability".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from flake8_async_fastapi.domains.orm.mapping import models
from flake8_async_fastapi.domains.orm.mapping.attributes import Column
from flake8_async_fastapi.engine.frame import Context
from flake8_async_fastapi.engine.machine import classes, names
from flake8_async_fastapi.engine.values import ClassValue, Library
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import dotted, nodes_in, subscript_parts
from flake8_async_fastapi.knowledge.column_types import (
    ANNOTATIONS,
    CONTAINERS,
    MOMENT,
    MOMENTS,
    SINCE_AWARE,
    TYPES,
)

TRACKED: Final = "tracked container"
"""The kind of a column whose own items are tracked, but not what is in them."""
_MAKERS: Final = frozenset(
    {"sqlalchemy.orm.mapped_column", "sqlalchemy.Column", "sqlmodel.Field", "sqlalchemy.orm.deferred"}
)
_NAIVE: Final = "naive moment"
_MAP: Final = "type_annotation_map"
_NAMED_TYPES: Final = ("type_", "sa_type")
_ELSEWHERE: Final = frozenset({"sa_column", "foreign_key", None})
"""Arguments that may give the type: a column of its own, a foreign key, ``**options``."""


def column_kind(ctx: Context, cls: ClassValue, name: str) -> str:
    """The kind of a mapped column, as in ``knowledge.column_types``; empty if it is not known."""
    return ctx.query(("column kind", cls, name), lambda: _find_kind(ctx, cls, name), "")


def _find_kind(ctx: Context, cls: ClassValue, name: str) -> str:
    model = models.model_of_objects(ctx, cls)
    if model is None or not isinstance(model.attributes.get(name), Column):
        return ""
    for base in classes.mro(ctx, cls):
        found = classes.body_bindings(ctx, base, name) if isinstance(base, ClassValue) else []
        if found and isinstance(base, ClassValue):
            statement = found[-1]
            return (
                kind_of_declaration(ctx, base.path, statement) if isinstance(statement, tree.Assign) else ""
            )
    return ""


def kind_of_declaration(ctx: Context, path: str, statement: tree.Assign) -> str:
    """The kind of the column that a statement in the body of a model declares."""
    value = statement.value
    if isinstance(value, tree.Call):
        if _name_of(ctx, path, value.func) not in _MAKERS:
            return ""
        for written in _type_arguments(value):
            kind = None if written is None else kind_of_type(ctx, path, written)
            return kind or ""
    elif value is not None and not isinstance(value, tree.Const):
        return ""
    if statement.annotation is None:
        return ""
    if ctx.query(("maps annotations",), lambda: _maps_annotations(ctx), False):
        return ""
    kind = _kind_of_annotation(ctx, path, statement.annotation)
    return _kind_by_sqlmodel(ctx, path) if kind == _NAIVE and not _is_mapped(statement.annotation) else kind


def _is_mapped(annotation: Expr) -> bool:
    """Whether an annotation is one of SQLAlchemy, and none of SQLModel."""
    return isinstance(annotation, tree.Subscript) and dotted(annotation.value).rpartition(".")[2] == "Mapped"


def _kind_by_sqlmodel(ctx: Context, path: str) -> str:
    """The kind of a column that SQLModel makes of ``datetime``."""
    is_aware = ctx.project.requirements_of(path).at_least("sqlmodel", SINCE_AWARE)
    return MOMENT if is_aware is None else "aware moment" if is_aware else _NAIVE


def _maps_annotations(ctx: Context) -> bool:
    """Whether the project configures which columns annotations mean."""
    return any(
        (isinstance(node, tree.Keyword) and node.name == _MAP)
        or (isinstance(node, tree.Assign) and any(dotted(target) == _MAP for target in node.targets))
        for path in ctx.project.mentioning(_MAP)
        for node in nodes_in(ctx.project.body(path))
    )


def _type_arguments(call: tree.Call) -> Iterator[Expr | None]:
    """The arguments with the type of a column; None if there may be one that is not understood."""
    for keyword in call.keywords:
        if keyword.name == "sa_column" and isinstance(keyword.value, tree.Call):
            yield from _type_arguments(keyword.value)
        elif keyword.name in _NAMED_TYPES:
            yield keyword.value
        elif keyword.name in _ELSEWHERE:
            yield None
    is_column = dotted(call.func).rpartition(".")[2] != "Field"  # a field's first argument is its default
    for written in call.args if is_column else ():
        if isinstance(written, tree.Const):
            continue  # a name
        yield written


def kind_of_type(ctx: Context, path: str, written: Expr) -> str:
    """The kind of a type such as ``DateTime``, ``DateTime(timezone=True)`` or one with a like variant."""
    match written:
        case tree.Call(func=tree.Attr(value=usual, name="with_variant"), args=[variant, *_]):
            kinds = {kind_of_type(ctx, path, usual), kind_of_type(ctx, path, variant)}
            return kinds.pop() if len(kinds) == 1 else ""
        case tree.Call(func=tree.Attr(value=tracker, name="as_mutable"), args=[tracked]):
            is_plain = _name_of(ctx, path, tracker).startswith("sqlalchemy.ext.mutable.Mutable")
            return TRACKED if is_plain and kind_of_type(ctx, path, tracked) in CONTAINERS else ""
    call = written if isinstance(written, tree.Call) else None
    name = _name_of(ctx, path, call.func if call is not None else written)
    if name not in MOMENTS:
        return TYPES.get(name, "")
    zones = [*(call.args[:1] if call else ()), *(one.value for one in (call.keywords if call else ()))]
    if not zones:
        return _NAIVE
    match zones:
        case [tree.Const(value=bool(is_aware))]:
            return "aware moment" if is_aware else _NAIVE
    return ""


def _kind_of_annotation(ctx: Context, path: str, annotation: Expr) -> str:
    match annotation:
        case tree.Subscript(value=outer) if dotted(outer).rpartition(".")[2] in ("Mapped", "Optional"):
            return _kind_of_annotation(ctx, path, subscript_parts(annotation)[0])
        case tree.Binary(op="|", left=left, right=tree.Const(value=None)):
            return _kind_of_annotation(ctx, path, left)
        case tree.Name() | tree.Attr():
            return ANNOTATIONS.get(_name_of(ctx, path, annotation), "")
    return ""


def _name_of(ctx: Context, path: str, written: Expr) -> str:
    """The canonical name of an expression, if it names something in a library."""
    value = names.dotted_value(ctx, path, dotted(written)) if dotted(written) else None
    return value.dotted if isinstance(value, Library) else ""
