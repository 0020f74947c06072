"""Statements, loader options and results: what a query selects, loads and hands out.

Source: FACTS section 2, items 12, 16 to 18; SQLAlchemy documentation, "Relationship
Loading Techniques" and "Working with Results".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import dotted
from flake8_async_fastapi.interpreter import models, plans, rows
from flake8_async_fastapi.interpreter.context import Context, Frame, State
from flake8_async_fastapi.interpreter.events import JoinedFetched, OptionIgnored
from flake8_async_fastapi.interpreter.heap import PERHAPS, Lost, Row
from flake8_async_fastapi.interpreter.loads import (
    Change,
    Directive,
    Entity,
    Equal,
    Fetch,
    Mapped,
    Option,
    Plan,
    Query,
    Step,
    Transition,
)
from flake8_async_fastapi.interpreter.mapping import Column
from flake8_async_fastapi.interpreter.values import (
    NONE,
    UNKNOWN,
    Arguments,
    ClassValue,
    Collection,
    Const,
    Instance,
    Object,
    Options,
    Plain,
    Unknown,
    Value,
    is_none,
    options,
)

LOAD: Final = "sqlalchemy.orm.Load"
ATTRIBUTE: Final = "sqlalchemy.orm.InstrumentedAttribute"
ALIASED: Final = "sqlalchemy.orm.AliasedClass"

_STRATEGIES: Final = {
    "selectinload": "selectin", "joinedload": "joined", "subqueryload": "subquery", "lazyload": "select",
    "immediateload": "immediate", "noload": "noload", "contains_eager": "contains", "defaultload": "default",
    "raiseload": "raise", "joinedload_all": "joined", "selectin_polymorphic": "",
}  # fmt: skip
_COLUMNS: Final = {"load_only": "only", "defer": "defer", "undefer": "undefer"}

Origin = tuple[str, int, int]


# --- loader options ---------------------------------------------------------------------


def attribute_of(cls: ClassValue, name: str, alias: object = None) -> Object:
    """``Model.attribute`` as a value."""
    return Object(ATTRIBUTE, detail=Mapped(cls, name, alias))


def loader(frame: Frame, name: str, arguments: Arguments, origin: Origin) -> Value:
    """The value of ``selectinload(...)`` and the other loader functions."""
    return _continued(frame, Option((), ()), name, arguments, origin)


def _continued(frame: Frame, option: Option, name: str, arguments: Arguments, origin: Origin) -> Value:
    """A loader option and what one more call adds to it; unknown if the call is not understood."""
    if name == "Load":
        first = arguments.args[0] if arguments.args else UNKNOWN
        cls, alias = _entity(first)
        return Object(LOAD, detail=Option((), (), cls)) if cls is not None and alias is None else UNKNOWN
    if name == "options":
        return _nested(option, arguments)
    if name in _COLUMNS:
        return _columns(frame, option, name, arguments, origin)
    if name in ("undefer_group", "with_expression"):  # which columns these are is not known
        made = Directive(option.path, "undefer", None, root=option.root)
        return Object(LOAD, detail=replace(option, directives=(*option.directives, made)))
    strategy = _STRATEGIES.get(name)
    if not strategy or not arguments.args or arguments.opaque:
        return UNKNOWN
    if name == "raiseload":
        only = arguments.get(1, "sql_only")
        if only is not None and only != Const(False):
            strategy = "raise_on_sql"
    path, directives = option.path, option.directives
    for argument in arguments.args if name != "raiseload" else arguments.args[:1]:
        if isinstance(argument, Const) and argument.value == "*":
            return Object(
                LOAD,
                detail=replace(
                    option, directives=(*directives, Directive(path, wildcard=strategy, root=option.root))
                ),
            )
        if isinstance(argument, Const) and isinstance(argument.value, str):
            frame.emit_event(OptionIgnored(*_place(frame, origin), "text", f"{name}({argument.value!r})"))
            return UNKNOWN
        if not isinstance(argument, Object) or not isinstance(argument.detail, Mapped):
            return UNKNOWN
        path = (*path, Step(argument.detail, strategy))
        directives = (*directives, Directive(path, root=option.root))
    return Object(LOAD, detail=Option(path, directives, option.root))


def _place(frame: Frame, origin: Origin) -> tuple[str, int, int, str]:
    return (*origin, frame.qualname)


def _nested(option: Option, arguments: Arguments) -> Value:
    """``selectinload(...).options(a, b)``."""
    found, certain = directives_in(arguments)
    below = tuple(replace(inner, path=option.path + inner.path, root=option.root) for inner in found)
    if not certain:
        below = (*below, Directive(option.path, wildcard="?"))
    return Object(LOAD, detail=replace(option, directives=(*option.directives, *below)))


def _columns(frame: Frame, option: Option, name: str, arguments: Arguments, origin: Origin) -> Value:
    word = _COLUMNS[name]
    names: list[str] = []
    path = option.path
    for argument in arguments.args:
        if isinstance(argument, Const) and argument.value == "*":
            made = Directive(path, word, None, root=option.root)
            return Object(LOAD, detail=replace(option, directives=(*option.directives, made)))
        if isinstance(argument, Const) and isinstance(argument.value, str):
            frame.emit_event(OptionIgnored(*_place(frame, origin), "text", f"{name}({argument.value!r})"))
        if not isinstance(argument, Object) or not isinstance(argument.detail, Mapped):
            return Object(
                LOAD,
                detail=replace(option, directives=(*option.directives, Directive(path, wildcard="?"))),
            )
        names.append(argument.detail.name)
        if not path and option.root is None:
            option = replace(option, root=argument.detail.cls)
    if arguments.opaque:
        return Object(
            LOAD, detail=replace(option, directives=(*option.directives, Directive(path, wildcard="?")))
        )
    made = Directive(path, word, tuple(names), root=option.root)
    return Object(LOAD, detail=replace(option, directives=(*option.directives, made)))


def directives_in(arguments: Arguments) -> tuple[tuple[Directive, ...], bool]:
    """What options say, and whether all of them are known; lists and tuples are looked into."""
    found: list[Directive] = []
    certain = not arguments.opaque
    for argument in arguments.args:
        for option in _flat(argument):
            if isinstance(option, Object) and isinstance(option.detail, Option):
                found += option.detail.directives
            else:
                certain = certain and is_none(option) is True
    return tuple(found), certain


def _flat(value: Value) -> Iterator[Value]:
    if isinstance(value, Collection):
        for item in value.items if value.items is not None else (value.item,):
            yield from _flat(item)
    else:
        yield value


# --- statements -------------------------------------------------------------------------


def _entity(value: Value) -> tuple[ClassValue | None, object]:
    """The model that an argument of ``select()`` means, and its alias."""
    if isinstance(value, ClassValue):
        return value, None
    if isinstance(value, Object) and isinstance(value.detail, Entity):
        return value.detail.cls, value.detail.alias
    return None, None


def selected(frame: Frame, arguments: Arguments, origin: Origin, *, single: bool) -> Query:
    """What ``select(...)`` selects."""
    items: list[Entity | None] = []
    for argument in arguments.args:
        cls, alias = _entity(argument)
        if cls is not None:
            if models.mapped(frame.ctx, cls) is None:
                return Query(None)
            items.append(Entity(cls, alias))
        elif isinstance(argument, (Unknown, Options, Collection)):
            return Query(None)
        else:
            items.append(None)
    return Query(None if arguments.opaque else tuple(items), origin=origin[:2], single=single)


def is_loader(name: str) -> bool:
    """Whether a function of ``sqlalchemy.orm`` makes a loader option."""
    return name in _STRATEGIES or name in _COLUMNS or name in ("Load", "undefer_group", "with_expression")


def aliased(arguments: Arguments, origin: Origin, *, polymorphic: bool) -> Value:
    """The value of ``aliased(Model)``."""
    first = arguments.args[0] if arguments.args else UNKNOWN
    if isinstance(first, ClassValue) and not polymorphic:
        return Object(ALIASED, detail=Entity(first, origin))
    return Object(ALIASED)


_JOINING = frozenset({"outerjoin", "join_from", "outerjoin_from", "select_from", "from_statement"})
_NARROWING = frozenset(
    {"where", "filter", "filter_by", "join", "limit", "offset", "slice", "having", "fetch"}
)


def statement_member(
    frame: Frame, receiver: Object, name: str, arguments: Arguments, origin: Origin
) -> Value | None:
    """The result of a method of a statement, a loader option or an attribute; None for the usual one."""
    detail = receiver.detail
    if isinstance(detail, Option):
        return _continued(frame, detail, name, arguments, origin)
    if isinstance(detail, Mapped):
        if name == "is_" and arguments.args[:1] == (NONE,):
            return Object("sqlalchemy.ColumnElement", detail=Equal(detail, ("constant", None)))
        if name == "in_":
            return Object("sqlalchemy.ColumnElement", detail=Equal(detail, None))
        return None
    if isinstance(detail, Change) and name in ("values", "where", "filter", "returning"):
        return _changed(frame, receiver, detail, name, arguments, origin)
    if not isinstance(detail, Query):
        return None
    if name == "options":
        found, certain = directives_in(arguments)
        check_roots(frame, detail, found, origin)
        return replace(
            receiver,
            detail=replace(detail, options=(*detail.options, *found), certain=detail.certain and certain),
        )
    if name in ("with_only_columns", "returning", "add_columns", "column"):
        more = selected(frame, arguments, origin, single=detail.single)
        items = more.items
        if name in ("add_columns", "column") and detail.items is not None and more.items is not None:
            items = detail.items + more.items
        return replace(receiver, detail=replace(detail, items=items))
    if name in _NARROWING:
        equals = detail.equals + tuple(_equals(arguments))
        joins = name in ("join", "having") or not all(map(_is_own_condition, arguments.args))
        return replace(
            receiver,
            detail=replace(
                detail,
                equals=equals,
                is_filtered=True,
                is_joined=detail.is_joined or joins or arguments.opaque,
            ),
        )
    if name in _JOINING:
        return replace(receiver, detail=replace(detail, is_joined=True))
    return None


def _changed(
    frame: Frame, receiver: Object, detail: Change, name: str, arguments: Arguments, origin: Origin
) -> Value:
    """``update(Model)`` with one more call."""
    if name == "values":
        new = tuple((key, _computing(value)) for key, value in arguments.keywords)
        return replace(
            receiver,
            detail=replace(detail, values=(*detail.values, *new), certain=detail.certain and not
                           (arguments.opaque or arguments.args)),
        )  # fmt: skip
    if name == "returning":
        more = selected(frame, arguments, origin, single=False)
        return replace(receiver, detail=replace(detail, returning=more))
    equals = tuple(_equals(arguments))
    filtered = detail.filtered + len(arguments.args) + len(arguments.keywords) + arguments.opaque
    return replace(receiver, detail=replace(detail, filtered=filtered, equals=detail.equals + equals))


def _computing(value: Value) -> bool | None:
    """Whether only the database can compute a value: what is made of columns, SQLAlchemy may evaluate."""
    if not isinstance(value, Object) or not value.type.startswith("sqlalchemy."):
        return False
    return True if value.type == "sqlalchemy.FunctionElement" else None


def equality(state: State, left: Value, right: Value, written: Expr) -> Value | None:
    """``Model.column == value`` as a condition; None for other comparisons."""
    if not isinstance(left, Object) or not isinstance(left.detail, Mapped):
        return None
    if isinstance(right, Object) and isinstance(right.detail, Mapped):
        return Object("sqlalchemy.ColumnElement")
    identity = identity_of(state, written)
    return Object("sqlalchemy.ColumnElement", detail=Equal(left.detail, identity))


def identity_of(state: State, written: Expr) -> object:
    """What a key is, as far as two that are the same can be told: a constant, a name, an object's own key."""
    if isinstance(written, tree.Const):
        return ("constant", written.value)
    if isinstance(written, tree.Attr):
        owner = state.get(dotted(written.value))
        for option in options(owner) if owner is not None else ():
            if isinstance(option, Instance) and option.ref is not None:
                return ("object", option.ref, written.name)
    text = dotted(written)
    return ("name", text) if text else None


