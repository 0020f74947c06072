"""The effects of an async session's methods on ORM objects.

Source: docs/behaviour.md#async-api; SQLAlchemy documentation, "Session Basics" and "Asynchronous I/O".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from flake8_async_fastapi.domains.orm.events import OptionIgnored
from flake8_async_fastapi.domains.orm.mapping import models
from flake8_async_fastapi.domains.orm.mapping.attributes import Column
from flake8_async_fastapi.domains.orm.objects import aliasing, locked, transitions
from flake8_async_fastapi.domains.orm.objects.heap import instances_of, locations_in
from flake8_async_fastapi.domains.orm.objects.instances import MAYBE, InstanceState, NotLoaded
from flake8_async_fastapi.domains.orm.session import (
    cascades,
    item_queries,
    keyed_queries,
    run_sync,
    session_effects,
    session_factories,
    single_objects,
    unflushed,
)
from flake8_async_fastapi.domains.orm.session.session_effects import apply_transition
from flake8_async_fastapi.domains.orm.statements import (
    inserts,
    load_plans,
    loader_options,
    misused,
    results,
    selects,
)
from flake8_async_fastapi.domains.orm.statements.queries import (
    Directive,
    Entity,
    FetchedResult,
    Query,
    SessionSettings,
    SyncTwin,
    TransactionBlock,
    Transition,
    TransitionKind,
    UpdateStatement,
)
from flake8_async_fastapi.engine import relevance
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.joins import merge_objects
from flake8_async_fastapi.engine.machine.library_calls import is_coroutine_method
from flake8_async_fastapi.engine.models import CallSite
from flake8_async_fastapi.engine.places import Place, Spot
from flake8_async_fastapi.engine.renaming import resource_key
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.values import (
    NONE,
    TRUE,
    Arguments,
    ClassValue,
    Collection,
    Function,
    Instance,
    Location,
    Member,
    Object,
    OneOf,
    Unknown,
    Value,
)
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.knowledge.transactions import GETS, QUERIES

_LOCKS: Final = ("with_for_update", TRUE)
_TRANSACTION: Final = "sqlalchemy.ext.asyncio.AsyncSessionTransaction"


_TRANSITION_KINDS: Final[Mapping[str, TransitionKind]] = {
    "commit": "commit", "flush": "flush", "rollback": "rollback", "close": "close", "aclose": "close",
    "reset": "close", "expire_all": "expire", "expunge_all": "close", "invalidate": "close",
    "remove": "close",
}  # fmt: skip
_KNOWN = frozenset(
    {"in_transaction", "is_modified", "get_bind", "begin", "begin_nested", "connection", "identity_key",
     "in_nested_transaction", "add", "add_all", "refresh", "expire", "expunge", "delete", "merge", "run_sync",
     "enable_relationship_loading", *_TRANSITION_KINDS, *QUERIES, *GETS}
)  # fmt: skip


def call_session_method(site: CallSite) -> Value | None:
    """Apply a method of a session to objects, and return its result; None for the usual result."""
    frame, arguments, origin = site.frame, site.arguments, site.place
    assert isinstance(site.callee, Member)
    receiver, name = site.callee.receiver, site.callee.name
    if name not in _KNOWN:
        return None
    if frame.enclosing_loops:
        item_queries.report_item_query(site)
    else:
        keyed_queries.note_keyed(site)
    if frame.current_call is frame.dropped_call and is_coroutine_method(receiver.type, name):
        return None  # it is not awaited, so nothing happens
    session = resource_key(receiver)
    known = session_factories.session_settings(frame.ctx, frame.path, receiver)
    if name == "run_sync":
        given_back = run_sync.call_run_sync(site)  # which casts doubt on the function's arguments
        if arguments.args and isinstance(arguments.args[0], Function):
            reached = (*relevance.closure_values(frame.ctx, arguments.args[0]), *arguments.args[1:])
            session_effects.havoc_loaded(frame, reached, session)
            objects = instances_of(frame.state)
            known_well = {at: objects[at] for at in locations_in(given_back) if at in objects}
            apply_transition(frame, Transition(session, "reload", known), origin.line)
            instances_of(frame.state).update(known_well)
            return given_back
        apply_transition(frame, Transition(session, "doubt", known), origin.line)
        return given_back
    return _apply_method(site, session, known)


def call_sync_method(site: CallSite) -> Value | None:
    """Apply a method of the sync session that ``run_sync`` passes on, as one of its async session."""
    assert isinstance(site.callee, Member)
    twin, name = site.callee.receiver.detail, site.callee.name
    if not isinstance(twin, SyncTwin) or name in ("begin", "begin_nested"):
        return None
    if name not in _KNOWN:  # such as a query in the old style
        apply_transition(site.frame, Transition(twin.session, "anything", twin.settings), site.place.line)
        return None
    return _apply_method(site, twin.session, twin.settings, is_lazy=True)


def _apply_method(
    site: CallSite, session: object, known: SessionSettings, *, is_lazy: bool = False
) -> Value | None:
    """Apply a method of a session; ``is_lazy``: within ``run_sync``."""
    frame, arguments, origin = site.frame, site.arguments, site.place
    assert isinstance(site.callee, Member)
    name = site.callee.name
    if name in _TRANSITION_KINDS:
        kind = _TRANSITION_KINDS[name]
        if kind != "flush":
            locked.forget(frame)
        frame.acts_anyway |= kind in ("rollback", "close")  # objects are let go first, or in `finally`
        apply_transition(frame, Transition(session, kind, known), origin.line)
        return None
    if name in QUERIES:
        return _run_query(frame, name, arguments, session, known, origin, is_lazy=is_lazy)
    if name in ("begin", "begin_nested"):
        return Object(
            _TRANSACTION, origin=origin, detail=TransactionBlock(session, known, name == "begin_nested")
        )
    if name in GETS:
        unflushed.check_get(frame)
        apply_transition(frame, Transition(session, "query", known), origin.line)
        return _get_object(frame, name, arguments, session, origin, is_lazy=is_lazy)
    if name in ("add", "add_all"):
        frame.never_raises |= single_objects.are_new(frame.state, arguments.values())
        for value in arguments.values():
            single_objects.add_to_session(frame.state, value, session, is_lazy=is_lazy)
        return None
    if name == "refresh":
        locked.forget(frame)
        unflushed.report_refresh(frame, arguments, session, origin)
        apply_transition(frame, Transition(session, "query", known), origin.line)
        single_objects.refresh_object(frame, arguments, session, origin)
        return None
    if name == "expire":
        locked.forget(frame)
        single_objects.expire_object(frame, arguments, origin)
    elif name == "expunge":
        single_objects.take_out(frame, arguments, transitions.after_detach)
    elif name == "delete":
        single_objects.take_out(frame, arguments, transitions.after_delete)
        cascades.load_deleted(frame, arguments, origin.line)
    elif name == "merge":
        apply_transition(frame, Transition(session, "query", known), origin.line)
        merged = single_objects.merge_object(frame, arguments, session, origin)
        if merged is None:  # what it returns may be any object of the session
            apply_transition(frame, Transition(session, "doubt", known), origin.line)
        return merged
    return None


# --- queries -------------------------------------------------------------------------------


def _run_query(
    frame: Frame, name: str, arguments: Arguments, session: object, known: SessionSettings, origin: Place,
    *, is_lazy: bool,
) -> Value | None:  # fmt: skip
    apply_transition(frame, Transition(session, "query", known), origin.line)
    statement = arguments.get(0, "statement")
    if isinstance(statement, OneOf):
        statement = merge_objects([*statement.values])
    if not isinstance(statement, Object):
        return None
    detail = statement.detail
    if statement.type == "sqlalchemy.Delete":
        _run_delete(frame, statement.argument("0"), session)
    if isinstance(detail, UpdateStatement):
        if detail.synchronizes and not _has_option(arguments, selects.KEEPS_OBJECTS):
            _run_update(frame, detail, session, origin)
        detail = detail.returning or Query(())
    if not isinstance(detail, Query):
        detail = misused.query_of_text(statement)
    if detail is None:
        return None
    detail = replace(detail, populates=detail.populates or _has_option(arguments, selects.POPULATES))
    if not statement.type.rpartition(".")[2].startswith("Select"):
        detail = replace(detail, is_joined=True)  # not all rows, but those that it wrote
    if statement.type == inserts.INSERT and (arguments.get(1, "params") is not None or arguments.opaque):
        detail = inserts.without_null_keys(detail)
    for entity in detail.items or () if detail.locks and not detail.populates else ():
        if entity is not None:
            asked = results.identity_asked_for(frame.ctx, detail, entity)
            locked.note_lock(frame, entity.cls, session, asked, origin, detail.origin[1])
    session_effects.record_select(frame, detail, session, origin.line)
    fetch = FetchedResult(detail, session, (origin.path, origin.line), is_lazy=is_lazy)
    misused.report_fetch(frame, fetch, name.removeprefix("stream_"))
    package = "sqlalchemy.ext.asyncio.Async" if name.startswith("stream") else "sqlalchemy.engine."
    if name in ("scalars", "stream_scalars") or (
        name == "exec" and detail.single and detail.items is not None and len(detail.items) == 1
    ):
        return Object(package + "ScalarResult", detail=replace(fetch, shape="scalars"))
    if name == "scalar":
        found = results.fetched_item(frame, replace(fetch, shape="scalars"), origin, one=True)
        if isinstance(found, Unknown):
            return None
        return found if detail.answers else OneOf((found, NONE))
    return Object(package + "Result", detail=fetch)


def _has_option(arguments: Arguments, option: tuple[str, Value]) -> bool:
    """Whether a call passes an option, as in ``execution_options={"populate_existing": True}``."""
    given = arguments.get(1_000, "execution_options")
    if not isinstance(given, Collection) or given.keys is None or given.items is None:
        return False
    return option in zip(given.keys, given.items, strict=True)


def _get_object(
    frame: Frame, name: str, arguments: Arguments, session: object, origin: Place, *, is_lazy: bool
) -> Value | None:
    cls = arguments.get(0, "entity")
    if not isinstance(cls, ClassValue) or models.mapped_model(frame.ctx, cls) is None:
        return None
    given = arguments.get(2, "options")
    found, certain = loader_options.directives_in(Arguments((given,))) if given is not None else ((), True)
    certain = certain and not arguments.opaque
    selects.check_option_bases(frame, Query((Entity(cls),)), found, origin)
    populates = selects.POPULATES in arguments.keywords
    state = frame.state
    identity = _identity_of_get(state, frame.current_call)
    if not populates and _LOCKS in arguments.keywords:
        locked.note_lock(frame, cls, session, identity, origin, origin.line)
    if identity is not None and not populates:
        for location, obj in transitions.instances_of_session(instances_of(state), session):
            same = session_effects.is_asked_for(location, obj, identity)
            if same and obj.cls == cls and obj.phase == "persistent" and not obj.may_be_loaded:
                if found and _lacks_attribute(frame, obj, found):
                    loaded = Spot(obj.path, obj.line)
                    frame.emit_event(
                        OptionIgnored(*origin, frame.qualname, "present", cls.name, loaded=loaded)
                    )
                if isinstance(obj.default, NotLoaded):
                    instances_of(state)[location] = replace(obj, default="plan", fields=())
                return _result_value(Instance(cls, location=location), name)
    plan = load_plans.load_plan(found, certain=certain)
    session_effects.apply_select(frame, session, cls, plan, origin.line, identity)
    if populates:
        session_effects.populate(frame, session, cls, plan, origin.line, identity)
    obj = InstanceState(
        cls, "persistent", session, origin.path, origin.line, plan=plan, is_chosen=True, identity=identity,
        is_lazy=is_lazy,
    )  # fmt: skip
    obj = aliasing.populated(frame.ctx, obj) if populates else obj
    return _result_value(aliasing.add_loaded(frame, state, (*origin, 0), obj), name)


def _result_value(value: Value, name: str) -> Value:
    return value if name == "get_one" else OneOf((value, NONE))


def _identity_of_get(state: State, node: tree.Call | None) -> object:
    """The primary key that ``get`` fetches."""
    if node is None:
        return None
    given = node.args[1] if len(node.args) > 1 else None
    for keyword in node.keywords:
        if keyword.name == "ident":
            given = keyword.value
    return selects.identity_of(state, given) if given is not None else None


def _lacks_attribute(frame: Frame, obj: InstanceState, found: tuple[Directive, ...]) -> bool:
    """Whether options would load something that an object lacks."""
    model = models.model_of_objects(frame.ctx, obj.cls)
    if model is None:
        return False
    for directive in found:
        if directive.path:
            name = directive.path[0].attribute.name
            attribute = model.attributes.get(name)
            if attribute is not None and isinstance(
                transitions.attribute_state(frame.ctx, obj, name, attribute), NotLoaded
            ):
                return True
    return False


def _run_delete(frame: Frame, cls: Value | None, session: object) -> None:
    """Apply a ``delete()`` statement: objects whose rows it deletes leave the session as they are."""
    if not isinstance(cls, ClassValue):
        return
    objects = instances_of(frame.state)
    for location, obj in transitions.instances_of_session(objects, session):
        if obj.phase == "persistent" and load_plans.may_be_both(frame.ctx, obj.cls, cls):
            objects[location] = transitions.after_delete(obj)


def _run_update(frame: Frame, detail: UpdateStatement, session: object, origin: Place) -> None:
    """Apply an ``update()`` statement: values that it computes in the database are expired in known objects.

    Its conditions say which objects it affects; without any, it affects all.
    """
    ctx, state = frame.ctx, frame.state
    model = models.mapped_model(ctx, detail.cls)
    if model is None:
        return
    objects = instances_of(state)
    for location, obj in transitions.instances_of_session(objects, session):
        if obj.phase != "persistent" or not load_plans.may_be_both(ctx, obj.cls, detail.cls):
            continue
        met = _may_update(ctx, detail, location, obj)
        if met is False:
            continue
        for name, is_sql in detail.values:
            if is_sql is not False:
                obj = obj.put(
                    name, NotLoaded("update", origin.path, origin.line) if met and is_sql else MAYBE
                )
        given = {name for name, _ in detail.values}
        for name, attribute in model.attributes.items():
            if isinstance(attribute, Column) and attribute.on_update and name not in given:
                certain = met and detail.certain and model.eager_defaults in ("auto", "off")
                obj = obj.put(name, NotLoaded("update", origin.path, origin.line) if certain else MAYBE)
        objects[location] = obj


def _may_update(ctx: Context, detail: UpdateStatement, location: Location, obj: InstanceState) -> bool | None:
    """Whether an ``update()`` affects an object; None if its conditions do not say."""
    if not detail.is_filtered or (obj.is_all and obj.parent is None):  # it affects at least one of all
        return True
    model = models.mapped_model(ctx, detail.cls)
    for equal in detail.equals:
        attribute = model.attributes.get(equal.attribute.name) if model is not None else None
        if not isinstance(attribute, Column) or not attribute.is_key:
            continue
        if aliasing.are_different_keys(equal.identity, obj.identity):
            return False
        own = ("object", location, equal.attribute.name)
        same = equal.identity is not None and equal.identity in (obj.identity, own)
        if same and detail.is_filtered == 1:
            return True
    return None
