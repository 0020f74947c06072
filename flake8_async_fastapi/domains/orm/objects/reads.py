"""Reading ORM objects: demand meets supply, and what is missing is said.

Source: docs/behaviour.md#reading-relationships.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from flake8_async_fastapi.domains.orm.events import Cause, Missing
from flake8_async_fastapi.domains.orm.mapping import models
from flake8_async_fastapi.domains.orm.mapping.attributes import Attribute, Column, Model, Proxy, Relationship
from flake8_async_fastapi.domains.orm.objects import aliasing, instances, transitions
from flake8_async_fastapi.domains.orm.objects.instances import (
    PERHAPS,
    Debts,
    Field,
    Held,
    Lost,
    LostRead,
    Row,
    refs_in,
    rows_of,
)
from flake8_async_fastapi.domains.orm.objects.readers import Reader
from flake8_async_fastapi.domains.orm.statements import load_plans
from flake8_async_fastapi.domains.orm.statements.queries import Awaitables, Dynamic
from flake8_async_fastapi.engine.events import Wanted
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.models import Access
from flake8_async_fastapi.engine.places import Place, Position
from flake8_async_fastapi.engine.renaming import ARGUMENT, root
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.values import (
    NONE,
    UNKNOWN,
    Collection,
    Coroutine,
    Function,
    Instance,
    Object,
    Options,
    Plain,
    Ref,
    Unknown,
    Value,
    options,
)


def read_attribute(access: Access) -> Value | None:
    """The value of an attribute that is read of an ORM object; None where nothing is known of it."""
    assert isinstance(access.owner, Instance)
    use = "mutated" if access.is_mutated else "read"
    return read(access.frame, access.owner, access.name, access.place.position, use)


def read(
    frame: Frame, instance: Instance, name: str, place: Position, use: str = "read", through: str = ""
) -> Value | None:
    """The value of a mapped attribute of an object that is known; None where nothing is known of it.

    Says so where reading it would do I/O.
    """
    rows = rows_of(frame.state)
    row = rows.get(instance.ref) if instance.ref is not None else None
    if row is None or instance.ref is None:
        return None
    if name == "awaitable_attrs":
        return Object("sqlalchemy.ext.asyncio.AsyncAttrs", detail=Awaitables(instance.ref))
    model = models.mapped(frame.ctx, row.cls)
    if model is None:
        return None
    attribute = model.attributes.get(name)
    if attribute is None:
        return _of_subclass(frame, instance, row, model, name, place, use, through)
    if isinstance(attribute, Proxy):
        return _through_proxy(frame, instance, attribute, place, use, through)
    if frame.ctx.trace:
        reader = frame.note(Reader).name or "code"
        frame.emit_event(Wanted(frame.path, *place, frame.qualname, reader, f"{row.cls.name}.{name}"))
    found = transitions.status(frame.ctx, row, name, attribute)
    if use == "mutated" and isinstance(found, Held) and row.phase in ("transient", "pending"):
        rows[instance.ref] = row.put(name, Held(Collection("list")))  # what is put in stays loaded
    if isinstance(found, Lost):
        found = _lost(frame, instance.ref, row, name, attribute, found, place, use, through)
    if isinstance(found, Held):
        return _held(frame, instance.ref, row, name, attribute, found.value)
    return None


def _lost(
    frame: Frame, ref: Ref, row: Row, name: str, attribute: Attribute, lost: Lost,
    place: Position, use: str, through: str,
) -> Field:  # fmt: skip
    """Say that an attribute is missing, unless the object that it leads to is at hand."""
    rows = rows_of(frame.state)
    if lost.cause == "noload":
        report(frame, ref, name, lost, place, use, through, ())
        if isinstance(attribute, Relationship):
            return Held(Collection("list", items=()) if attribute.is_collection else NONE)
    if aliasing.is_at_hand(frame, ref, row, name, attribute, lost):
        rows[ref] = row.put(name, PERHAPS)  # found once, it is loaded
        return PERHAPS
    if aliasing.is_met_elsewhere(frame, ref, row, name, attribute, lost):
        return PERHAPS
    if row.guarded and root(ref)[0] == ARGUMENT:
        return PERHAPS  # a function that was given it asked first what it is
    report(frame, ref, name, lost, place, use, through, ())
    current = rows[ref]
    if isinstance(current.rest, Lost):  # the read would raise: what follows is not reached
        rows[ref] = replace(current, rest="perhaps", fields=())
    else:
        rows[ref] = current.put(name, PERHAPS)
    return PERHAPS


def report(
    frame: Frame, ref: Ref, name: str, lost: Lost, place: Position, use: str, through: str,
    chain: tuple[str, ...],
) -> None:  # fmt: skip
    """A missing attribute: an event in code under check, a debt of the caller for its own objects."""
    rows = rows_of(frame.state)
    reader = frame.notes.get(Reader)
    if reader is not None and reader.use:
        use, through = reader.use, reader.name
    if reader is not None and reader.reports_for is not None:
        frame, place = reader.reports_for
    row = rows[ref]
    route = [f"{row.cls.name}.{name}"]
    top, top_ref = row, ref
    while top.parent is not None and top.parent[0] in rows:
        top_ref, via = top.parent
        top = rows[top_ref]
        route.insert(0, f"{top.cls.name}.{via}")
        if len(route) > instances.LONGEST:
            break
    if chain and "pytest" in frame.ctx.project.imports_of(frame.path):
        return  # in a test, what it calls may be replaced
    if top_ref[0] == ARGUMENT:
        if (lost.path or (frame.is_async and lost.cause in _INTRINSIC)) and not chain:
            return  # it was lost in this function, whose own check says so
        frame.note(Debts).reads[LostRead(ref, name, use, through, chain, lost)] = None
    elif frame.emit:
        model = models.mapped(frame.ctx, row.cls)
        attribute = model.attributes.get(name) if model is not None else None
        cause = lost.cause
        if row.phase in ("detached", "deleted") and cause in _DETACHED:
            cause = "detached"
        if cause == "refreshed" and top.parent is None and top.made == "query":
            cause = "unloaded"
        frame.emit_event(
            Missing(
                frame.path,
                *place,
                frame.qualname,
                tuple(route),
                cause,
                use,
                isinstance(attribute, Relationship),
                (top.made, top.path, top.line),
                (lost.path, lost.line, lost.text),
                through,
                chain,
            )
        )


_INTRINSIC: Final = ("dynamic", "write_only")
_DETACHED: Final = (
    "unloaded", "new", "refreshed", "merged", "commit", "rollback", "expire", "server", "deferred", "update"
)  # fmt: skip


def _held(frame: Frame, ref: Ref, row: Row, name: str, attribute: Attribute, value: Value) -> Value:
    """The value of an attribute that is loaded; the object of a relationship begins to be known here."""
    if isinstance(attribute, Column):
        return UNKNOWN if isinstance(value, Plain) else value
    if not isinstance(attribute, Relationship) or not isinstance(value, Unknown):
        return value
    how, inner = load_plans.strategy(row.plan, name, attribute)
    if how in ("dynamic", "write_only"):
        kind = "AppenderQuery" if how == "dynamic" else "WriteOnlyCollection"
        return Object(f"sqlalchemy.orm.{kind}", detail=Dynamic(ref, name, how))
    if attribute.target is None or attribute.is_collection is None:
        return UNKNOWN
    state, rows = frame.state, rows_of(frame.state)
    child: Ref = (ref, name)
    if child not in rows:
        made = Row(
            attribute.target, row.phase, row.session, row.path, row.line, plan=inner, parent=(ref, name),
            above=(*row.above, row.cls), way=(*row.way, how),
            is_item=attribute.is_collection, doubtful=_depth(child) > instances.LONGEST or row.made == "new",
        )  # fmt: skip
        rows[child] = aliasing.with_others(frame.ctx, state, made)
    instance = Instance(attribute.target, ref=child)
    return Collection("list", instance) if attribute.is_collection else Options((instance, NONE))


def _depth(ref: object) -> int:
    depth = 0
    while isinstance(ref, tuple) and ref and isinstance(ref[0], tuple):
        ref, depth = ref[0], depth + 1
    return depth


def _through_proxy(
    frame: Frame, instance: Instance, proxy: Proxy, place: Position, use: str, through: str
) -> Value:
    value = read(frame, instance, proxy.through, place, use, through)
    found: list[Value] = []
    for option in options(value if value is not None else UNKNOWN):
        items = [option.item] if isinstance(option, Collection) and option.items is None else [option]
        for item in items:
            if isinstance(item, Instance):
                found.append(read(frame, item, proxy.attribute, place, use, through) or UNKNOWN)
    many = any(isinstance(option, Collection) for option in options(value or UNKNOWN))
    inner = found[0] if len(found) == 1 else UNKNOWN
    return Collection("list", inner) if many else inner


def _of_subclass(
    frame: Frame,
    instance: Instance,
    row: Row,
    model: Model,
    name: str,
    place: Position,
    use: str,
    through: str,
) -> Value | None:
    """A column of a subclass, read after the object turned out to be of it: the base's query left it out."""
    if instance.cls == row.cls or not model.is_polymorphic or row.rest != "plan" or row.doubtful:
        return None
    below = models.mapped(frame.ctx, instance.cls)
    attribute = below.attributes.get(name) if below is not None else None
    if not isinstance(attribute, Column) or not row.plan.certain or row.field(name) is not None:
        return None
    if models.loads_with_base(frame.ctx, instance.cls):
        return None
    assert instance.ref is not None
    report(frame, instance.ref, name, Lost("subclass", row.path, row.line), place, use, through, ())
    rows_of(frame.state)[instance.ref] = row.put(name, PERHAPS)
    return UNKNOWN