def _is_own_condition(value: Value) -> bool:
    """Whether a condition is of the statement's own model: any other may join another one."""
    return isinstance(value, Object) and isinstance(value.detail, Equal)


def _equals(arguments: Arguments) -> Iterator[Equal]:
    for value in arguments.args:
        if isinstance(value, Object) and isinstance(value.detail, Equal):
            yield value.detail


def different(one: object, other: object) -> bool:
    """Whether two keys are known not to be the same."""
    both = [key for key in (one, other) if isinstance(key, tuple) and key[0] == "constant"]
    return len(both) == 2 and both[0] != both[1]


def check_roots(frame: Frame, query: Query, found: tuple[Directive, ...], origin: Origin) -> None:
    """Say which options begin at a model that the query does not select."""
    if query.items is None or not frame.emit or not any(query.items):
        return
    entities = [item for item in query.items if item is not None]
    for directive in found:
        if not directive.path:
            continue
        first = directive.path[0].attribute
        fits = (plans.related(frame.ctx, first.cls, entity.cls) and
                first.alias == entity.alias for entity in entities)  # fmt: skip
        if not any(fits):
            text = f"{first.cls.name}.{first.name}"
            frame.emit_event(OptionIgnored(*_place(frame, origin), "root", text, entities[0].cls.name))


