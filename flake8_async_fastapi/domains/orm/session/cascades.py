"""What ``merge()`` and ``delete()`` load on their way: other objects of the session may be among it.

Source: docs/behaviour.md#merge, docs/behaviour.md#cascades-and-deletion; SQLAlchemy
documentation, "Cascades".
"""

from __future__ import annotations

from typing import Final

from flake8_async_fastapi.domains.orm.mapping import models
from flake8_async_fastapi.domains.orm.mapping.attributes import Column
from flake8_async_fastapi.domains.orm.objects.heap import instances_of, locations_in, reachable
from flake8_async_fastapi.domains.orm.objects.instances import GENERATED, InstanceState
from flake8_async_fastapi.domains.orm.session.session_effects import apply_select
from flake8_async_fastapi.domains.orm.statements import load_plans
from flake8_async_fastapi.domains.orm.statements.queries import EMPTY_PLAN, Plan
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.values import Arguments, ClassValue, Instance

_DEEPEST: Final = 3


def load_merged(frame: Frame, subject: Instance, session: object, line: int) -> None:
    """Note that ``merge()`` loads the row of an object by its key, and those of objects that it leads to.

    An object without a key is new, so nothing is loaded for it.
    """
    objects = instances_of(frame.state)
    below = reachable(objects, [subject])
    if subject.location not in below:
        apply_select(frame, session, subject.cls, EMPTY_PLAN, line)
    for obj in below.values():
        if _has_key(frame.ctx, obj):
            identity = None if obj.identity == GENERATED else obj.identity
            apply_select(frame, session, obj.cls, EMPTY_PLAN, line, identity)
        for cls in sorted(_loaded_with(frame.ctx, obj), key=str):
            apply_select(frame, session, cls, EMPTY_PLAN, line)


def _loaded_with(ctx: Context, obj: InstanceState) -> set[ClassValue]:
    """The classes of objects that may have been loaded along with an object: they are merged, too."""
    found = set()
    if obj.default in ("plan", "perhaps"):
        found = {path.cls for path in load_plans.loaded_paths(ctx, obj.cls, obj.plan) if path.names}
    model = models.model_of_objects(ctx, obj.cls) if obj.default == "perhaps" else None
    for _, relationship in model.relationships() if model is not None else ():
        if relationship.target is not None:
            found.add(relationship.target)
    return found


def _has_key(ctx: Context, obj: InstanceState) -> bool:
    """Whether an object may have all columns of its primary key."""
    model = models.model_of_objects(ctx, obj.cls)
    if obj.phase != "transient" or obj.may_be_loaded or obj.has_unknown_arguments or model is None:
        return True
    keys = [name for name, found in model.attributes.items() if isinstance(found, Column) and found.is_key]
    return not keys or all(obj.field(name) is not None for name in keys)


def load_deleted(frame: Frame, arguments: Arguments, line: int) -> None:
    """Note that deleting objects loads their collections: at once for a cascade, else with the flush."""
    objects = instances_of(frame.state)
    for location in locations_in(arguments.args[0]) if arguments.args else ():
        if location in objects:
            obj = objects[location]
            plan = _loaded_by_delete(frame.ctx, obj.cls, (obj.cls,))
            if plan.strategies:
                apply_select(frame, obj.session, obj.cls, plan, line, obj.identity, location)


def _loaded_by_delete(ctx: Context, cls: ClassValue, above: tuple[ClassValue, ...]) -> Plan:
    """What deleting an object loads: what its rows are the target of, and what a cascade goes on to."""
    model = models.model_of_objects(ctx, cls)
    found: list[tuple[str, str, Plan]] = []
    for name, relationship in model.relationships() if model is not None and len(above) <= _DEEPEST else ():
        target = relationship.target
        if target is not None and relationship.to_one is not True and target not in above:
            below = _loaded_by_delete(ctx, target, (*above, target))
            found.append((name, "selectin", Plan(below.strategies)))
    return Plan(tuple(found), only=frozenset())
