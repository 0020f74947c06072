"""Statements: the entities and conditions of a query.

Source: docs/behaviour.md#loader-options; SQLAlchemy documentation, "SELECT and Related Constructs".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from msgspec.structs import replace

from flake8_async_fastapi.domains.orm.events import OptionIgnored
from flake8_async_fastapi.domains.orm.mapping import models
from flake8_async_fastapi.domains.orm.statements import inserts, loader_options, misused
from flake8_async_fastapi.domains.orm.statements.queries import (
    Aggregate,
    Conjunction,
    Directive,
    Entity,
    EqualityCondition,
    LoaderOption,
    MappedAttribute,
    Query,
    UpdateStatement,
)
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.machine import library_calls
from flake8_async_fastapi.engine.models import CallSite, Operation
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.text import for_message
from flake8_async_fastapi.engine.values import (
    NONE,
    UNKNOWN,
    Arguments,
    ClassValue,
    Collection,
    Const,
    Instance,
    Library,
    Member,
    Object,
    OneOf,
    Plain,
    Unknown,
    Value,
    alternatives,
    is_none,
)
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import dotted, flat, nodes_in

ALIASED: Final = "sqlalchemy.orm.AliasedClass"


def select_query(frame: Frame, arguments: Arguments, origin: Place, *, single: bool) -> Query:
    """The query of ``select(...)``."""
    items: list[Entity | None] = []
    for argument in arguments.args:
        cls, alias = loader_options.entity_of(argument)
        if cls is not None:
            if models.mapped_model(frame.ctx, cls) is None:
                return Query(None)
            items.append(Entity(cls, alias))
        elif isinstance(argument, (Unknown, OneOf, Collection)):
            return Query(None)
        else:
            items.append(None)
    alone = len(items) == 1 and _is_never_null(arguments.args[0])
    known = None if arguments.opaque or not items else tuple(items)
    return Query(known, origin=(origin.path, origin.line), single=single, is_never_null=alone)


def _is_never_null(value: Value) -> bool:
    return isinstance(value, Object) and isinstance(value.detail, Aggregate) and value.detail.of_none


_AGGREGATES: Final = frozenset({"array_agg", "avg", "json_agg", "jsonb_agg", "max", "min", "sum"})


def make_function(site: CallSite) -> Value:
    """The value of ``func.name(...)``."""
    assert isinstance(site.callee, Library)
    name, given = site.callee.dotted.rpartition(".")[2], site.arguments.args
    made = Object(_FUNCTION)
    if name == "count" or name in _AGGREGATES:
        return replace(made, detail=Aggregate(of_none=name == "count"))
    inner = given[0].detail if name == "coalesce" and given and isinstance(given[0], Object) else None
    if isinstance(inner, Aggregate) and isinstance(given[-1], (Const, Plain)) and is_none(given[-1]) is False:
        return replace(made, detail=Aggregate(of_none=True))
    return made


def call_aggregate(site: CallSite) -> Value | None:
    """What a method of an aggregate gives: over a window, there is a value for each row."""
    assert isinstance(site.callee, Member)
    return Object(_FUNCTION) if site.callee.name == "over" else None


def make_select(site: CallSite) -> Value:
    """The value of ``select(...)``."""
    assert isinstance(site.callee, Library)
    of_sqlmodel = site.callee.dotted == "sqlmodel.select"
    made = "sqlmodel.sql.expression.SelectOfScalar" if of_sqlmodel else "sqlalchemy.Select"
    query = select_query(site.frame, site.arguments, site.place, single=of_sqlmodel)
    return Object(made, library_calls.kept_arguments(site.arguments), origin=site.place, detail=query)


def make_change(site: CallSite) -> Value:
    """The value of ``update(...)``, ``insert(...)`` or ``delete(...)``."""
    assert isinstance(site.callee, Library)
    name, arguments = site.callee.dotted.rpartition(".")[2], site.arguments
    first = arguments.args[0] if arguments.args else UNKNOWN
    detail: UpdateStatement | Query = Query((), origin=(site.place.path, site.place.line))
    if name == "update" and isinstance(first, ClassValue):
        detail = UpdateStatement(first)
    kept = library_calls.kept_arguments(arguments)
    return Object(f"sqlalchemy.{name.title()}", kept, origin=site.place, detail=detail)


def aliased_model(arguments: Arguments, origin: Place, *, polymorphic: bool) -> Value:
    """The value of ``aliased(Model)``."""
    first = arguments.args[0] if arguments.args else UNKNOWN
    if isinstance(first, ClassValue) and not polymorphic:
        return Object(ALIASED, detail=Entity(first, origin))
    return Object(ALIASED)


_GROUPING: Final = frozenset({"having", "offset", "slice"})
_JOINING = frozenset({"outerjoin", "join_from", "outerjoin_from", "select_from", "from_statement"})
_NARROWING = frozenset(
    {"where", "filter", "filter_by", "join", "limit", "offset", "slice", "having", "fetch"}
)


_EXTENDS_UPDATE: Final = frozenset({"values", "where", "filter", "returning", "options", "execution_options"})


def call_statement_method(
    frame: Frame, receiver: Object, name: str, arguments: Arguments, origin: Place
) -> Value | None:
    """The result of a method of a statement, a loader option or an attribute; None for the usual one."""
    detail = receiver.detail
    if name in misused.CONDITIONS:
        misused.report_conditions(frame)
    if isinstance(detail, LoaderOption):
        return loader_options.extend_option(frame, detail, name, arguments, origin)
    if isinstance(detail, MappedAttribute):
        if name == "is_" and arguments.args[:1] == (NONE,):
            return Object("sqlalchemy.ColumnElement", detail=EqualityCondition(detail, ("constant", None)))
        if name == "in_":
            return Object("sqlalchemy.ColumnElement", detail=EqualityCondition(detail, None))
        return None
    if isinstance(detail, UpdateStatement) and name in _EXTENDS_UPDATE:
        return _extend_update(frame, receiver, detail, name, arguments, origin)
    if not isinstance(detail, Query):
        return None
    if receiver.type == inserts.INSERT:
        extended = inserts.extend_insert(frame.ctx, receiver, detail, name, arguments)
        if extended is not None:
            return extended
    if name == "options":
        options, certain = loader_options.directives_in(arguments)
        check_option_bases(frame, detail, options, origin)
        return replace(
            receiver,
            detail=replace(detail, options=(*detail.options, *options), certain=detail.certain and certain),
        )
    if name in ("with_only_columns", "returning", "add_columns", "column"):
        more = select_query(frame, arguments, origin, single=detail.single)
        items = more.items
        if name in ("add_columns", "column") and detail.items is not None and items is not None:
            items = detail.items + items
        alone = more.is_never_null and name == "with_only_columns"
        return replace(receiver, detail=replace(detail, items=items, is_never_null=alone))
    if name == "group_by":
        return replace(receiver, detail=replace(detail, is_grouped=True))
    if name in _NARROWING:
        found = _conjunction(arguments.args)
        joins = name in ("join", "having") or bool(found.others)  # any other condition may join another model
        return replace(
            receiver,
            detail=replace(
                detail,
                equals=detail.equals + found.equals,
                is_filtered=True,
                is_joined=detail.is_joined or joins or arguments.opaque,
                is_grouped=detail.is_grouped or name in _GROUPING,
            ),
        )
    if name in _JOINING:
        return replace(receiver, detail=replace(detail, is_joined=True))
    if name == "with_for_update":
        return replace(receiver, detail=replace(detail, locks=arguments.get(2, "of") is None))
    if name == "execution_options":
        populates = detail.populates or POPULATES in arguments.keywords
        return replace(receiver, detail=replace(detail, populates=populates))
    return None


def _extend_update(
    frame: Frame, receiver: Object, detail: UpdateStatement, name: str, arguments: Arguments, origin: Place
) -> Value:
    """``update(Model)``, extended by one more call."""
    if name == "values":
        new = tuple((key, _is_database_expression(value)) for key, value in arguments.keywords)
        return replace(
            receiver,
            detail=replace(detail, values=(*detail.values, *new), certain=detail.certain and not
                           (arguments.opaque or arguments.args)),
        )  # fmt: skip
    if name == "execution_options":
        leaves = KEEPS_OBJECTS in arguments.keywords
        return replace(receiver, detail=replace(detail, synchronizes=detail.synchronizes and not leaves))
    if name == "returning":
        more = select_query(frame, arguments, origin, single=False)
        if (said := detail.returning) is not None:  # its options
            more = replace(more, options=said.options, certain=more.certain and said.certain)
        return replace(receiver, detail=replace(detail, returning=more))
    if name == "options":  # they apply to the objects that it returns
        options, certain = loader_options.directives_in(arguments)
        said = detail.returning or Query(())
        more = replace(said, options=(*said.options, *options), certain=said.certain and certain)
        return replace(receiver, detail=replace(detail, returning=more))
    found = _conjunction(arguments.args)
    conditions = len(found.equals) + found.others + len(arguments.keywords) + arguments.opaque
    return replace(
        receiver,
        detail=replace(
            detail, is_filtered=detail.is_filtered + conditions, equals=detail.equals + found.equals
        ),
    )


def _is_database_expression(value: Value) -> bool | None:
    """Whether only the database can compute a value: SQLAlchemy may evaluate expressions of columns."""
    if not isinstance(value, Object) or not value.type.startswith("sqlalchemy."):
        return False
    return True if value.type == "sqlalchemy.FunctionElement" else None


def equality_condition(state: State, left: Value, right: Value, written: Expr) -> Value | None:
    """``Model.column == value`` as a condition; None for other comparisons."""
    if not isinstance(left, Object) or not isinstance(left.detail, MappedAttribute):
        return None
    if isinstance(right, Object) and isinstance(right.detail, MappedAttribute):
        return Object("sqlalchemy.ColumnElement")
    identity = identity_of(state, written)
    return Object("sqlalchemy.ColumnElement", detail=EqualityCondition(left.detail, identity))


def identity_of(state: State, written: Expr) -> object:
    """A key that can be compared with others: a constant, a name, or an object's own key."""
    if isinstance(written, tree.Const):
        return ("constant", written.value)
    if isinstance(written, tree.Attr):
        owner = state.get(dotted(written.value))
        for option in alternatives(owner) if owner is not None else ():
            if isinstance(option, Instance) and option.location is not None:
                return ("object", option.location, written.name)
    text = dotted(written)
    return ("name", text) if text else None


