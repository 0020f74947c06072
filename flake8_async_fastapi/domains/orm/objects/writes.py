"""Making ORM objects and assigning their attributes.

Source: docs/behaviour.md#new-objects, docs/behaviour.md#writing.
"""

from __future__ import annotations

from dataclasses import replace

from flake8_async_fastapi.domains.orm.mapping import models
from flake8_async_fastapi.domains.orm.mapping.attributes import Column, Relationship
from flake8_async_fastapi.domains.orm.objects import aliasing, reads, transitions
from flake8_async_fastapi.domains.orm.objects.instances import PERHAPS, Held, Lost, Row, refs_in, rows_of
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.models import Access
from flake8_async_fastapi.engine.places import Place, Position
from flake8_async_fastapi.engine.values import (
    Arguments,
    ClassValue,
    Collection,
    Const,
    Instance,
    Object,
    Ref,
    Value,
    is_none,
    options,
)


def write_attribute(access: Access, value: Value) -> bool:
    """Assign an attribute of an ORM object; whether it is a mapped one."""
    assert isinstance(access.owner, Instance)
    return write(access.frame, access.owner, access.name, value, access.place.position)


def write(frame: Frame, instance: Instance, name: str, value: Value, place: Position) -> bool:
    """Assign an attribute; whether it is a mapped one of an object that is known."""
    state, rows = frame.state, rows_of(frame.state)
    row = rows.get(instance.ref) if instance.ref is not None else None
    model = models.mapped(frame.ctx, row.cls) if row is not None else None
    attribute = model.attributes.get(name) if model is not None else None
    if row is None or model is None or attribute is None or instance.ref is None:
        return False
    persistent = row.phase in ("persistent", "given", "added")
    if isinstance(attribute, Relationship) and attribute.is_collection and persistent:
        found = transitions.status(frame.ctx, row, name, attribute)
        if isinstance(found, Lost) and found.cause != "noload":
            reads.report(frame, instance.ref, name, found, place, "mutated", "", ())
    if isinstance(attribute, Column):
        is_sql = isinstance(value, Object) and value.type.startswith("sqlalchemy.")
        kept: Value = transitions.SQL if is_sql else transitions.SET if persistent else value
        empty = {
            other
            for other, found in model.relationships()
            if name in (found.keys or ()) and len(found.keys or ()) == 1
        }
        nulls = row.nulls | empty if is_none(value) else row.nulls - empty
        row = replace(row.put(name, Held(kept)), nulls=nulls)
    elif isinstance(attribute, Relationship):
        aliasing.drop_below(state, instance.ref)
        status = Held(value) if _is_known(value) else PERHAPS
        row = replace(row.put(name, status), nulls=row.nulls - {name})
        _link(frame, instance, attribute, value)
    rows[instance.ref] = replace(row, dirty=True)
    return True


def _link(frame: Frame, instance: Instance, relationship: Relationship, value: Value) -> None:
    """The other side of a relationship that was assigned: a new object has it loaded too."""
    rows = rows_of(frame.state)
    if not relationship.inverse:
        return
    given = [value]
    if isinstance(value, Collection):
        given = list(value.items) if value.items is not None else [value.item]
    for part in given:
        for option in options(part):
            row = rows.get(option.ref) if isinstance(option, Instance) and option.ref else None
            if row is None or not isinstance(option, Instance) or option.ref is None:
                continue
            model = models.mapped(frame.ctx, row.cls)
            inverse = model.attributes.get(relationship.inverse) if model is not None else None
            if not isinstance(inverse, Relationship):
                continue
            if inverse.is_collection:
                if row.phase in ("transient", "pending"):
                    rows[option.ref] = row.put(relationship.inverse, Held())
            else:
                rows[option.ref] = row.put(relationship.inverse, Held(instance))


def _is_known(value: Value) -> bool:
    """Whether an object, or None, or a list of these is known well enough to be followed."""
    for option in options(value):
        inner = option
        if isinstance(option, Collection):
            if option.items == ():
                continue
            inner = option.item if option.items is None else option.items[0]
        if is_none(inner):
            continue
        if not isinstance(inner, Instance) or inner.ref is None:
            return False
    return True


def construct(frame: Frame, cls: ClassValue, arguments: Arguments, origin: Place) -> Value | None:
    """A new object of a model, which no session has yet; None for other classes."""
    model = models.mapped(frame.ctx, cls)
    if model is None:
        return None
    state = frame.state
    ref: Ref = (*origin, "new")
    aliasing.drop_below(state, ref)
    is_open = arguments.opaque or bool(arguments.args) or models.has_own_constructor(frame.ctx, cls)
    row = Row(cls, "transient", None, origin.path, origin.line, rest="unset", made="new", is_open=is_open)
    instance = Instance(cls, ref=ref)
    for name, value in arguments.keywords:
        if isinstance(model.attributes.get(name), Relationship) and not _is_known(value):
            row = row.put(name, PERHAPS)  # set, but nothing is known of what to
        elif name in model.attributes:
            is_sql = isinstance(value, Object) and value.type.startswith("sqlalchemy.")
            row = row.put(name, Held(transitions.SQL if is_sql else value))
    rows_of(state)[ref] = row
    for name, value in arguments.keywords:
        attribute = model.attributes.get(name)
        if isinstance(attribute, Relationship):
            _link(frame, instance, attribute, value)
    return instance


def set_unnamed(frame: Frame, arguments: Arguments) -> None:
    """``setattr(obj, name, value)`` with a name that is not known: something was changed."""
    rows = rows_of(frame.state)
    if len(arguments.args) != 3:
        return
    owner, name, value = arguments.args
    for option in options(owner):
        if not isinstance(option, Instance) or option.ref not in rows or option.ref is None:
            continue
        if isinstance(name, Const) and isinstance(name.value, str):
            place = (
                Position(frame.calling.line, frame.calling.col)
                if frame.calling is not None
                else Position(0, 0)
            )
            write(frame, option, name.value, value, place)
        else:
            rows[option.ref] = replace(rows[option.ref], dirty=True)


def set_by_hand(frame: Frame, arguments: Arguments) -> None:
    """``set_committed_value(obj, "name", value)``: loaded from then on."""
    rows = rows_of(frame.state)
    for ref in refs_in(arguments.args[0]) if len(arguments.args) == 3 else ():
        name = arguments.args[1]
        if ref in rows:
            row = rows[ref]
            known = isinstance(name, Const) and isinstance(name.value, str)
            rows[ref] = (
                row.put(str(name.value), Held(arguments.args[2]))
                if known and isinstance(name, Const)
                else replace(row, doubtful=True)
            )
