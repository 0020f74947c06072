"""Rows that a query locks although the session holds their objects, which keep the values loaded before.

Source: docs/behaviour.md#identity-map.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct, field

from flake8_async_fastapi.domains.orm.events import OptionIgnored
from flake8_async_fastapi.domains.orm.mapping.attributes import Attribute, Column
from flake8_async_fastapi.domains.orm.objects import transitions
from flake8_async_fastapi.domains.orm.objects.heap import instances_of
from flake8_async_fastapi.domains.orm.objects.instances import InstanceState, NotLoaded
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.places import Place, Spot
from flake8_async_fastapi.engine.values import ClassValue, Location
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.walk import nodes_in

_LOCKS: Final = "with_for_update"


class Lock(Struct):
    """A query that locked the row of an object which the session held, and the columns read since.

    ``names`` are the location and the identity by which the object is known.
    """

    place: Place
    cls: ClassValue
    loaded: Spot
    names: tuple[object, ...]
    read: set[str] = field(default_factory=set)


class Locks(Struct):
    """The locks of one run that a read may depend on, and the lines of all its queries that lock rows."""

    held: list[Lock] = field(default_factory=list)
    lines: set[int] = field(default_factory=set)


def note_lock(
    frame: Frame, cls: ClassValue, session: object, identity: object, origin: Place, made: int
) -> None:
    """Note that a query, ``made`` at a line, locks the row with a key, if the session holds its object."""
    if not frame.emit:
        return
    frame.notes_of(Locks).lines.update((origin.line, made))
    if identity is None:
        return
    for location, obj in transitions.instances_of_session(instances_of(frame.state), session):
        own = isinstance(identity, tuple) and identity[:2] == ("object", location)
        if obj.cls == cls and (own or obj.identity == identity) and _has_old_values(frame, obj):
            lock = Lock(origin, cls, Spot(obj.path, obj.line), (location, identity))
            frame.notes_of(Locks).held.append(lock)
            return


def _has_old_values(frame: Frame, obj: InstanceState) -> bool:
    """Whether an object surely has values of a query that did not lock its row."""
    is_loaded = obj.phase == "persistent" and obj.source == "query" and not obj.dirty
    if not is_loaded or isinstance(obj.default, NotLoaded) or obj.may_be_expired or obj.may_be_loaded:
        return False
    code = nodes_in(frame.ctx.project.body(obj.path))
    around = [one for one in code if isinstance(one, tree.FunctionDef) and one.line <= obj.line]
    last = max(around, key=lambda one: one.line, default=None)
    if last is not None and last is frame.node:
        return obj.line not in frame.notes_of(Locks).lines
    return last is None or not any(_locks(node) for node in nodes_in(last))


def _locks(node: object) -> bool:
    return isinstance(node, (tree.Attr, tree.Keyword)) and node.name == _LOCKS


def forget(frame: Frame) -> None:
    """Forget the locks: the objects are loaded anew, or the transaction ends."""
    if Locks in frame.notes:
        frame.notes_of(Locks).held.clear()


def note_read(frame: Frame, location: Location, obj: InstanceState, name: str, attribute: Attribute) -> None:
    """Note that a column of a locked object is read."""
    if isinstance(attribute, Column) and not attribute.is_key:
        for lock in frame.notes_of(Locks).held:
            if _is_locked(lock, location, obj):
                lock.read.add(name)


def report_write(frame: Frame, location: Location, obj: InstanceState, name: str) -> None:
    """Report the lock, if a column that was read since is assigned: the new value may rest on the old one."""
    held = frame.notes_of(Locks).held
    for lock in list(held):
        if name in lock.read and _is_locked(lock, location, obj):
            held.remove(lock)
            where, text = (*lock.place, frame.qualname), f"{lock.cls.name}.{name}"
            frame.emit_event(OptionIgnored(*where, "locked", text, lock.cls.name, loaded=lock.loaded))


def _is_locked(lock: Lock, location: Location, obj: InstanceState) -> bool:
    return obj.cls == lock.cls and (location in lock.names or obj.identity in lock.names)