# --- the rest of what touches objects --------------------------------------------------------


def read_awaitable(access: Access) -> Value:
    """``obj.awaitable_attrs.name``: a coroutine that loads the attribute."""
    frame, owner, name, place = access.frame, access.owner, access.name, access.place.position
    assert isinstance(owner, Object) and isinstance(owner.detail, Awaitables)
    rows = rows_of(frame.state)
    ref = owner.detail.ref
    row = rows.get(ref)
    model = models.mapped(frame.ctx, row.cls) if row is not None else None
    attribute = model.attributes.get(name) if model is not None else None
    result: Value = UNKNOWN
    if row is not None and attribute is not None:
        found = transitions.status(frame.ctx, row, name, attribute)
        if isinstance(found, Lost):
            if found.cause in ("raise", "noload") or row.phase == "detached":
                report(frame, ref, name, found, place, "read", "", ())
                row = row.put(name, PERHAPS)
            elif isinstance(row.rest, Lost):
                row = replace(row, rest="perhaps", fields=())
            else:
                row = row.put(name, Held())
            rows[ref] = row
        result = read(frame, Instance(row.cls, ref=ref), name, place) or UNKNOWN
        if isinstance(attribute, Relationship) and attribute.target == row.cls:
            for child in refs_in(result):  # up or down a tree: its end is not known
                rows[child] = replace(rows[child], doubtful=True)
    return frame.make(Coroutine(access.label, "database", Place(frame.path, *place), result))