# --- results ----------------------------------------------------------------------------

_MANY = frozenset({"all", "fetchall", "fetchmany", "partitions"})
_CHECKED = _MANY | {"one", "one_or_none", "scalar_one", "scalar_one_or_none"}
_OPTIONAL = frozenset({"first", "one_or_none", "fetchone", "scalar", "scalar_one_or_none"})


def fetched(frame: Frame, receiver: Object, name: str, arguments: Arguments, origin: Origin) -> Value | None:
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


def check_unique(frame: Frame, fetch: Fetch, origin: Origin, name: str) -> None:
    """Say that a result must be made unique before it is fetched in this way."""
    if fetch.unique or not frame.emit:
        return
    for entity in fetch.query.items or ():
        if entity is None:
            continue
        plan = plan_for(frame.ctx, fetch.query, entity)
        path = plans.multiplying(frame.ctx, entity.cls, plan)
        if path is not None:
            frame.emit_event(JoinedFetched(*_place(frame, origin), path, name, fetch.query.origin))
            return


def plan_for(ctx: Context, query: Query, entity: Entity) -> Plan:
    """What the options of a query load of one of its entities."""
    fitting = [
        directive for directive in query.options if plans.applies(ctx, directive, entity.cls, entity.alias)
    ]
    if not query.is_joined and query.items is not None and len(query.items) == 1:
        fitting = [plans.without_contained(directive) for directive in fitting]
    return plans.plan_of(fitting, certain=query.certain)


