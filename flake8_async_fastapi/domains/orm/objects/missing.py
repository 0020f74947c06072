"""Attributes that are read and not loaded: reported in the code under check, or left to the caller.

Source: docs/behaviour.md#reading-relationships.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from flake8_async_fastapi.domains.orm.events import Cause, Missing
from flake8_async_fastapi.domains.orm.mapping import models
from flake8_async_fastapi.domains.orm.mapping.attributes import Relationship
from flake8_async_fastapi.domains.orm.objects import doubts, transitions
from flake8_async_fastapi.domains.orm.objects.heap import LONGEST_PATH, instances_of
from flake8_async_fastapi.domains.orm.objects.held_by_callers import UnloadedPath, doubt_by_callers
from flake8_async_fastapi.domains.orm.objects.instances import InstanceState, NotLoaded
from flake8_async_fastapi.domains.orm.objects.passed import PASSED_OTHERWISE, is_passed_otherwise
from flake8_async_fastapi.domains.orm.objects.readers import Reader, UnloadedRead, UnloadedReads
from flake8_async_fastapi.domains.orm.statements.queries import FetchedResult, Query
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.machine import callers, classes
from flake8_async_fastapi.engine.places import Position, Spot
from flake8_async_fastapi.engine.renaming import ARGUMENT, MADE, resource_key
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.values import (
    ClassValue,
    Function,
    Instance,
    Location,
    Object,
    Value,
    alternatives,
)
from flake8_async_fastapi.engine.walks import inner_values
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.walk import dotted, nodes_in
from flake8_async_fastapi.project.modules import is_test

_ERRORS: Final = ("MissingGreenlet", "DetachedInstanceError")
_EXPECTED: Final = "a handler expects the error"


class Reading(Struct, frozen=True):
    """How an attribute is read, and at which line; the rest is as in ``Missing``.

    ``is_by_callee``: a function reads it that got the object as an argument.
    """

    use: str
    through: str
    chain: tuple[str, ...]
    at: Spot
    is_by_callee: bool = False

    def of(self, location: Location, name: str, not_loaded: NotLoaded, unless: str) -> UnloadedRead:
        """The reading of an attribute, as passed to a caller."""
        return UnloadedRead(location, name, self.use, self.through, self.chain, not_loaded, unless)


def report_missing(
    frame: Frame,
    location: Location,
    name: str,
    not_loaded: NotLoaded,
    place: Position,
    use: str,
    unless: str = "",
) -> None:
    """Report a missing attribute in code under check, or leave it to the caller who has the object."""
    reading = _reading_by(frame.notes.get(Reader), Reading(use, "", (), Spot(frame.path, place.line)))
    _report(frame, location, name, not_loaded, place, reading, unless)


def report_detached(frame: Frame, location: Location, place: Position, use: str) -> None:
    """Report a method of a session that needs one of its own objects, and gets a detached one."""
    report_missing(frame, location, "", NotLoaded("detached"), place, use)


def report_missing_in_callee(
    frame: Frame,
    location: Location,
    read: UnloadedRead,
    not_loaded: NotLoaded,
    place: Position,
    function: str,
    at: Spot,
    unless: str,
) -> None:
    """Report a missing attribute for a function that is called here and reads it at a line of its own."""
    inner = Reading(read.use, read.through, (function, *read.chain), at, is_by_callee=True)
    reading = _reading_by(frame.notes.get(Reader), inner)
    _report(frame, location, read.name, not_loaded, place, reading, unless)


def _reading_by(reader: Reader | None, reading: Reading) -> Reading:
    """A reading as reported if a library's function reads."""
    if reader is None:
        return reading
    use, through = (reader.use, reader.name) if reader.use else (reading.use, reading.through)
    return Reading(use, through, (*reader.chain, *reading.chain), reading.at, reading.is_by_callee)


