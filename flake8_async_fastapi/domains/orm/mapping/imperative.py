"""Tables and imperative mapping: ``__table__``, ``registry.map_imperatively()`` and, until 1.4, ``mapper()``.

Source: SQLAlchemy documentation, "Imperative Mapping", "Declarative with Imperative Table".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from flake8_async_fastapi.domains.orm.mapping.attributes import COLUMN
from flake8_async_fastapi.engine.frame import Context, Frame, class_frame
from flake8_async_fastapi.engine.machine import classes, expressions
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.values import (
    ClassValue,
    Collection,
    Const,
    Library,
    Member,
    Object,
    Unknown,
    Value,
)
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import dotted, nodes_in

TABLE: Final = "sqlalchemy.Table"


class Mapping(Struct, frozen=True):
    """A call that maps a class: the table, and the properties that are not plain columns of it."""

    path: str
    cls: ClassValue
    table: Value
    properties: tuple[tuple[str, Value], ...]
    is_complete: bool


def mapping_of(ctx: Context, cls: ClassValue) -> Mapping | None:
    """The call that maps a class, if there is exactly one."""
    found = [mapping for mapping in mappings(ctx) if mapping.cls == cls]
    return found[0] if len(found) == 1 else None


def mappings(ctx: Context) -> tuple[Mapping, ...]:
    """All imperative mappings of a project."""
    return ctx.query(("imperative mappings",), lambda: tuple(_find_mappings(ctx)), ())


def _find_mappings(ctx: Context) -> Iterator[Mapping]:
    for path in ctx.project.imperative_mappings():
        frame = Frame(ctx, path, "")
        for node in nodes_in(ctx.project.body(path)):
            if isinstance(node, tree.Call) and _is_mapper(frame, node.func):
                yield from _mapping_of_call(frame, node)


def _is_mapper(frame: Frame, func: Expr) -> bool:
    if isinstance(func, tree.Attr) and func.name == "map_imperatively":
        return isinstance(expressions.evaluate(frame, State(), func), (Member, Unknown))
    if dotted(func).rpartition(".")[2] != "mapper":
        return False
    return expressions.evaluate(frame, State(), func) == Library("sqlalchemy.orm.mapper")


def _mapping_of_call(frame: Frame, node: tree.Call) -> Iterator[Mapping]:
    given: dict[str, Expr] = dict(zip(("class_", "local_table"), node.args, strict=False))
    given.update({keyword.name: keyword.value for keyword in node.keywords if keyword.name is not None})
    values = {name: expressions.evaluate(frame, State(), value) for name, value in given.items()}
    cls, properties = values.get("class_"), values.get("properties")
    if not isinstance(cls, ClassValue):
        return
    known: list[tuple[str, Value]] = []
    complete = all(keyword.name is not None for keyword in node.keywords)
    if isinstance(properties, Collection) and properties.keys is not None and properties.items is not None:
        for key, value in zip(properties.keys, properties.items, strict=True):
            complete = complete and isinstance(key, str)
            if isinstance(key, str):
                known.append((key, value))
    elif properties is not None:
        complete = False
    table = values.get("local_table")
    yield Mapping(frame.path, cls, table if table is not None else Const(None), tuple(known), complete)


def table_of(ctx: Context, cls: ClassValue) -> Object | None:
    """The ``Table`` that the body of a class, or the call that maps it, names."""
    found: Value | None = None
    for statement in classes.body_bindings(ctx, cls, "__table__"):
        if isinstance(statement, tree.Assign) and statement.value is not None:
            found = expressions.evaluate(class_frame(ctx, cls), State(), statement.value)
    if (mapping := mapping_of(ctx, cls)) is not None:
        found = mapping.table
    return found if isinstance(found, Object) and found.type == TABLE else None


def names_all_attributes(ctx: Context, own: list[ClassValue]) -> bool:
    """Whether the tables and mapping calls of a class and its bases name all of their attributes."""
    for cls in own:
        mapping, table = mapping_of(ctx, cls), table_of(ctx, cls)
        is_given = mapping is not None or bool(classes.body_bindings(ctx, cls, "__table__"))
        if (mapping is not None and not mapping.is_complete) or (is_given and table is None):
            return False
        if table is not None and not columns_of(table)[1]:
            return False
    return True


def name_of_table(table: Object) -> str:
    """The name of a table; empty if it is not known."""
    name = table.argument("0") or table.argument("name")
    return name.value if isinstance(name, Const) and isinstance(name.value, str) else ""


def columns_of(table: Object) -> tuple[tuple[tuple[str, Object], ...], bool]:
    """The columns of a table by their keys, and whether they are complete."""
    found: list[tuple[str, Object]] = []
    complete = not {"*", "**", "autoload_with", "autoload"} & dict(table.arguments).keys()
    for key, part in table.arguments:
        if not (isinstance(part, Object) and part.type == COLUMN):
            complete = complete and (key in ("0", "1") or not key.isdigit() or isinstance(part, Object))
            continue
        name = part.argument("key") or part.argument("0") or part.argument("name")
        if isinstance(name, Const) and isinstance(name.value, str):
            found.append((name.value, part))
        else:
            complete = False
    return tuple(found), complete