def item(frame: Frame, fetch: Fetch, origin: Origin, *, one: bool = False) -> Value:
    """One element of a result: an object, or a row of several values."""
    items = fetch.query.items
    if items is None:
        return UNKNOWN
    if fetch.shape == "scalars":
        return _selected(frame, fetch, origin, fetch.index, one=one) if fetch.index < len(items) else UNKNOWN
    values = tuple(_selected(frame, fetch, origin, index, one=one) for index in range(len(items)))
    keys = tuple(entity.cls.name if entity is not None and entity.alias is None else None for entity in items)
    return Collection("dict" if fetch.shape == "mappings" else "row", items=values, keys=keys)


def _selected(frame: Frame, fetch: Fetch, origin: Origin, index: int, *, one: bool) -> Value:
    entity = (fetch.query.items or ())[index]
    if entity is None:
        return Plain("object")
    plan = plan_for(frame.ctx, fetch.query, entity)
    ref = (*origin, index)
    row = Row(
        entity.cls, "persistent", fetch.session, *fetch.query.origin, plan=plan, is_item=not one,
        is_all=not one and not fetch.query.is_filtered,
        identity=identity(frame.ctx, fetch.query, entity), nulls=_nulls(frame.ctx, fetch.query, entity),
        tied=_tied(frame.ctx, fetch.query, entity),
    )  # fmt: skip
    for place, other in enumerate(fetch.query.items or ()):
        if other is not None and place != index:
            row = supplied(frame.ctx, row, other.cls, plan_for(frame.ctx, fetch.query, other))
    return loaded(frame, frame.state, ref, row)


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