def _report(
    frame: Frame,
    location: Location,
    name: str,
    not_loaded: NotLoaded,
    place: Position,
    reading: Reading,
    unless: str,
) -> None:
    found = UnloadedPath(frame.state, location, name, not_loaded)
    objects, reader = instances_of(found.state), frame.notes.get(Reader)
    if reader is not None and reader.reports_for is not None:
        frame, place = reader.reports_for
    obj, steps = objects[location], _steps_to(objects, location, name)
    top_location = steps[0][0]
    top, route = objects[top_location], tuple(_step_text(objects[owner], via) for owner, via in steps)
    if reading.is_by_callee and "pytest" in frame.ctx.project.imports_of(frame.path):
        unless = unless or "the test replaces what it calls"
    if top_location[0] == ARGUMENT:
        is_lost_here = not_loaded.path or (frame.is_async and not_loaded.cause in _INTRINSIC)
        if is_lost_here and not reading.is_by_callee:
            return  # it was lost in this function, which is checked itself
        read = reading.of(location, name, not_loaded, unless)
        frame.notes_of(UnloadedReads).add(read, reading.at, objects)
    elif not frame.emit:
        if _is_known_by_caller(frame, top, reading):
            read = reading.of(location, name, not_loaded, unless or _if_expected(frame, place))
            frame.notes_of(UnloadedReads).add(read, reading.at, objects)
    else:
        model = models.model_of_objects(frame.ctx, obj.cls)
        attribute = model.attributes.get(name) if model is not None else None
        lost_by: Cause = not_loaded.cause
        if lost_by == "refreshed" and top.parent is None and top.source == "query":
            lost_by = "unloaded"
        is_gone = obj.phase in ("detached", "deleted") and lost_by in _DETACHED and reading.use != "encoded"
        frame.emit_event(
            Missing(
                frame.path,
                *place,
                frame.qualname,
                route,
                "detached" if is_gone else lost_by,
                reading.use,
                isinstance(attribute, Relationship),
                (top.source, top.path, top.line),
                (not_loaded.path, not_loaded.line, not_loaded.text),
                reading.through,
                reading.chain,
                reading.at,
                lost_by,
                obj.strategies_above[-len(route) + 1 :] if len(route) > 1 else (),
                _name_of(frame.state, location),
                _name_of_session(frame.state, obj),
                frame.is_async,
                tuple(objects[owner].cls.path for owner, _ in steps),
                top.is_item,
                Spot("", 0) if reader is None else reader.field_at,
            ),
            unless or _unless(frame, steps[0], place) or doubt_by_callers(frame, found),
        )


def _unless(frame: Frame, step: tuple[Location, str], place: Position) -> str:
    """In which case code that is checked does not read what is missing; empty if it does."""
    if expected := _if_expected(frame, place):
        return expected
    if not callers.may_reach(frame):
        return "no caller passes what leads here"
    if is_passed_otherwise(frame, step[0], instances_of(frame.state)[step[0]].cls):
        return PASSED_OTHERWISE
    if is_test(frame.path) and _is_loaded_in_another(frame, *step):
        return doubts.BY_OTHERS
    return doubts.BY_REQUEST if _may_be_left_by_request(frame, *step) else ""


def _if_expected(frame: Frame, place: Position) -> str:
    return _EXPECTED if _is_expected(frame, place) else ""


def _is_expected(frame: Frame, place: Position) -> bool:
    """Whether a place is in a ``try`` that handles the error of such a read by its name."""
    return frame.node is not None and any(
        isinstance(inner, tree.Node) and (inner.line, inner.col) == place
        for node in nodes_in(frame.node.body)
        if isinstance(node, tree.Try)
        if any(dotted(kind).endswith(_ERRORS) for handler in node.handlers for kind in _kinds_of(handler))
        for inner in nodes_in(node.body)
    )


def _kinds_of(handler: tree.Handler) -> list[tree.Expr]:
    """The classes that a handler catches, as written."""
    if handler.type is None:
        return []
    return handler.type.items if isinstance(handler.type, tree.Display) else [handler.type]


def _may_be_left_by_request(frame: Frame, location: Location, name: str) -> bool:
    """Whether a test may get an object that a request has made in the session of a fixture.

    Two new objects that are linked from both sides refer to each other, which keeps them in the session.
    """
    requests: doubts.Requests | None = frame.notes.get(doubts.Requests)
    if requests is None or not requests.sent or frame.node is None:
        return False
    obj = instances_of(frame.state)[location]
    model = models.model_of_objects(frame.ctx, obj.cls)
    attribute = model.attributes.get(name) if model is not None else None
    if obj.source != "query" or not isinstance(attribute, Relationship) or not attribute.inverse:
        return False
    given = (frame.state.env.get(param.name) for param in frame.node.params)
    return any(isinstance(value, Object) and resource_key(value) == obj.session for value in given)


