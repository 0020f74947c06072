"""Values of columns that are changed in place, which no flush writes.

SQLAlchemy notes what is assigned to an attribute. It sees no change inside a dict or list, unless the type of
the column is wrapped by `sqlalchemy.ext.mutable`, or the code calls `flag_modified()`. Assigning the changed
value again writes nothing either: it equals the old one, which is the same.

Source: docs/behaviour.md#writing.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct, field
from msgspec.structs import replace

from flake8_async_fastapi.domains.orm.events import ChangedInPlace
from flake8_async_fastapi.domains.orm.mapping import column_types, models
from flake8_async_fastapi.domains.orm.mapping.attributes import Column
from flake8_async_fastapi.domains.orm.objects import assigned, transitions
from flake8_async_fastapi.domains.orm.objects.heap import Instances, instances_of, locations_in
from flake8_async_fastapi.domains.orm.objects.instances import LOADED, InstanceState, Loaded
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.models import CallSite
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.text import path_of
from flake8_async_fastapi.engine.values import Arguments, Const, Library, Location, Member, Unknown, Value
from flake8_async_fastapi.engine.watches import Watch
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import nodes_in
from flake8_async_fastapi.knowledge import is_database
from flake8_async_fastapi.knowledge.column_types import CONTAINERS

_CHANGES: Final = frozenset(
    {"add", "append", "clear", "extend", "insert", "remove", "reverse", "sort", "update"}
)
"""Methods of dicts, lists and sets that do nothing but change them."""
_LISTENERS: Final = ("listen", "listens_for")
_SOURCES: Final = ("query", "merge", "refreshed")

Subject = tuple[Location, str]
"""A column of an object."""


class Changes(Struct):
    """The changes in place of one run.

    ``places`` are those of the changes; ``aliases`` the variables that hold the value of a column, with what
    changed it there; ``kept`` the places where such a value was assigned to its column again.
    """

    places: dict[Subject, Place] = field(default_factory=dict)
    aliases: dict[str, tuple[Subject, bool]] = field(default_factory=dict)
    kept: dict[Subject, Place] = field(default_factory=dict)


def check_assignment(frame: Frame, node: tree.Assign, value: Value) -> None:
    """Note ``obj.column[key] = value``, and variables that hold the value of a column."""
    part: Instances | None = frame.state.parts.get(Instances)
    if part is None or not part.heap:
        return
    for target in node.targets:
        if isinstance(target, tree.Subscript):
            _note_change(frame, target, target)
        elif isinstance(target, tree.Name):
            _note_alias(frame, target.id, node.value)
        elif isinstance(target, tree.Attr):
            _note_assigned(frame, target, node.value)


def note_augmented(frame: Frame, node: tree.AugAssign) -> None:
    """Note ``obj.column += [item]``, which changes the list, and assigns it to its column again."""
    if not isinstance(node.value, (tree.Display, tree.DictDisplay)) or Instances not in frame.state.parts:
        return
    if isinstance(node.target, tree.Subscript):
        _note_change(frame, node.target, node.target)
    elif isinstance(node.target, tree.Attr):
        subject = _column_at(frame, node.target)
        if subject is not None:
            frame.notes_of(Changes).kept[subject] = frame.place_of(node.target)


def note_method(frame: Frame, callee: Value, arguments: Arguments, node: tree.Call, result: Value) -> None:
    """Note ``obj.column.append(item)`` and the like."""
    if isinstance(node.func, tree.Attr) and node.func.name in _CHANGES and Instances in frame.state.parts:
        _note_change(frame, node.func.value, node)


def note_change_in_callee(
    frame: Frame, location: Location, before: InstanceState, after: InstanceState, place: Place
) -> None:
    """Note what a call changed in place, as a change at the call."""
    for name, _ in after.fields if frame.emit else ():
        if _is_changed(after, name) and not _is_changed(before, name):
            frame.notes_of(Changes).places.setdefault((location, name), place)


def note_flag(site: CallSite) -> None:
    """``flag_modified(obj, "column")`` makes the next flush write the column."""
    key = site.arguments.get(1, "key")
    subject = site.arguments.get(0, "instance")
    objects = instances_of(site.frame.state)
    for location in locations_in(subject) if subject is not None else ():
        obj = objects.get(location)
        if obj is not None:
            changed = [name for name, _ in obj.fields if _is_changed(obj, name)]
            for name in [str(key.value)] if isinstance(key, Const) else changed:
                obj = obj.put(name, Loaded(assigned.SET_TO_VALUE))
            objects[location] = replace(obj, dirty="row")
            _forget_kept(site.frame, location)


def note_escaped(
    frame: Frame, callee: Unknown | Library | Member, arguments: Arguments, place: Place
) -> None:
    """Code that is not followed may flag the objects that it gets; a session and a builtin do not."""
    if isinstance(callee, Member) and is_database(callee.receiver.type):
        return
    if isinstance(callee, Library) and callee.dotted.startswith("builtins."):
        return
    objects = instances_of(frame.state) if Changes in frame.notes else {}
    for value in arguments.values() if objects else ():
        for location in locations_in(value):
            obj = objects.get(location)
            for name, _ in obj.fields if obj is not None else ():
                if _is_changed(objects[location], name):
                    objects[location] = objects[location].put(name, LOADED)
            _forget_kept(frame, location)


def _forget_kept(frame: Frame, location: Location) -> None:
    """Forget which changed values were assigned to columns of an object again: these are flagged now."""
    noted: Changes | None = frame.notes.get(Changes)
    if noted is not None:
        noted.kept = {subject: place for subject, place in noted.kept.items() if subject[0] != location}


def report_lost(frame: Frame, session: object) -> None:
    """Report the changes that the commit of a session does not write."""
    noted: Changes | None = frame.notes.get(Changes)
    if noted is None or not (noted.places or noted.kept):
        return
    objects = instances_of(frame.state)
    for location, obj in transitions.instances_of_session(objects, session):
        for name, _ in obj.fields:
            place = noted.kept.get((location, name)) if name in assigned.names_of_assigned(obj) else None
            if _is_changed(obj, name):
                place = noted.places.get((location, name))
                objects[location] = objects[location].put(name, LOADED)
            if place is not None and frame.emit and _is_certain(frame, obj):
                frame.emit_event(ChangedInPlace(*place, frame.qualname, obj.cls.name, name))


# --- changes -------------------------------------------------------------------------------------


def _note_change(frame: Frame, changed: Expr, node: Expr) -> None:
    changed, depth = _value_around(changed)
    noted = frame.notes_of(Changes)
    if isinstance(changed, tree.Name) and changed.id in noted.aliases:
        if _is_empty(frame, changed):
            del noted.aliases[changed.id]
        else:
            noted.aliases[changed.id] = noted.aliases[changed.id][0], True
        return
    depth -= isinstance(node, tree.Subscript)  # an item that is set is in what changes
    subject = _column_at(frame, changed, is_inside=depth > 0)
    if subject is not None and (frame.emit or not _mentions_values(frame)):
        location, name = subject
        objects = instances_of(frame.state)
        objects[location] = objects[location].put(name, Loaded(assigned.CHANGED_IN_PLACE))
        noted.places.setdefault(subject, frame.place_of(node))


def _is_empty(frame: Frame, written: Expr) -> bool:
    """Whether the path is one on which a value is None or empty: then ``or`` gives another one."""
    text, known = path_of(written), frame.state.known
    return known.get(text) is False or known.get(f"{text} is None") is True


def _value_around(changed: Expr) -> tuple[Expr, int]:
    """The value that something is in, such as ``data`` for ``data["a"].get("b")``, and how deep."""
    depth = 0
    while True:
        match changed:
            case tree.Subscript(value=around):
                changed = around
            case tree.Call(func=tree.Attr(value=around, name="get" | "setdefault")):
                changed = around
            case _:
                return changed, depth
        depth += 1


def _note_alias(frame: Frame, name: str, written: Expr | None) -> None:
    match written:
        case tree.BoolOp(op="or", values=[first, *_]):  # a column without a value gets another one
            if _is_empty(frame, first):
                return
            written = first
    subject = _column_at(frame, written) if written is not None else None
    if subject is not None:
        frame.notes_of(Changes).aliases[name] = subject, False
    elif (noted := frame.notes.get(Changes)) is not None:
        noted.aliases.pop(name, None)


def _note_assigned(frame: Frame, target: tree.Attr, written: Expr | None) -> None:
    """Note what is assigned to a column: the value that it has, changed in place, or another one."""
    noted: Changes | None = frame.notes.get(Changes)
    if noted is None:
        return
    place = frame.place_of(target)
    for location in _owners(frame, target):
        subject = location, target.name
        alias = noted.aliases.get(written.id) if isinstance(written, tree.Name) else None
        if alias == (subject, True):
            noted.kept[subject] = place
        elif noted.kept.get(subject) != place:  # the next item of a loop is treated as the one before
            noted.kept.pop(subject, None)


def _owners(frame: Frame, written: tree.Attr) -> list[Location]:
    path = path_of(written.value)
    owner = frame.state.env.get(path) or frame.state.get(path) if path else None
    return list(locations_in(owner)) if owner is not None else []


def _column_at(frame: Frame, written: Expr, *, is_inside: bool = False) -> Subject | None:
    """The column that an expression reads, if a change of its value would not be noticed.

    ``is_inside``: the change is in something inside of it, which ``MutableDict`` does not notice either.
    """
    if not isinstance(written, tree.Attr):
        return None
    owners = _owners(frame, written)
    obj = instances_of(frame.state).get(owners[0]) if len(owners) == 1 else None
    if obj is None or obj.phase != "persistent" or not (obj.source in _SOURCES or obj.is_committed):
        return None
    model = models.model_of_objects(frame.ctx, obj.cls)
    attribute = model.attributes.get(written.name) if model is not None else None
    if not isinstance(attribute, Column):
        return None
    found = transitions.attribute_state(frame.ctx, obj, written.name, attribute)
    if not isinstance(found, Loaded) or written.name in assigned.names_of_assigned(obj):
        return None
    kind = column_types.column_kind(frame.ctx, obj.cls, written.name)
    is_lost = kind in CONTAINERS or (is_inside and kind == column_types.TRACKED)
    return (owners[0], written.name) if is_lost else None


def _is_changed(obj: InstanceState, name: str) -> bool:
    found = obj.field(name)
    return isinstance(found, Loaded) and found.value == assigned.CHANGED_IN_PLACE


# --- certainty -----------------------------------------------------------------------------------


def _is_certain(frame: Frame, obj: InstanceState) -> bool:
    """Whether nothing else may write a column: other code that had the object, a statement, an event."""
    if obj.may_be_loaded or obj.is_empty or obj.phase != "persistent":
        return False
    if _mentions_values(frame):
        return False
    return not frame.ctx.query(("tracks changes",), lambda: _tracks_changes(frame.ctx), True)


def _mentions_values(frame: Frame) -> bool:
    """Whether a function mentions the values of a statement, or of a dict."""
    body = frame.node.body if frame.node is not None else []
    return any(isinstance(node, tree.Attr) and node.name == "values" for node in nodes_in(body))


def _tracks_changes(ctx: Context) -> bool:
    """Whether a project makes types mutable as a whole, or flags objects in the events of sessions."""
    if any(_names_in(ctx, path, "associate_with") for path in ctx.project.mentioning("associate_with")):
        return True
    flagging = ctx.project.mentioning("flag_modified")
    return any(_names_in(ctx, path, "flag_modified", *_LISTENERS) > {"flag_modified"} for path in flagging)


def _names_in(ctx: Context, path: str, *names: str) -> set[str]:
    """Which of some names the code of a file uses."""
    used = (node for node in nodes_in(ctx.project.body(path)) if isinstance(node, (tree.Attr, tree.Name)))
    return {node.name if isinstance(node, tree.Attr) else node.id for node in used}.intersection(names)


CALLS: Final = Watch(note_method, methods=_CHANGES, unknown=_CHANGES)
