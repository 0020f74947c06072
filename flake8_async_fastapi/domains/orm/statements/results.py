"""Results: the objects and rows of a query, and how they are fetched.

Source: docs/behaviour.md#results; SQLAlchemy documentation, "Working with Results".
"""

from __future__ import annotations

from msgspec.structs import replace

from flake8_async_fastapi.domains.orm.mapping import models
from flake8_async_fastapi.domains.orm.mapping.attributes import Column
from flake8_async_fastapi.domains.orm.objects import aliasing
from flake8_async_fastapi.domains.orm.objects.heap import instances_of
from flake8_async_fastapi.domains.orm.objects.instances import InstanceState
from flake8_async_fastapi.domains.orm.statements import load_plans, misused
from flake8_async_fastapi.domains.orm.statements.fetches import check_unique
from flake8_async_fastapi.domains.orm.statements.queries import Entity, FetchedResult, MappedAttribute, Query
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.places import Place, Position
from flake8_async_fastapi.engine.text import path_of
from flake8_async_fastapi.engine.values import (
    NONE,
    OBJECT,
    UNKNOWN,
    Arguments,
    Collection,
    Const,
    Object,
    OneOf,
    Plain,
    Unknown,
    Value,
    alternatives,
)
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr

_NUMBER = Plain("int")
_ASYNC = "sqlalchemy.ext.asyncio"
_MANY = frozenset({"all", "fetchall", "fetchmany", "partitions"})
_CHECKED = _MANY | {"one", "one_or_none", "scalar_one", "scalar_one_or_none"}
_ALL = _CHECKED - {"fetchmany", "partitions"} | {"first", "scalar"}
_OPTIONAL = frozenset({"first", "one_or_none", "fetchone", "scalar", "scalar_one_or_none"})


def call_result_method(
    frame: Frame, receiver: Object, name: str, arguments: Arguments, origin: Place
) -> Value | None:
    """The result of a method of a result; None for the usual one."""
    fetch = receiver.detail
    if not isinstance(fetch, FetchedResult):
        return None
    misused.report_fetch(frame, fetch, name)
    asynchronous = receiver.type.startswith(_ASYNC)
    package = "sqlalchemy.ext.asyncio.Async" if asynchronous else "sqlalchemy.engine."
    if name in ("scalars", "mappings"):
        index = _column_index(arguments) if name == "scalars" else 0
        if index is None:
            return None
        made = {"scalars": "ScalarResult", "mappings": "MappingResult"}[name]
        return Object(package + made, detail=replace(fetch, shape=name, index=index))
    if name in ("unique", "tuples", "yield_per", "execution_options"):
        return replace(receiver, detail=replace(fetch, unique=fetch.unique or name == "unique"))
    if name == "columns":
        return None
    if name in _CHECKED and _is_deleted(frame, fetch):
        return None  # there is no row
    if name in _CHECKED:
        check_unique(frame, fetch, origin, name)
    if asynchronous and name in _CHECKED | _ALL | _OPTIONAL:
        misused.report_closed(frame, fetch, origin)
    if fetch.is_read and name in _CHECKED | _ALL | _OPTIONAL:
        misused.report_read_again(frame, fetch)
    if name in _ALL:
        _note_read(frame)
    if name in _MANY:
        items = Collection("list", fetched_item(frame, fetch, origin))
        # the item of an async result's async generator
        return Collection("list", items) if name == "partitions" and not asynchronous else items
    if name.startswith("scalar"):
        fetch = replace(fetch, shape="scalars", index=0)
    elif name not in ("first", "one", "one_or_none", "fetchone"):
        return None
    found = fetched_item(frame, fetch, origin, one=True)
    if isinstance(found, Unknown):
        return None
    return OneOf((found, NONE)) if name in _OPTIONAL and not fetch.query.answers else found


def _is_deleted(frame: Frame, fetch: FetchedResult) -> bool:
    """Whether a query asks for a row by its key that the session has deleted, or will before it queries."""
    entity = (fetch.query.items or (None,))[0]
    asked = identity_asked_for(frame.ctx, fetch.query, entity) if entity is not None else None
    return asked is not None and any(
        obj.identity == asked and obj.cls == entity.cls and obj.session == fetch.session
        for obj in instances_of(frame.state).values()
        if entity is not None and obj.phase in ("deleting", "deleted")
    )


def _note_read(frame: Frame) -> None:
    """Note that a call fetched all of a result in a variable, so that no more objects come from it."""
    written: Expr | None = frame.current_call
    while isinstance(written, tree.Call) and isinstance(written.func, tree.Attr):
        written = written.func.value
    path = path_of(written) if written is not None else ""
    held = frame.state.get(path) if path else None
    if isinstance(held, Object) and isinstance(held.detail, FetchedResult):
        frame.state.narrow(path, replace(held, detail=replace(held.detail, is_read=True)))