def _is_loaded_in_another(frame: Frame, location: Location, name: str) -> bool:
    """Whether a call may have returned another object instead, which has an attribute loaded.

    A test knows which of them a helper gives it: one that gets or creates creates in a fresh database.
    """
    objects = instances_of(frame.state)
    for other, obj in objects.items():
        is_sibling = other != location and other[:-1] == location[:-1] and obj.cls == objects[location].cls
        model = models.model_of_objects(frame.ctx, obj.cls) if is_sibling and location[0] == MADE else None
        attribute = model.attributes.get(name) if model is not None else None
        if attribute is not None:
            found = transitions.attribute_state(frame.ctx, obj, name, attribute)
            if not isinstance(found, NotLoaded):
                return True
    return False


def _is_known_by_caller(frame: Frame, obj: InstanceState, reading: Reading) -> bool:
    """Whether a run knows only from its caller that it reads a missing attribute of an object."""
    return (
        _is_of_given_statement(frame, obj)
        or _is_of_given_class(frame, obj, reading)
        or _is_by_given_function(frame, reading)
    )


def _is_by_given_function(frame: Frame, reading: Reading) -> bool:
    """Whether a function that the caller passed reads, as a callback."""
    if frame.node is None or not reading.is_by_callee or not reading.chain:
        return False
    given = [frame.state.env.get(param.name) for param in frame.node.params]
    if isinstance(frame.receiver, Instance):
        given += [value for _, value in frame.receiver.attributes or ()]
    return any(
        isinstance(inner, Function) and inner.name == reading.chain[0]
        for value in given
        if value is not None
        for inner in inner_values(value)
    )


def _is_of_given_statement(frame: Frame, obj: InstanceState) -> bool:
    """Whether a run got an object from a statement or result that its caller passed."""
    if frame.node is None or obj.source != "query":
        return False
    given = (frame.state.env.get(param.name) for param in frame.node.params)
    statements = (
        inner.detail.query if isinstance(inner.detail, FetchedResult) else inner.detail
        for value in given
        if value is not None
        for inner in inner_values(value)
        if isinstance(inner, Object)
    )
    return any(isinstance(one, Query) and one.origin == (obj.path, obj.line) for one in statements)


def _is_of_given_class(frame: Frame, obj: InstanceState, reading: Reading) -> bool:
    """Whether a run knows the class of an object, or the schema that reads it, from its caller only.

    A generic repository gets them when it is made, and keeps them as attributes.
    """
    node, receiver = frame.node, frame.receiver
    if node is None:
        return False
    names = {obj.cls.name, reading.through} - {
        written.id for written in nodes_in(node.body) if isinstance(written, tree.Name)
    }
    given = (frame.state.env.get(param.name) for param in node.params)
    if any(isinstance(value, ClassValue) and value.name in names for value in given):
        return True
    if not isinstance(receiver, Instance):
        return False
    bare = Instance(receiver.cls)
    return any(
        isinstance(value, ClassValue)
        and value.name in names
        and classes.instance_attribute(frame.ctx, bare, name) != value
        for name, value in receiver.attributes or ()
    )


def _steps_to(
    objects: Mapping[Location, InstanceState], location: Location, name: str
) -> list[tuple[Location, str]]:
    """The attributes that lead to an object's attribute from where the object is first known."""
    steps = [(location, name)]
    parent = objects[location].parent
    while parent is not None and parent[0] in objects and len(steps) <= LONGEST_PATH:
        steps.insert(0, parent)
        parent = objects[parent[0]].parent
    return steps


def _step_text(obj: InstanceState, name: str) -> str:
    """An attribute with the class of its object; the class alone for the object itself."""
    return f"{obj.cls.name}.{name}" if name else obj.cls.name


_INTRINSIC: Final = ("dynamic", "write_only")
_DETACHED: Final = (
    "unloaded", "new", "refreshed", "merged", "commit", "rollback", "expire", "server", "deferred", "update",
    "detached",
)  # fmt: skip


def _name_of(state: State, location: Location) -> str:
    """The variable that holds an object; empty if none does."""

    def is_it(value: Value) -> bool:
        return any(isinstance(one, Instance) and one.location == location for one in alternatives(value))

    return min((name for name, value in state.env.items() if is_it(value)), default="")


def _name_of_session(state: State, obj: InstanceState) -> str:
    """The variable, or its attribute, that holds the session of an object; empty if none does."""
    found = (
        path
        for held in (state.env, state.attributes)
        for path, value in held.items()
        if isinstance(value, Object) and resource_key(value) == obj.session
    )
    return min(found, default="")
