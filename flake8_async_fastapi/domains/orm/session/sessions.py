"""What the methods of an async session do to ORM objects.

Source: FACTS section 2, items 6 to 15; SQLAlchemy documentation, "Session Basics" and
"Asynchronous I/O".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from flake8_async_fastapi import knowledge
from flake8_async_fastapi.domains.orm.events import OptionIgnored
from flake8_async_fastapi.domains.orm.mapping import models
from flake8_async_fastapi.domains.orm.mapping.attributes import Column, Relationship
from flake8_async_fastapi.domains.orm.objects import aliasing, transitions
from flake8_async_fastapi.domains.orm.objects.instances import (
    PERHAPS,
    Held,
    Instances,
    Lost,
    Row,
    reachable,
    refs_in,
    rows_of,
)
from flake8_async_fastapi.domains.orm.session import run_sync, session_factories
from flake8_async_fastapi.domains.orm.statements import load_plans, loader_options, results, selects
from flake8_async_fastapi.domains.orm.statements.queries import (
    Change,
    Directive,
    Entity,
    Fetch,
    Query,
    Scope,
    Settings,
    Transition,
)
from flake8_async_fastapi.engine.context import CallSite, Context, Frame, State
from flake8_async_fastapi.engine.machine import summaries
from flake8_async_fastapi.engine.renaming import resource_key
from flake8_async_fastapi.engine.values import (
    NONE,
    Arguments,
    ClassValue,
    Const,
    Coroutine,
    Function,
    Instance,
    Library,
    Member,
    Object,
    Options,
    Origin,
    Partial,
    Plain,
    Ref,
    Unknown,
    Value,
    inner_values,
    options,
)
from flake8_async_fastapi.facts import tree

_TRANSACTION: Final = "sqlalchemy.ext.asyncio.AsyncSessionTransaction"


# --- what leads beyond one object -----------------------------------------------------------


def happen(frame: Frame, transition: Transition, line: int, path: str = "") -> None:
    """Apply a transition to all objects of its session, and keep it for the caller."""
    state, ctx = frame.state, frame.ctx
    where = path or frame.path
    part = state.part(Instances)
    if transition.what == "rollback" and _is_idle(part, transition.session):
        return  # there is no transaction to roll back
    part.happened = _with_step(part.happened, transition)
    what, known = transition.what, transition.settings

    def change(row: Row) -> Row:
        if what == "select":
            return aliasing.completed(ctx, row, transition)
        if what == "commit":
            return transitions.committed(ctx, row, where, line, expires=known.expires)
        if what in ("flush", "query"):
            if what == "query" and known.flushes is not True:
                waiting = row.dirty or row.phase == "pending"
                return row if known.flushes is False or not waiting else replace(row, doubtful=True)
            return transitions.flushed(ctx, row, where, line)
        if what == "rollback":
            return transitions.rolled_back(row, where, line)
        if what == "expire":
            return transitions.expired(row, Lost("expire", where, line))
        if what == "doubt":
            return replace(row, doubtful=True)
        if what == "perhaps":
            return transitions.unsure(row)
        if what == "anything":
            there = row.phase in ("persistent", "given")
            return replace(row, rest="perhaps", fields=()) if there else row
        return transitions.detached(row)

    transitions.change(part.rows, transition.session, change, transition.of)


def havoc(frame: Frame, values: Sequence[Value]) -> None:
    """A callee that is not followed: it may have loaded, committed or closed what it was given."""
    rows = rows_of(frame.state)
    if not rows:
        return
    transitions.doubt(frame.state, values)
    for value in values:
        for inner in inner_values(value):
            if isinstance(inner, Object) and session_factories.is_session(inner):
                happen(frame, Transition(resource_key(inner), "anything", Settings()), 0)


def escape(frame: Frame, callee: Unknown | Library | Member, values: Sequence[Value]) -> None:
    """Objects are given away: what an unknown callee or an awaited one may do to them is unknown.

    A plain function of a library cannot load anything of an async session's objects.
    """
    if not rows_of(frame.state):
        return
    if isinstance(callee, Unknown):
        havoc(frame, values)
    elif isinstance(callee, Library) or not knowledge.is_database(callee.receiver.type):
        havoc(frame, [value for value in values if _is_deferred(value)])
        if any(session_factories.is_session(value) for value in values):
            havoc(frame, values)


def _is_deferred(value: Value) -> bool:
    """Whether a value is code that the callee may run later."""
    return any(isinstance(inner, (Coroutine, Partial, Function)) for inner in inner_values(value))


def _with_step(done: tuple[Transition, ...], step: Transition) -> tuple[Transition, ...]:
    """What was done, with one step more; a query that was made since the last change adds nothing."""
    if step.what in _READING:
        for before in reversed(done):
            if before == step:
                return done
            if before.what not in _READING:
                break
    return (*done, step)


_READING: Final = frozenset({"query", "select"})


def _is_idle(part: Instances, session: object) -> bool:
    """Whether the last that a session did was to end its transaction."""
    done = [step.what for step in part.happened if step.session == session]
    return bool(done) and done[-1] in ("commit", "rollback", "close")


_WHAT = {
    "commit": "commit", "flush": "flush", "rollback": "rollback", "close": "close", "aclose": "close",
    "reset": "close", "expire_all": "expire", "expunge_all": "close", "invalidate": "close",
    "remove": "close",
}  # fmt: skip
_QUERIES = frozenset({"execute", "scalars", "scalar", "stream", "stream_scalars", "exec"})
_KNOWN = frozenset(
    {"in_transaction", "is_modified", "get_bind", "begin", "begin_nested", "connection", "identity_key",
     "in_nested_transaction", "add", "add_all", "refresh", "expire", "expunge", "delete", "merge", "get",
     "get_one", "enable_relationship_loading", "run_sync", *_WHAT, *_QUERIES}
)  # fmt: skip


def call_method(site: CallSite) -> Value | None:
    """What a method of a session does to objects, and what it gives; None for the usual result."""
    frame, arguments, origin = site.frame, site.arguments, site.place
    assert isinstance(site.callee, Member)
    receiver, name = site.callee.receiver, site.callee.name
    if name not in _KNOWN:
        return None
    session, known = resource_key(receiver), session_factories.settings(frame.ctx, receiver)
    if name == "run_sync":
        given_back = run_sync.call_function(site)  # which doubts what its function is given
        if arguments.args and isinstance(arguments.args[0], Function):
            transitions.doubt(frame.state, summaries.seen_by(arguments.args[0]))
            transitions.doubt(frame.state, arguments.args[1:])
            return given_back
        happen(frame, Transition(session, "doubt", known), origin[1])
        return given_back
    if name in _WHAT:
        happen(frame, Transition(session, _WHAT[name], known), origin[1])
        return None
    if name in _QUERIES:
        return _query(frame, receiver, name, arguments, session, known, origin)
    if name in ("begin", "begin_nested"):
        return Object(_TRANSACTION, origin=origin, detail=Scope(session, known, name == "begin_nested"))
    if name in ("get", "get_one"):
        happen(frame, Transition(session, "query", known), origin[1])
        return _get(frame, name, arguments, session, origin)
    if name in ("add", "add_all"):
        for value in arguments.values():
            add(frame, frame.state, value, session)
        return None
    if name == "refresh":
        happen(frame, Transition(session, "query", known), origin[1])
        return _refresh(frame, arguments, origin)
    if name == "expire":
        _expire(frame, arguments, origin)
    elif name == "expunge":
        _each(frame, arguments, transitions.detached)
    elif name == "delete":
        _each(frame, arguments, transitions.deleting)
    elif name == "merge":
        return _merge(frame, arguments, session, origin)
    return None


def _each(frame: Frame, arguments: Arguments, change: Callable[[Row], Row]) -> None:
    rows = rows_of(frame.state)
    for ref in refs_in(arguments.args[0]) if arguments.args else ():
        if ref in rows:
            rows[ref] = change(rows[ref])


def add(frame: Frame, state: State, value: Value, session: object) -> None:
    """``session.add``: the object is pending, and so are new ones that it leads to."""
    rows = rows_of(state)
    for ref in reachable(rows, [value]):
        row = rows[ref]
        if row.phase == "transient":
            rows[ref] = replace(row, phase="pending", session=session)
        elif row.phase == "detached":
            rows[ref] = replace(row, phase="persistent", session=session)
        elif row.phase == "given":  # it may be new: then an INSERT follows, which computes nothing anew
            rows[ref] = replace(row, phase="added", session=session)


# --- queries -------------------------------------------------------------------------------


def _query(
    frame: Frame, receiver: Object, name: str, arguments: Arguments, session: object, known: Settings,
    origin: Origin,
) -> Value | None:  # fmt: skip
    happen(frame, Transition(session, "query", known), origin[1])
    statement = arguments.get(0, "statement")
    if not isinstance(statement, Object):
        return None
    detail = statement.detail
    if isinstance(detail, Change):
        _update(frame, detail, session, origin)
        detail = detail.returning or Query(())
    if not isinstance(detail, Query):
        return None
    touch(frame, detail, session, origin[1])
    fetch = Fetch(detail, session, origin[:2])
    package = "sqlalchemy.ext.asyncio.Async" if name.startswith("stream") else "sqlalchemy.engine."
    if name in ("scalars", "stream_scalars") or (
        name == "exec" and detail.single and detail.items is not None and len(detail.items) == 1
    ):
        return Object(package + "ScalarResult", detail=replace(fetch, shape="scalars"))
    if name == "scalar":
        found = results.item(frame, replace(fetch, shape="scalars"), origin, one=True)
        if isinstance(found, Unknown):
            return None
        return found if isinstance(found, (Unknown, Options)) else Options((found, NONE))
    return Object(package + "Result", detail=fetch)


def touch(frame: Frame, query: Query, session: object, line: int) -> None:
    """A query ran: objects at hand that it may have met have more loaded."""
    for entity in query.items or ():
        if entity is not None:
            plan = load_plans.plan_for(frame.ctx, query, entity)
            known = results.identity(frame.ctx, query, entity)
            step = Transition(session, "select", Settings(), entity.cls, plan, known)
            happen(frame, step, line)


def _get(frame: Frame, name: str, arguments: Arguments, session: object, origin: Origin) -> Value | None:
    cls = arguments.get(0, "entity")
    if not isinstance(cls, ClassValue) or models.mapped(frame.ctx, cls) is None:
        return None
    given = arguments.get(2, "options")
    found, certain = loader_options.directives_in(Arguments((given,))) if given is not None else ((), True)
    certain = certain and not arguments.opaque
    selects.check_roots(frame, Query((Entity(cls),)), found, origin)
    populates = any(key == "populate_existing" and value != Const(False) for key, value in arguments.keywords)
    state = frame.state
    identity = _identity(state, frame.calling)
    if identity is not None and not populates:
        for ref, row in transitions.of_session(rows_of(state), session):
            own = isinstance(identity, tuple) and identity[:2] == ("object", ref)
            same = own or identity == row.identity
            if same and row.cls == cls and row.phase == "persistent" and not row.doubtful:
                if found and _lacks(frame, row, found):
                    frame.emit_event(
                        OptionIgnored(*origin, frame.qualname, "present", cls.name, f"line {row.line}")
                    )
                if isinstance(row.rest, Lost):
                    rows_of(state)[ref] = replace(row, rest="plan", fields=())
                return _result(Instance(cls, ref=ref), name)
    plan = load_plans.plan_of(found, certain=certain)
    plan_step = Transition(session, "select", Settings(), cls, plan, identity)
    happen(frame, plan_step, origin[1])
    row = Row(cls, "persistent", session, *origin[:2], plan=plan, identity=identity)
    return _result(aliasing.loaded(frame, state, (*origin, 0), row), name)


def _result(value: Value, name: str) -> Value:
    return value if name == "get_one" else Options((value, NONE))


def _identity(state: State, node: tree.Call | None) -> object:
    """The primary key that ``get`` is asked for."""
    if node is None:
        return None
    given = node.args[1] if len(node.args) > 1 else None
    for keyword in node.keywords:
        if keyword.name == "ident":
            given = keyword.value
    return selects.identity_of(state, given) if given is not None else None


def _lacks(frame: Frame, row: Row, found: tuple[Directive, ...]) -> bool:
    """Whether options would load something that an object lacks."""
    model = models.mapped(frame.ctx, row.cls)
    if model is None:
        return False
    for directive in found:
        if directive.path:
            name = directive.path[0].attribute.name
            attribute = model.attributes.get(name)
            if attribute is not None and isinstance(
                transitions.status(frame.ctx, row, name, attribute), Lost
            ):
                return True
    return False


def _update(frame: Frame, detail: Change, session: object, origin: Origin) -> None:
    """An ``update()`` statement: what it computes in the database is expired in objects at hand.

    Which objects it meets, its conditions say; without any, it meets all.
    """
    ctx, state = frame.ctx, frame.state
    model = models.mapped(ctx, detail.cls)
    if model is None:
        return
    rows = rows_of(state)
    for ref, row in transitions.of_session(rows, session):
        if row.phase != "persistent" or not load_plans.related(ctx, row.cls, detail.cls):
            continue
        met = _meets(ctx, detail, ref, row)
        if met is False:
            continue
        for name, is_sql in detail.values:
            if is_sql is not False:
                row = row.put(name, Lost("update", *origin[:2]) if met and is_sql else PERHAPS)
        given = {name for name, _ in detail.values}
        for name, attribute in model.attributes.items():
            if isinstance(attribute, Column) and attribute.on_update and name not in given:
                certain = met and detail.certain and model.eager_defaults in ("auto", "off")
                row = row.put(name, Lost("update", *origin[:2]) if certain else PERHAPS)
        rows[ref] = row


def _meets(ctx: Context, detail: Change, ref: Ref, row: Row) -> bool | None:
    """Whether an ``update()`` meets an object; None where its conditions do not say."""
    if not detail.filtered or row.is_all:  # of all objects, it meets at least one
        return True
    model = models.mapped(ctx, detail.cls)
    for equal in detail.equals:
        attribute = model.attributes.get(equal.attribute.name) if model is not None else None
        if not isinstance(attribute, Column) or not attribute.is_key:
            continue
        if aliasing.different(equal.identity, row.identity):
            return False
        own = ("object", ref, equal.attribute.name)
        same = equal.identity is not None and equal.identity in (row.identity, own)
        if same and detail.filtered == 1:
            return True
    return None


# --- single objects ------------------------------------------------------------------------


def _refresh(frame: Frame, arguments: Arguments, origin: Origin) -> Value | None:
    state, rows = frame.state, rows_of(frame.state)
    given = arguments.get(1, "attribute_names")
    subject = arguments.get(0, "instance")
    for ref in refs_in(subject) if subject is not None else ():
        row = rows.get(ref)
        if row is None:
            continue
        aliasing.drop_below(state, ref)
        if given is None and not arguments.opaque:
            rows[ref] = transitions.refreshed(row, *origin[:2])
            if row.made != "new":  # others that a query gave may be the same object
                step = Transition(row.session, "select", Settings(), row.cls, row.plan, row.identity, ref)
                happen(frame, step, origin[1])
            continue
        names = None
        for option in options(given) if given is not None else ():
            names = results.target_columns(option)
        if names is None:
            rows[ref] = replace(row, doubtful=True)
            continue
        rows[ref] = _loaded_names(frame, row, names)
        model = models.mapped(frame.ctx, row.cls)
        for name in names:
            attribute = model.attributes.get(name) if model is not None else None
            if isinstance(attribute, Relationship) and attribute.target is not None:
                inner = load_plans.strategy(row.plan, name, attribute)[1]
                step = Transition(row.session, "select", Settings(), attribute.target, inner)
                happen(frame, step, origin[1])
    return None


def _loaded_names(frame: Frame, row: Row, names: tuple[str, ...]) -> Row:
    """After ``refresh(obj, names)``: a many-to-one of an expired object brings the columns along."""
    model = models.mapped(frame.ctx, row.cls)
    for name in names:
        attribute = model.attributes.get(name) if model is not None else None
        if isinstance(row.rest, Lost) and isinstance(attribute, Relationship):
            if attribute.to_one is not False and not attribute.is_collection and model is not None:
                for column, found in model.attributes.items():
                    if isinstance(found, Column) and not found.deferred:
                        row = row.put(column, Held())
                for empty in row.nulls:
                    row = row.put(empty, Held(NONE))
            elif model is not None:  # loading a collection takes the key
                for column, found in model.attributes.items():
                    if isinstance(found, Column) and found.is_key:
                        row = row.put(column, PERHAPS)
        row = row.put(name, Held(NONE) if name in row.nulls else Held())
    return row


def _expire(frame: Frame, arguments: Arguments, origin: Origin) -> None:
    rows = rows_of(frame.state)
    given = arguments.get(1, "attribute_names")
    subject = arguments.get(0, "instance")
    for ref in refs_in(subject) if subject is not None else ():
        row = rows.get(ref)
        if row is None or row.phase not in ("persistent", "given"):
            continue
        lost = Lost("expire", *origin[:2])
        if given is None:
            rows[ref] = transitions.expired(row, lost)
            continue
        names = results.target_columns(given)
        if names is None:
            rows[ref] = replace(row, doubtful=True)
            continue
        for name in names:
            row = row.put(name, lost)
        rows[ref] = row


def _merge(frame: Frame, arguments: Arguments, session: object, origin: Origin) -> Value | None:
    """``merge`` gives an object of the session: loaded by its key, or new."""
    subject = arguments.get(0, "instance")
    state = frame.state
    if not isinstance(subject, Instance) or models.mapped(frame.ctx, subject.cls) is None:
        return None
    given = rows_of(state).get(subject.ref) if subject.ref is not None else None
    row = Row(subject.cls, "persistent", session, *origin[:2], made="merge")
    if arguments.get(2, "options") is not None:
        row = replace(row, doubtful=True)
    if given is not None:
        if (given.rest == "perhaps" and given.phase != "given") or given.doubtful:
            row = replace(row, doubtful=True)
        for name, found in given.fields:
            if isinstance(found, Held):  # what it leads to is merged too
                row = row.put(name, Held() if isinstance(found.value, Plain) else PERHAPS)
        row = replace(row, dirty=True, nulls=given.nulls)
        if given.rest == "plan":  # what is loaded of the given object is copied
            row = replace(row, plan=given.plan)
    return aliasing.loaded(frame, state, (*origin, 0), row)