def _column_index(arguments: Arguments) -> int | None:
    return 0 if not arguments.args and not arguments.keywords else None


def fetched_item(frame: Frame, fetch: FetchedResult, origin: Place, *, one: bool = False) -> Value:
    """One element of a result: an object, or a row of several values."""
    items = fetch.query.items
    if items is None:
        return UNKNOWN
    if fetch.shape == "scalars":
        return (
            _selected_value(frame, fetch, origin, fetch.index, one=one)
            if fetch.index < len(items)
            else UNKNOWN
        )
    values = tuple(_selected_value(frame, fetch, origin, index, one=one) for index in range(len(items)))
    keys = tuple(entity.cls.name if entity is not None and entity.alias is None else None for entity in items)
    return Collection("dict" if fetch.shape == "mappings" else "row", items=values, keys=keys)


def _selected_value(frame: Frame, fetch: FetchedResult, origin: Place, index: int, *, one: bool) -> Value:
    entity = (fetch.query.items or ())[index]
    if entity is None:
        return _NUMBER if fetch.query.answers else OBJECT
    plan = load_plans.query_plan(frame.ctx, fetch.query, entity)
    location = (*origin, index)
    obj = InstanceState(
        entity.cls,
        "persistent",
        fetch.session,
        *fetch.query.origin,
        plan=plan,
        is_item=not one,
        is_all=not one and not fetch.query.is_filtered and not fetch.query.is_joined,
        is_chosen=one and bool(fetch.query.equals),
        identity=identity_asked_for(frame.ctx, fetch.query, entity),
        null_keys=_null_keys(frame.ctx, fetch.query, entity),
        compared_keys=_compared_keys(frame.ctx, fetch.query, entity),
        is_lazy=fetch.is_lazy,
    )
    if fetch.query.populates:
        obj = aliasing.populated(frame.ctx, obj)
    for place, other in enumerate(fetch.query.items or ()):
        if other is not None and place != index:
            inner = load_plans.query_plan(frame.ctx, fetch.query, other)
            obj = aliasing.after_loading(frame.ctx, obj, other.cls, inner)
    return aliasing.add_loaded(frame, frame.state, location, obj)


def identity_asked_for(ctx: Context, query: Query, entity: Entity) -> object:
    """The primary key that a query asks for, if any."""
    model = models.mapped_model(ctx, entity.cls)
    for equal in query.equals:
        attribute = model.attributes.get(equal.attribute.name) if model is not None else None
        if equal.attribute.cls == entity.cls and isinstance(attribute, Column) and attribute.is_key:
            return equal.identity
    return None


def _compared_keys(ctx: Context, query: Query, entity: Entity) -> frozenset[str]:
    """The many-to-one relationships whose foreign key a query compares with a value."""
    model = models.mapped_model(ctx, entity.cls)
    asked = {equal.attribute.name for equal in query.equals if equal.attribute.cls == entity.cls}
    if model is None or not asked:
        return frozenset()
    return frozenset(
        name
        for name, found in model.relationships()
        if asked & set(found.keys or ()) or (found.keys is None and found.to_one is None)
    )


def _null_keys(ctx: Context, query: Query, entity: Entity) -> frozenset[str]:
    """The many-to-one relationships whose foreign key a query requires to be null."""
    model = models.mapped_model(ctx, entity.cls)
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
        for alternative in alternatives(part):
            if isinstance(alternative, Const) and isinstance(alternative.value, str):
                names.append(alternative.value)
            elif isinstance(alternative, Object) and isinstance(alternative.detail, MappedAttribute):
                names.append(alternative.detail.name)
            else:
                return None
    return tuple(names)


def element_of_result(frame: Frame, value: Object, place: Place | None) -> Value | None:
    """The element of a loop over a result; None if it is not iterated over here."""
    if not isinstance(value.detail, FetchedResult) or place is None:
        return None
    check_unique(frame, value.detail, place, "iteration")
    if value.type.startswith(_ASYNC):
        misused.report_closed(frame, value.detail, place)
    if value.detail.is_read:
        misused.report_read_again(frame, value.detail, place)
    return fetched_item(frame, value.detail, place)


def report_returned(frame: Frame, value: Value, place: Position) -> None:
    """Report a stream that is returned out of the block which closes its session: nobody can read it."""
    fetch = value.detail if isinstance(value, Object) and value.type.startswith(_ASYNC) else None
    if isinstance(fetch, FetchedResult):
        misused.report_closed(frame, fetch, Place(frame.path, *place))


def make_unique(frame: Frame, value: Value, node: Expr) -> None:
    """Apply ``result.unique()``, which changes the result itself."""
    if not isinstance(value, Object) or not isinstance(value.detail, FetchedResult):
        return
    if not isinstance(node, tree.Call):
        return
    path = path_of(node.func.value) if isinstance(node.func, tree.Attr) and node.func.name == "unique" else ""
    if path and frame.state.get(path) is not None:
        frame.state.narrow(path, value)