def make_conjunction(site: CallSite) -> Value:
    """The value of ``and_(...)``."""
    found = _conjunction(site.arguments.args)
    unseen = replace(found, others=found.others + 1) if site.arguments.opaque else found
    return Object("sqlalchemy.ColumnElement", detail=unseen)


def _conjunction(conditions: Iterable[Value]) -> Conjunction:
    """Several conditions, with the parts of conjunctions among them."""
    equals: list[EqualityCondition] = []
    others = 0
    for condition in conditions:
        detail = condition.detail if isinstance(condition, Object) else None
        if isinstance(detail, EqualityCondition):
            equals.append(detail)
        elif isinstance(detail, Conjunction):
            equals += detail.equals
            others += detail.others
        else:
            others += 1
    return Conjunction(tuple(equals), others)


def check_option_bases(frame: Frame, query: Query, found: tuple[Directive, ...], origin: Place) -> None:
    """Report options that start at a model which the query does not select."""
    if query.items is None or not frame.emit or not any(query.items) or _is_never_read(frame):
        return
    entities = [item for item in query.items if item is not None]
    for directive in found:
        if not directive.path:
            continue
        first = directive.path[0].attribute
        fits = (models.are_of_one_hierarchy(frame.ctx, first.cls, entity.cls) and
                first.alias == entity.alias for entity in entities)  # fmt: skip
        if not any(fits):
            text = f"{first.cls.name}.{first.name}"
            frame.emit_event(OptionIgnored(*origin, frame.qualname, "root", text, entities[0].cls.name))


