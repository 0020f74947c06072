"""What methods of a session do to the objects that they are given: add, refresh, expire, merge.

Source: docs/behaviour.md#refresh, docs/behaviour.md#merge; SQLAlchemy documentation, "Session Basics".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from flake8_async_fastapi.domains.orm.mapping import models
from flake8_async_fastapi.domains.orm.mapping.attributes import Column, Relationship
from flake8_async_fastapi.domains.orm.objects import aliasing, transitions
from flake8_async_fastapi.domains.orm.objects.instances import (
    PERHAPS,
    Held,
    Lost,
    Row,
    reachable,
    refs_in,
    rows_of,
)
from flake8_async_fastapi.domains.orm.session.session_effects import happen
from flake8_async_fastapi.domains.orm.statements import load_plans, results
from flake8_async_fastapi.domains.orm.statements.queries import (
    Settings,
    Transition,
)
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.values import NONE, Arguments, Instance, Plain, Value, options


def change_given(frame: Frame, arguments: Arguments, change: Callable[[Row], Row]) -> None:
    """Something happens to the objects in the first argument."""
    rows = rows_of(frame.state)
    for ref in refs_in(arguments.args[0]) if arguments.args else ():
        if ref in rows:
            rows[ref] = change(rows[ref])


def add(state: State, value: Value, session: object) -> None:
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


def refresh(frame: Frame, arguments: Arguments, origin: Place) -> None:
    """``refresh(obj)``: columns, and what is eager, or the attributes that are named."""
    state, rows = frame.state, rows_of(frame.state)
    given = arguments.get(1, "attribute_names")
    subject = arguments.get(0, "instance")
    for ref in refs_in(subject) if subject is not None else ():
        row = rows.get(ref)
        if row is None:
            continue
        aliasing.drop_below(state, ref)
        if given is None and not arguments.opaque:
            rows[ref] = transitions.refreshed(row, origin.path, origin.line)
            if row.made != "new":  # others that a query gave may be the same object
                step = Transition(row.session, "select", Settings(), row.cls, row.plan, row.identity, ref)
                happen(frame, step, origin.line)
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
                happen(frame, step, origin.line)


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


def expire(frame: Frame, arguments: Arguments, origin: Place) -> None:
    """``expire(obj)``, or some of its attributes."""
    rows = rows_of(frame.state)
    given = arguments.get(1, "attribute_names")
    subject = arguments.get(0, "instance")
    for ref in refs_in(subject) if subject is not None else ():
        row = rows.get(ref)
        if row is None or row.phase not in ("persistent", "given"):
            continue
        lost = Lost("expire", origin.path, origin.line)
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


def merge(frame: Frame, arguments: Arguments, session: object, origin: Place) -> Value | None:
    """``merge`` gives an object of the session: loaded by its key, or new."""
    subject = arguments.get(0, "instance")
    state = frame.state
    if not isinstance(subject, Instance) or models.mapped(frame.ctx, subject.cls) is None:
        return None
    given = rows_of(state).get(subject.ref) if subject.ref is not None else None
    row = Row(subject.cls, "persistent", session, origin.path, origin.line, made="merge")
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
