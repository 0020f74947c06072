"""Results: the objects and rows that a query hands out, and how they are fetched.

Source: docs/behaviour.md#results; SQLAlchemy documentation, "Working with Results".
"""

from __future__ import annotations

from dataclasses import replace

from flake8_async_fastapi.domains.orm.events import JoinedFetched
from flake8_async_fastapi.domains.orm.mapping import models
from flake8_async_fastapi.domains.orm.mapping.attributes import Column
from flake8_async_fastapi.domains.orm.objects import aliasing
from flake8_async_fastapi.domains.orm.objects.instances import Row
from flake8_async_fastapi.domains.orm.statements import load_plans
from flake8_async_fastapi.domains.orm.statements.queries import Entity, Fetch, Mapped, Query
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.text import source
from flake8_async_fastapi.engine.values import (
    NONE,
    UNKNOWN,
    Arguments,
    Collection,
    Const,
    Object,
    Options,
    Plain,
    Unknown,
    Value,
    options,
)
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr

_MANY = frozenset({"all", "fetchall", "fetchmany", "partitions"})
_CHECKED = _MANY | {"one", "one_or_none", "scalar_one", "scalar_one_or_none"}
_OPTIONAL = frozenset({"first", "one_or_none", "fetchone", "scalar", "scalar_one_or_none"})


def fetched(frame: Frame, receiver: Object, name: str, arguments: Arguments, origin: Place) -> Value | None:
    """The result of a method of a result; None for the usual one."""
    fetch = receiver.detail
    if not isinstance(fetch, Fetch):
        return None
    asynchronous = receiver.type.startswith("sqlalchemy.ext.asyncio")
    package = "sqlalchemy.ext.asyncio.Async" if asynchronous else "sqlalchemy.engine."
    if name in ("scalars", "mappings"):
        index = _index(arguments) if name == "scalars" else 0
        if index is None:
            return None
        made = {"scalars": "ScalarResult", "mappings": "MappingResult"}[name]
        return Object(package + made, detail=replace(fetch, shape=name, index=index))
    if name in ("unique", "tuples", "yield_per", "execution_options"):
        return replace(receiver, detail=replace(fetch, unique=fetch.unique or name == "unique"))
    if name == "columns":
        return None
    if name in _CHECKED:
        check_unique(frame, fetch, origin, name)
    if name in _MANY:
        items = Collection("list", item(frame, fetch, origin))
        return Collection("list", items) if name == "partitions" else items
    if name.startswith("scalar"):
        fetch = replace(fetch, shape="scalars", index=0)
    elif name not in ("first", "one", "one_or_none", "fetchone"):
        return None
    found = item(frame, fetch, origin, one=True)
    if isinstance(found, Unknown):
        return None
    if name in _OPTIONAL:
        return Options((found, NONE)) if not isinstance(found, (Unknown, Options)) else found
    return found


def _index(arguments: Arguments) -> int | None:
    return 0 if not arguments.args and not arguments.keywords else None


def check_unique(frame: Frame, fetch: Fetch, origin: Place, name: str) -> None:
    """Say that a result must be made unique before it is fetched in this way."""
    if fetch.unique or not frame.emit:
        return
    for entity in fetch.query.items or ():
        if entity is None:
            continue
        plan = load_plans.plan_for(frame.ctx, fetch.query, entity)
        path = load_plans.multiplying(frame.ctx, entity.cls, plan)
        if path is not None:
            frame.emit_event(JoinedFetched(*origin, frame.qualname, path, name, fetch.query.origin))
            return


def item(frame: Frame, fetch: Fetch, origin: Place, *, one: bool = False) -> Value:
    """One element of a result: an object, or a row of several values."""
    items = fetch.query.items
    if items is None:
        return UNKNOWN
    if fetch.shape == "scalars":
        return _selected(frame, fetch, origin, fetch.index, one=one) if fetch.index < len(items) else UNKNOWN
    values = tuple(_selected(frame, fetch, origin, index, one=one) for index in range(len(items)))
    keys = tuple(entity.cls.name if entity is not None and entity.alias is None else None for entity in items)
    return Collection("dict" if fetch.shape == "mappings" else "row", items=values, keys=keys)