def _is_never_read(frame: Frame) -> bool:
    """Whether the current call only makes a value for a variable of a function that nothing reads: such a
    statement is never executed.
    """
    function, call = frame.node, frame.current_call
    if not isinstance(function, tree.FunctionDef) or call is None or frame.enclosing_loops:
        return False
    for statement in flat(function.body):
        if isinstance(statement, tree.Assign) and any(call is one for one in _chain(statement.value)):
            names = {one.id for one in statement.targets if isinstance(one, tree.Name)}
            own = {id(one) for one in nodes_in(statement)}
            later = (
                one for one in nodes_in(function.body) if isinstance(one, tree.Name) and id(one) not in own
            )
            read = any(one.id in names and one.line > call.line and id(one) not in own for one in later)
            return len(names) == len(statement.targets) and names.isdisjoint(frame.globals) and not read
    return False


def _chain(value: Expr | None) -> Iterator[Expr]:
    """A call with those on whose results it is called."""
    while isinstance(value, tree.Call):
        yield value
        value = value.func.value if isinstance(value.func, tree.Attr) else None


def report_dropped_option(frame: Frame, value: Value, node: Expr) -> None:
    """Report ``statement.options(...)`` as a statement: it returns a new query, which is dropped."""
    if not frame.emit or not isinstance(value, Object) or not isinstance(value.detail, Query):
        return
    while isinstance(node, tree.Call) and isinstance(node.func, tree.Attr):
        if node.func.name == "options":
            frame.emit_event(OptionIgnored(*frame.at(node), "dropped", for_message(node.func)))
            return
        node = node.func.value


POPULATES: Final = ("populate_existing", Const(True))
"""The execution option of queries that load anew the objects which the session holds."""
KEEPS_OBJECTS: Final = ("synchronize_session", Const(False))
"""The execution option of an ``update()`` that changes no objects of the session."""
_FUNCTION: Final = "sqlalchemy.FunctionElement"
_SQL: Final = ("sqlalchemy.ColumnElement", _FUNCTION, "sqlalchemy.orm.InstrumentedAttribute")
_COMPARISONS: Final = frozenset({"!=", "<", "<=", ">", ">=", "in", "not in", "is", "is not"})


def _make_sql_expression(operation: Operation) -> Value | None:
    """An operator on columns and SQL expressions, whose result is an SQL expression."""
    left, right = operation.left, operation.right
    if operation.operator == "==":
        return equality_condition(operation.state, left, right, operation.written)
    if operation.operator in _COMPARISONS:
        return None
    functions_in = any(isinstance(side, Object) and side.type == _FUNCTION for side in (left, right))
    made = Object(_FUNCTION if functions_in else "sqlalchemy.ColumnElement")
    return replace(made, detail=_conjunction((left, right))) if operation.operator == "&" else made


OPERATORS: Final = dict.fromkeys(_SQL, _make_sql_expression)
