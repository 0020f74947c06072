"""Objects that are used before a flush: keys that are still None, and changes that ``refresh()`` discards.

Source: docs/behaviour.md#new-objects, docs/behaviour.md#refresh.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from flake8_async_fastapi.domains.orm.events import UsedBeforeFlush
from flake8_async_fastapi.domains.orm.mapping import models
from flake8_async_fastapi.domains.orm.mapping.attributes import Column, Model
from flake8_async_fastapi.domains.orm.objects.assigned import names_of_assigned
from flake8_async_fastapi.domains.orm.objects.heap import Instances, instances_of, locations_in
from flake8_async_fastapi.domains.orm.objects.instances import InstanceState, may_be_one
from flake8_async_fastapi.domains.orm.statements import results
from flake8_async_fastapi.domains.orm.statements.queries import Query, UpdateStatement
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.machine import attributes, classes, names
from flake8_async_fastapi.engine.places import Place, Spot
from flake8_async_fastapi.engine.text import path_of
from flake8_async_fastapi.engine.values import Arguments, ClassValue, Instance, Member, Object, Value
from flake8_async_fastapi.engine.watches import Watch
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import all_nodes, dotted, nodes_in, written_argument
from flake8_async_fastapi.knowledge.transactions import is_session_type

_CONDITIONS: Final = frozenset({"where", "filter", "having"})
_CHANGES: Final = ("sqlalchemy.Update", "sqlalchemy.Insert")
_ADDS: Final = frozenset({"add", "add_all"})
_COPIES: Final = frozenset({"merge", "refresh"})
"""Methods of a session that do not add the object which they get."""
_INSTANT: Final = frozenset({"force_instant_defaults", "init_instance"})
"""By these an object has its defaults before a flush."""
_UNKNOWN: Final = frozenset({"anything", "perhaps", "doubt", "reload"})
_SQLMODEL: Final = frozenset({"sqlmodel.SQLModel", "sqlmodel.main.SQLModel"})


# --- refresh() -----------------------------------------------------------------------------


def report_refresh(frame: Frame, arguments: Arguments, session: object, origin: Place) -> None:
    """Report ``refresh(obj)`` for an object that was not flushed, or has changes that were not.

    It expires the attributes before it would flush, so the changes are gone whatever the settings. A session
    refuses an object of another one, and changes nothing.
    """
    subject = arguments.get(0, "instance")
    given = arguments.get(1, "attribute_names")
    if not frame.emit or subject is None or arguments.opaque or _is_in_handler(frame, origin):
        return
    chosen = results.target_columns(given) if given is not None else None
    objects = instances_of(frame.state)
    for location in locations_in(subject) if given is None or chosen is not None else ():
        obj = objects.get(location)
        if obj is None or obj.may_be_loaded or obj.is_empty or obj.is_item or _may_be_flushed(frame, obj):
            continue
        is_alone = obj.phase == "transient"
        if not is_alone and not may_be_one(session, obj.session):
            continue
        since = Spot(obj.path, obj.line)
        if obj.phase == "pending" and obj.source == "new" and obj.default == "unset":
            at = *origin, frame.qualname
            frame.emit_event(UsedBeforeFlush(*at, "pending", obj.cls.name, (), since))
        elif is_alone and obj.source == "new" and _is_in_no_session(frame, obj):
            at = *origin, frame.qualname
            frame.emit_event(UsedBeforeFlush(*at, "transient", obj.cls.name, (), since))
        elif obj.phase in ("persistent", "given", "added") and obj.source != "merge":
            changed = sorted(name for name in names_of_assigned(obj) if chosen is None or name in chosen)
            if changed:
                at = *origin, frame.qualname
                frame.emit_event(UsedBeforeFlush(*at, "changed", obj.cls.name, tuple(changed), since))


def _is_in_no_session(frame: Frame, obj: InstanceState) -> bool:
    """Whether a new object that is refreshed was never added: ``merge()`` adds a copy of it."""
    written = written_argument(frame.current_call, 0, "instance") if frame.current_call is not None else None
    if not isinstance(written, tree.Name) or obj.has_unknown_arguments:
        return False
    return _goes_only_to_session(frame, {written.id}, copying=_COPIES)


def _is_in_handler(frame: Frame, origin: Place) -> bool:
    """Whether a call is in an ``except``: there it may take back a change on purpose."""
    if frame.node is None:
        return False
    return any(
        isinstance(node, tree.Call) and (node.line, node.col) == origin.position
        for statement in nodes_in(frame.node.body)
        if isinstance(statement, tree.Try)
        for node in nodes_in(statement.handlers)
    )


# --- keys ----------------------------------------------------------------------------------


def check_call(frame: Frame, callee: Value, arguments: Arguments, node: tree.Call, result: Value) -> None:
    """Report a key that is still None in a constructor, a statement or a condition."""
    if not (node.args or node.keywords):
        return
    if isinstance(callee, ClassValue):
        if node.keywords and models.mapped_model(frame.ctx, callee) is not None:
            _check_constructor(frame, callee, node)
    elif isinstance(callee, Member) and isinstance(callee.receiver.detail, (Query, UpdateStatement)):
        if callee.name in _CONDITIONS:
            _check_conditions(frame, node)
        elif callee.name == "values" and callee.receiver.type in _CHANGES:
            for keyword in node.keywords:
                _report_key(frame, keyword.value)


def check_get(frame: Frame) -> None:
    """Report the key of the ``get()`` that is about to be run."""
    written = written_argument(frame.current_call, 1, "ident") if frame.current_call is not None else None
    if frame.emit and written is not None:
        _report_key(frame, written)


def check_assignment(frame: Frame, node: tree.Assign, value: Value) -> None:
    """Report ``child.parent_id = parent.id`` if the key is still None."""
    if not frame.emit or len(node.targets) != 1 or not isinstance(node.value, tree.Attr):
        return
    target = node.targets[0]
    if not isinstance(target, tree.Attr) or not isinstance(target.value, tree.Name):
        return
    owner = frame.state.env.get(target.value.id)
    for location in locations_in(owner) if owner is not None else ():
        obj = instances_of(frame.state).get(location)
        model = models.model_of_objects(frame.ctx, obj.cls) if obj is not None else None
        attribute = model.attributes.get(target.name) if model is not None else None
        if not isinstance(attribute, Column) or attribute.is_key or obj is None or model is None:
            continue
        if not _has_relationship(obj, model) and _goes_only_to_session(
            frame, {target.value.id}, model, target.name
        ):
            _report_key(frame, node.value)


def _check_constructor(frame: Frame, cls: ClassValue, node: tree.Call) -> None:
    """Check the keywords of a new object that nothing but a session gets, and that no relationship links."""
    model = models.mapped_model(frame.ctx, cls)
    written = {keyword.name: keyword.value for keyword in node.keywords}
    if model is None or None in written or models.has_own_constructor(frame.ctx, cls):
        return
    if any(name in written for name, _ in model.relationships()):
        return
    for name, value in written.items():
        if isinstance(model.attributes.get(name or ""), Column) and _unflushed_owner(frame, value):
            holder = _holder_of(frame, node)
            if holder is not None and _goes_only_to_session(frame, holder, model, name or ""):
                _report_key(frame, value)


def _check_conditions(frame: Frame, node: tree.Call) -> None:
    """Check ``Model.column == key`` in the arguments of ``where()``."""
    for written in node.args:
        match written:
            case tree.Compare(left=left, ops=["=="], rights=[right]):
                for column, key in ((left, right), (right, left)):
                    if isinstance(_value_of(frame, column), Object):
                        _report_key(frame, key)
            case tree.Call():
                _check_conditions(frame, written)


def _report_key(frame: Frame, written: Expr) -> None:
    obj = _unflushed_owner(frame, written)
    if obj is not None and isinstance(written, tree.Attr):
        since = Spot(obj.path, obj.line)
        frame.emit_event(UsedBeforeFlush(*frame.at(written), "key", obj.cls.name, (written.name,), since))


def _unflushed_owner(frame: Frame, written: Expr) -> InstanceState | None:
    """The new object whose primary key an expression reads, if that is certainly still None."""
    if not isinstance(written, tree.Attr) or not isinstance(written.value, tree.Name):
        return None
    owner = frame.state.env.get(written.value.id)
    location = owner.location if isinstance(owner, Instance) else None
    obj = instances_of(frame.state).get(location) if location is not None else None
    if obj is None or obj.source != "new" or obj.default != "unset":
        return None
    if obj.may_be_loaded or obj.is_empty or obj.has_unknown_arguments or obj.field(written.name) is not None:
        return None
    if obj.phase not in ("pending", "transient") or not _is_set_by_flush(frame.ctx, obj.cls, written.name):
        return None
    if not _goes_only_to_session(frame, {written.value.id}):
        return None
    return None if _may_be_flushed(frame, obj) or _is_tested(frame, written) else obj


def _may_be_flushed(frame: Frame, obj: InstanceState) -> bool:
    """Whether unknown code, a savepoint, or a session that may be the same may have flushed an object."""
    body = frame.node.body if frame.node is not None else []
    if any(isinstance(node, tree.Attr) and node.name == "begin_nested" for node in nodes_in(body)):
        return True
    return any(
        may_be_one(step.session, obj.session) and (step.kind in _UNKNOWN or step.session != obj.session)
        for step in frame.state.part(Instances).session_effects
    )


def _is_tested(frame: Frame, written: tree.Attr) -> bool:
    """Whether a condition of the function asks for a key."""
    body = frame.node.body if frame.node is not None else []
    return any(
        isinstance(inner, tree.Attr) and inner.name == written.name and path_of(inner) == path_of(written)
        for node in nodes_in(body)
        if isinstance(node, (tree.If, tree.IfExp, tree.While, tree.Assert, tree.BoolOp))
        for inner in nodes_in(node.values if isinstance(node, tree.BoolOp) else node.test)
    )


def _is_set_by_flush(ctx: Context, cls: ClassValue, name: str) -> bool:
    """Whether a column is a primary key of which a new object has no value before a flush."""
    model = models.mapped_model(ctx, cls)
    column = model.attributes.get(name) if model is not None else None
    if model is None or not isinstance(column, Column) or not column.is_key or column.references:
        return False
    if model.is_dataclass or not model.is_complete:
        return False
    if column.has_default and classes.derives_from(ctx, cls, _SQLMODEL):
        return False
    keys = [one for one in model.attributes.values() if isinstance(one, Column) and one.is_key]
    if len(keys) != 1:
        return False
    return not ctx.query(("instant defaults",), lambda: _has_instant_defaults(ctx), True)


def _has_instant_defaults(ctx: Context) -> bool:
    """Whether code of the project gives new objects their defaults at once."""
    if any(ctx.project.mentioning(word) for word in _INSTANT):
        return True
    listening = {*ctx.project.mentioning("listens_for"), *ctx.project.mentioning("listen")}
    return any(
        isinstance(node, tree.Const) and node.value == "init"
        for path in sorted(listening)
        for node in nodes_in(ctx.project.body(path))
    )


# --- where new objects go -----------------------------------------------------------------


def _has_relationship(obj: InstanceState, model: Model) -> bool:
    """Whether a relationship of an object is set, which decides about its foreign keys."""
    return any(obj.field(name) is not None for name, _ in model.relationships())


def _holder_of(frame: Frame, call: tree.Call) -> frozenset[str] | None:
    """The variables that hold a new object; none if only a session gets it, None if other code does."""
    for node in nodes_in(frame.node.body if frame.node is not None else []):
        match node:
            case tree.Assign(targets=[tree.Name(id=name)], value=value) if value is call:
                return frozenset((name,))
            case tree.Call(func=tree.Attr(name="add"), args=[value]) if value is call:
                return frozenset() if _is_added(frame, node) else None
            case tree.Call(func=tree.Attr(name="add_all"), args=[given]):
                items = given.items if isinstance(given, (tree.Display, tree.Comp)) else []
                if any(item is call for item in items):
                    return frozenset() if _is_added(frame, node) else None
            case tree.Call(func=tree.Attr(value=tree.Name(id=name), name="append"), args=[value]) if (
                value is call
            ):
                return frozenset((name,))
    return None


def _is_added(frame: Frame, node: tree.Call) -> bool:
    """Whether a call is ``add()`` or ``add_all()`` of a session."""
    if not isinstance(node.func, tree.Attr) or node.func.name not in _ADDS:
        return False
    session = _value_of(frame, node.func.value)
    return isinstance(session, Object) and is_session_type(session.type)


def _goes_only_to_session(
    frame: Frame,
    holders: Collection[str],
    model: Model | None = None,
    column: str = "",
    copying: frozenset[str] = frozenset({"refresh"}),
) -> bool:
    """Whether the objects in some variables are only read, added to a session and returned.

    Other objects to which they are linked may be flushed with them, and set their foreign keys. If the
    ``model`` of the objects is given, only its columns are assigned, and the ``column`` once. Code of a
    module cannot await, so its sessions are sync ones, which are not followed.
    """
    if frame.node is None:
        return False
    body = frame.node.body
    seen: set[int] = set()
    assigned: list[str] = []
    for node in all_nodes(body):
        match node:
            case tree.Attr(value=tree.Name() as owner):
                seen.add(id(owner))
            case tree.Call() if _is_added(frame, node):
                for given in node.args:
                    parts = given.items if isinstance(given, tree.Display) else ()
                    seen.update(map(id, (given, *parts)))
            case tree.Call(func=tree.Attr(name=name), args=[tree.Name() as given, *_]) if name in copying:
                seen.add(id(given))
            case tree.Return(value=tree.Name() as given):
                seen.add(id(given))
            case tree.Assign(targets=targets):
                seen.update(map(id, targets))
                attributes_set = [one for one in targets if isinstance(one, tree.Attr)]
                assigned += [one.name for one in attributes_set if path_of(one.value) in holders]
    if any(
        isinstance(one, tree.Name) and one.id in holders and id(one) not in seen for one in nodes_in(body)
    ):
        return False
    if model is None:
        return True
    return assigned.count(column) < 2 and all(
        isinstance(model.attributes.get(name), Column) for name in assigned
    )


def _value_of(frame: Frame, written: Expr) -> Value | None:
    """The value of a dotted name; None for other expressions."""
    first, *rest = dotted(written).split(".")
    if not first:
        return None
    value = frame.state.get(dotted(written))
    if value is not None:
        return value
    value = names.look_up_name(frame, frame.state, first)
    for name in rest:
        value = attributes.attribute_of(frame.ctx, value, name)
    return value


CALLS: Final = Watch(check_call, methods=_CONDITIONS | {"values"}, others=(ClassValue,), checked=True)