def given(ctx: Context, state: State, name: str, value: Value) -> Value:
    """A parameter that is an ORM object: what it has loaded is not known, what it loses here is."""
    if not isinstance(value, Instance) or value.ref is not None:
        return value
    if models.mapped(ctx, value.cls) is None:
        return value
    ref: Ref = ("given", name)
    rows_of(state)[ref] = Row(value.cls, "given", instances.ANY, "", 0, rest="perhaps", made="given")
    return replace(value, ref=ref)


def begin_parameters(frame: Frame, function: Function, outer: Frame) -> None:
    """Parameters of a coroutine function that are ORM objects: what is loaded of them is noted from here on.

    A plain function may run in a thread, or in ``run_sync``.
    """
    env = frame.state.env
    for param in function.node.params if function.is_async else ():
        if param.name in env:
            env[param.name] = given(frame.ctx, frame.state, param.name, env[param.name])


def consumed(frame: Frame, value: Value, origin: Place) -> None:
    """A relationship that has to be queried is used as a collection."""
    if isinstance(value, Object) and isinstance(value.detail, Dynamic):
        dynamic = value.detail
        row = rows_of(frame.state).get(dynamic.ref)
        if row is not None:
            cause: Cause = "dynamic" if dynamic.strategy == "dynamic" else "write_only"
            lost = Lost(cause, row.path, row.line)
            report(frame, dynamic.ref, dynamic.attribute, lost, origin.position, "read", "", ())
