"""Load plans: the attributes that the loader options of a query load, as a tree.

Source: docs/behaviour.md#lazy-strategies, docs/behaviour.md#loader-options; SQLAlchemy documentation,
"Relationship Loading Techniques".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from flake8_async_fastapi.domains.orm.mapping import models
from flake8_async_fastapi.domains.orm.mapping.attributes import Column, Relationship
from flake8_async_fastapi.domains.orm.statements.queries import Directive, Entity, Plan, Query, Step
from flake8_async_fastapi.engine.frame import Context
from flake8_async_fastapi.engine.machine import classes
from flake8_async_fastapi.engine.values import ClassValue

EAGER: Final = frozenset({"joined", "selectin", "subquery", "immediate", "contains"})
"""Strategies that load the relationship along with its parent."""
_DEEPEST: Final = 6
IN_ONE_QUERY: Final = frozenset({"joined", "contains"})
IN_OWN_QUERY: Final = EAGER - IN_ONE_QUERY


class LoadedPath(Struct, frozen=True):
    """An object that a plan loads: its class and plan, and the attributes, classes and strategies above."""

    cls: ClassValue
    plan: Plan
    names: tuple[str, ...] = ()
    classes_above: tuple[ClassValue, ...] = ()
    strategies_above: tuple[str, ...] = ()
    is_collection: bool = False


def load_plan(directives: Iterable[Directive], *, certain: bool = True) -> Plan:
    """The tree of options that start at the same entity."""
    plan = Plan(certain=certain)
    for directive in directives:
        plan = _add_directive(plan, directive, directive.path)
    return plan


def query_plan(ctx: Context, query: Query, entity: Entity) -> Plan:
    """The plan that the options of a query set for one of its entities."""
    fitting = [
        directive for directive in query.options if applies_to(ctx, directive, entity.cls, entity.alias)
    ]
    if not query.is_joined and query.items is not None and len(query.items) == 1:
        fitting = [without_contained(directive) for directive in fitting]
    return load_plan(fitting, certain=query.certain)


def without_contained(directive: Directive) -> Directive:
    """An option of a statement without joins: ``contains_eager`` finds nothing there."""
    path = tuple(
        replace(step, strategy="default") if step.strategy == "contains" else step for step in directive.path
    )
    return replace(directive, path=path)


def of_refresh(plan: Plan) -> Plan:
    """What a refresh repeats of a plan: not ``contains_eager``, whose columns the query selected itself."""
    if all(how != "contains" for _, how, _ in plan.strategies):
        return plan
    return replace(
        plan,
        strategies=tuple(
            (name, "default" if how == "contains" else how, inner) for name, how, inner in plan.strategies
        ),
    )


def of_merge(plan: Plan) -> Plan:
    """What ``merge()`` loads of an object with this plan: all columns, and the relationships that it has."""
    inner = tuple((name, how, of_merge(below)) for name, how, below in plan.strategies)
    return replace(plan, strategies=inner, only=None, deferred=frozenset())


def _add_directive(plan: Plan, directive: Directive, path: tuple[Step, ...]) -> Plan:
    if path:
        first, *rest = path
        name = first.attribute.name
        strategy, inner = plan.step(name) or ("default", Plan(certain=plan.certain))
        strategy = first.strategy if first.strategy != "default" else strategy
        inner = _add_directive(inner, directive, tuple(rest))
        others = tuple(known for known in plan.strategies if known[0] != name)
        return replace(plan, strategies=(*others, (name, strategy, inner)))
    if directive.wildcard == "?":
        return replace(plan, certain=False)
    if directive.wildcard:
        is_default_of_query = not directive.path and directive.base is None
        goes_on = is_default_of_query and directive.wildcard != "immediate"
        below = directive.wildcard if goes_on else plan.below
        return replace(plan, wildcard=directive.wildcard, below=below)
    if directive.columns == "only":
        return replace(plan, only=(plan.only or frozenset()) | frozenset(directive.names or ()))
    if directive.columns == "defer":
        if directive.names is None:
            return replace(plan, only=plan.only or frozenset())
        return replace(plan, deferred=plan.deferred | frozenset(directive.names))
    if directive.columns == "undefer":
        if directive.names is None or plan.undeferred is None:
            return replace(plan, undeferred=None)
        return replace(plan, undeferred=plan.undeferred | frozenset(directive.names),
                       deferred=plan.deferred - frozenset(directive.names))  # fmt: skip
    return plan


def strategy(plan: Plan, name: str, relationship: Relationship) -> tuple[str, Plan]:
    """How a plan loads a relationship, and the plan of its target; an empty strategy means unknown."""
    explicit = plan.step(name)
    if explicit is not None:
        how, inner = explicit
        if plan.below and not inner.below:
            inner = replace(inner, wildcard=inner.wildcard or plan.below, below=plan.below)
        return (how if how != "default" else plan.wildcard or relationship.lazy), inner
    inner = Plan(wildcard=plan.below, below=plan.below, certain=plan.certain)
    return plan.wildcard or relationship.lazy, inner


def is_loaded(plan: Plan, name: str, column: Column) -> bool:
    """Whether a plan loads a column."""
    if column.is_key or plan.undeferred is None or name in plan.undeferred:
        return True
    if column.group and any(
        one == group_of_columns(column.group) or (column.group == "?" and one.startswith("("))
        for one in plan.undeferred
    ):
        return True
    if plan.only is not None:
        return name in plan.only
    return name not in plan.deferred and not column.deferred


def group_of_columns(name: str) -> str:
    """What stands for a group of deferred columns among the names of columns."""
    return f"({name})"


def path_of_joined_collection(
    ctx: Context, cls: ClassValue, plan: Plan, seen: tuple[ClassValue, ...] = ()
) -> tuple[str, ...] | None:
    """The path to a collection that is loaded by a join, so that its parent is repeated for each item.

    None if there is none.
    """
    model = models.mapped_model(ctx, cls)
    if model is None or cls in seen:
        return None  # eager loading stops at a circle
    for name, relationship in model.relationships():
        how, inner = strategy(plan, name, relationship)
        if how not in IN_ONE_QUERY or (not plan.certain and plan.step(name) is None):
            continue
        if relationship.is_collection:
            return (f"{cls.name}.{name}",)
        if relationship.target is not None and relationship.is_collection is not None:
            below = path_of_joined_collection(ctx, relationship.target, inner, (*seen, cls))
            if below is not None:
                return (f"{cls.name}.{name}", *below)
    return None


def loaded_paths(ctx: Context, cls: ClassValue, plan: Plan) -> tuple[LoadedPath, ...]:
    """All objects that a plan loads."""
    begin = LoadedPath(cls, plan)
    return ctx.query(("loaded paths", cls, plan), lambda: tuple(_paths_below(ctx, begin)), (begin,))


def _paths_below(ctx: Context, loaded_path: LoadedPath) -> Iterator[LoadedPath]:
    yield loaded_path
    model = models.mapped_model(ctx, loaded_path.cls)
    if model is None or len(loaded_path.names) > _DEEPEST:
        return
    for name, relationship in model.relationships():
        how, inner = strategy(loaded_path.plan, name, relationship)
        if how not in EAGER or relationship.target is None:
            continue
        further = LoadedPath(
            relationship.target,
            inner,
            (*loaded_path.names, name),
            (*loaded_path.classes_above, loaded_path.cls),
            (*loaded_path.strategies_above, how),
            bool(relationship.is_collection),
        )
        if loaded_path.plan.step(name) is not None or relationship.target not in further.classes_above:
            yield from _paths_below(ctx, further)
        elif loads_circle(how, loaded_path.strategies_above):
            yield further


def loads_circle(how: str, before: tuple[str, ...]) -> bool:
    """Whether a strategy of the mapper loads a relationship that leads back to a class on the way.

    ``selectin`` and ``subquery`` stop, ``immediate`` continues, and ``joined`` stops in the same query
    (tests/generated/test_circles.py).
    """
    return how == "immediate" or (how == "joined" and bool(before) and before[-1] not in IN_ONE_QUERY)


def may_lead_to(ctx: Context, cls: ClassValue, target: ClassValue) -> bool:
    """Whether options can load objects of a class along with one of another: one or two steps further."""

    def find() -> bool:
        near = list(_targets(ctx, cls))
        further = [other for one in near if one is not None for other in _targets(ctx, one)]
        return any(one is None or may_be_both(ctx, one, target) for one in (*near, *further))

    return ctx.query(("may lead to", cls, target), find, True)


def _targets(ctx: Context, cls: ClassValue) -> Iterator[ClassValue | None]:
    model = models.model_of_objects(ctx, cls)
    for _, relationship in model.relationships() if model is not None else ():
        yield relationship.target


def applies_to(ctx: Context, option: Directive, cls: ClassValue, alias: object) -> bool:
    """Whether an option starts at an entity: at its class, a base or a subclass."""
    if not option.path:
        return option.base is None or may_be_both(ctx, option.base, cls)
    first = option.path[0].attribute
    return first.alias == alias and may_be_both(ctx, first.cls, cls)


def may_be_both(ctx: Context, one: ClassValue, other: ClassValue) -> bool:
    """Whether an object can be an instance of both classes."""
    if one is other:
        return True
    return ctx.query(
        ("may be both", one, other),
        lambda: one == other or one in classes.mro(ctx, other) or other in classes.mro(ctx, one),
        True,
    )