def loaded(frame: Frame, state: State, ref: tuple[object, ...], row: Row) -> Instance:
    """An object that a query brought: any that is there already may be the same one."""
    drop_below(state, ref)
    state.rows.pop(ref, None)
    state.rows[ref] = with_others(frame.ctx, state, row)
    return Instance(row.cls, ref=ref)


def with_others(ctx: Context, state: State, row: Row) -> Row:
    """An object that was just loaded: what others at hand have loaded it may have too, being one of them."""
    there = [other for _, other in rows.of_session(state, row.session)]
    for other in (*there, *unfetched(ctx, state, row.session)):
        gone = other.phase != row.phase and other.phase not in ("persistent", "pending")
        away = gone or other.phase == "transient" or isinstance(other.rest, Lost)
        if away or different(other.identity, row.identity):
            continue
        if other.rest == "plan":
            row = supplied(ctx, row, other.cls, other.plan)
        if plans.related(ctx, other.cls, row.cls):
            row = _shared(ctx, row, other)
    return row


def _shared(ctx: Context, row: Row, other: Row) -> Row:
    """An object that may be the same as another: what that has, it may have."""
    model = models.mapped(ctx, row.cls)
    for name, attribute in model.attributes.items() if model is not None else ():
        found = rows.status(ctx, row, name, attribute)
        if not isinstance(found, Lost) or found.cause not in _BY_QUERY:
            continue
        if not isinstance(rows.status(ctx, other, name, attribute), Lost):
            row = row.put(name, PERHAPS)
    return row


def supplied(ctx: Context, row: Row, cls: ClassValue, plan: Plan) -> Row:
    """An object that a query may have brought by any of its ways: what is loaded there, it may have."""
    for way in plans.ways(ctx, cls, plan):
        if plans.related(ctx, way.cls, row.cls):
            row = _shared(ctx, row, rows.on_way(way))
    return row


def unfetched(ctx: Context, state: State, session: object) -> Iterator[Row]:
    """The objects in results that variables hold, as they will be once they are fetched."""
    for value in state.values():
        fetch = value.detail if isinstance(value, Object) else None
        if isinstance(fetch, Fetch) and fetch.session == session:
            for entity in fetch.query.items or ():
                if entity is not None:
                    plan = plan_for(ctx, fetch.query, entity)
                    for way in plans.ways(ctx, entity.cls, plan):
                        yield replace(rows.on_way(way), session=session)


def completed(ctx: Context, row: Row, select: Transition) -> Row:
    """An object at hand after a query that may have met it: what it lacked, it may have now."""
    cls, plan = select.cls, select.plan
    if cls is None or row.phase in ("transient", "pending"):
        return row
    if different(row.identity, select.identity):
        return row
    if isinstance(row.rest, Lost):
        met = any(plans.related(ctx, row.cls, way.cls) for way in plans.ways(ctx, cls, plan))
        return replace(row, rest="perhaps", fields=()) if met else row
    return supplied(ctx, row, cls, plan)


_BY_QUERY: Final = (
    "unloaded", "deferred", "new", "refreshed", "merged", "server", "update",
    "raise", "noload",
)  # fmt: skip


def drop_below(state: State, ref: tuple[object, ...]) -> None:
    """Forget the objects that were reached through one that is loaded anew."""
    for known in [known for known in state.rows if known[0] == ref]:
        drop_below(state, known)
        del state.rows[known]


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