def _selected(frame: Frame, fetch: Fetch, origin: Place, index: int, *, one: bool) -> Value:
    entity = (fetch.query.items or ())[index]
    if entity is None:
        return Plain("object")
    plan = load_plans.plan_for(frame.ctx, fetch.query, entity)
    ref = (*origin, index)
    row = Row(
        entity.cls, "persistent", fetch.session, *fetch.query.origin, plan=plan, is_item=not one,
        is_all=not one and not fetch.query.is_filtered,
        identity=identity(frame.ctx, fetch.query, entity), nulls=_nulls(frame.ctx, fetch.query, entity),
        tied=_tied(frame.ctx, fetch.query, entity),
    )  # fmt: skip
    for place, other in enumerate(fetch.query.items or ()):
        if other is not None and place != index:
            inner = load_plans.plan_for(frame.ctx, fetch.query, other)
            row = aliasing.supplied(frame.ctx, row, other.cls, inner)
    return aliasing.loaded(frame, frame.state, ref, row)


def identity(ctx: Context, query: Query, entity: Entity) -> object:
    """The primary key that a query asks for, if it does."""
    model = models.mapped(ctx, entity.cls)
    for equal in query.equals:
        attribute = model.attributes.get(equal.attribute.name) if model is not None else None
        if equal.attribute.cls == entity.cls and isinstance(attribute, Column) and attribute.is_key:
            return equal.identity
    return None


def _tied(ctx: Context, query: Query, entity: Entity) -> frozenset[str]:
    """The many-to-one relationships whose foreign key a query compares with a value."""
    model = models.mapped(ctx, entity.cls)
    asked = {equal.attribute.name for equal in query.equals if equal.attribute.cls == entity.cls}
    if model is None or not asked:
        return frozenset()
    return frozenset(
        name
        for name, found in model.relationships()
        if asked & set(found.keys or ()) or (found.keys is None and found.to_one is None)
    )


def _nulls(ctx: Context, query: Query, entity: Entity) -> frozenset[str]:
    """The many-to-one relationships whose foreign key a query asks to be null."""
    model = models.mapped(ctx, entity.cls)
    empty = {
        equal.attribute.name
        for equal in query.equals
        if equal.identity == ("constant", None) and equal.attribute.cls == entity.cls
    }
    if model is None or not empty:
        return frozenset()
    return frozenset(name for name, found in model.relationships() if empty & set(found.keys or ()))


def target_columns(value: Value) -> tuple[str, ...] | None:
    """The names in a list of attribute names, as ``refresh`` takes it; None if they are not known."""
    if not isinstance(value, Collection) or value.items is None:
        return None
    names = []
    for part in value.items:
        for option in options(part):
            if isinstance(option, Const) and isinstance(option.value, str):
                names.append(option.value)
            elif isinstance(option, Object) and isinstance(option.detail, Mapped):
                names.append(option.detail.name)
            else:
                return None
    return tuple(names)


def element(frame: Frame, value: Object, place: Place | None) -> Value | None:
    """What a loop over a result takes; None where it is not gone through here."""
    if not isinstance(value.detail, Fetch) or place is None:
        return None
    check_unique(frame, value.detail, place, "iteration")
    return item(frame, value.detail, place)


def make_unique(frame: Frame, value: Value, node: Expr) -> None:
    """``result.unique()`` changes the result itself."""
    if not isinstance(value, Object) or not isinstance(value.detail, Fetch):
        return
    if not isinstance(node, tree.Call):
        return
    path = source(node.func.value) if isinstance(node.func, tree.Attr) and node.func.name == "unique" else ""
    if path and frame.state.get(path) is not None:
        frame.state.narrow(path, value)
