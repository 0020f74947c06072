"""Further scenes: what larger programs do with statements, sessions and objects.

Only programs with a seed of at least `FIRST` have them, so that those with smaller seeds stay the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

from .schemas import Derived, Relation, Schema

if TYPE_CHECKING:
    from .programs import Var, Writer

FIRST = 1_000_000
"""The first seed of programs with further scenes."""


# --- models ------------------------------------------------------------------------------


def extend(rng: Random, schema: Schema) -> None:
    """Give the models of a schema what other schemas do not have; called before they are written."""
    for entity in schema.entities.values():
        if entity.base or schema.style not in {"mapped", "column"}:
            continue
        if rng.random() < 0.3:
            entity.body += ["@hybrid_property", "def caption(self):", f"    return self.{entity.label}", ""]
            entity.derived.append(Derived(".caption", ()))
        for relation in entity.relations:
            if relation.many and not relation.secondary and relation.declared and relation.loadable:
                if rng.random() < 0.25 and not any("viewonly" in one for one in relation.arguments):
                    relation.arguments.append('cascade="all, delete-orphan"')
                elif rng.random() < 0.1:
                    relation.arguments.append("passive_deletes=True")
                if rng.random() < 0.15:
                    relation.arguments.append(f'order_by="{relation.target}.id"')


# --- scenes ------------------------------------------------------------------------------


def _entity(writer: Writer) -> str:
    return writer.rng.choice([one.name for one in writer.schema.entities.values() if not one.base])


def _loadable(writer: Writer, entity: str) -> list[Relation]:
    relations = writer.schema[entity].relations
    return [one for one in relations if one.loadable and one.lazy not in {"noload", "raise"}]


def returned(writer: Writer) -> None:
    """An object that an INSERT or UPDATE returns."""
    entity = _entity(writer)
    model = writer.schema[entity]
    name = writer.fresh(f"returned_{entity.lower()}")
    if writer.chance(0.5):
        keys = [f"{one.name}=1" for one in model.columns if one.key and not one.nullable]
        statement = f"insert({entity}).values({', '.join([f'{model.label}={chr(34)}in{chr(34)}', *keys])})"
    else:
        statement = f'update({entity}).where({entity}.id == 2).values({model.label}="up")'
    call = f"await {writer.session}.scalars({statement}.returning({entity}))"
    writer.block.add(f"{name} = ({call}).{writer.rng.choice(['one', 'first'])}()")
    writer.settle()
    writer.remember(name, entity, writer.mapped(entity))


def counted(writer: Writer) -> None:
    """A number of rows, which flushes first."""
    entity = _entity(writer)
    name = writer.fresh("count")
    writer.block.add(f"{name} = await {writer.session}.scalar(select(func.count()).select_from({entity}))")
    writer.settle()


def labelled(writer: Writer) -> None:
    """Rows of an object and one of its columns, or mappings of objects."""
    entity = _entity(writer)
    label = writer.schema[entity].label
    statement = writer.statement(entity, f"{entity}.id == 1", one=True)
    name = writer.fresh(entity.lower())
    if statement.unique or "select(" not in statement.text:
        return
    if writer.chance(0.5):
        call = f"await {writer.session}.execute({statement.text})"
        writer.block.add(f'{name} = ({call}).mappings().{writer.rng.choice(["one", "first"])}()["{entity}"]')
    else:
        text = statement.text.replace(f"select({entity})", f"select({entity}.{label}, {entity})", 1)
        if text == statement.text:
            return
        writer.block.add(f"title, {name} = (await {writer.session}.execute({text})).first()")
    var = writer.remember(name, entity, statement.supplied)
    var.ident = 1


def in_parts(writer: Writer) -> None:
    """A result that is read in parts."""
    entity = _entity(writer)
    statement = writer.statement(entity)
    if statement.unique or any("subqueryload" in one for one in [statement.text]):
        return
    name = writer.fresh(entity.lower() + "s")
    writer.block.add(f"{name} = []")
    stream = writer.fresh("stream")
    writer.block.add(f"{stream} = await {writer.session}.stream_scalars({statement.text})")
    with writer.block.under(f"async for part in {stream}.partitions(2):"):
        writer.block.add(f"{name}.extend(part)")
    writer.remember(name, entity, statement.supplied, many=True)


def listed(writer: Writer) -> None:
    """Objects that are fetched one by one into a list."""
    entity = _entity(writer)
    name = writer.fresh(entity.lower() + "s")
    many = _loadable(writer, entity)
    options, supplied = "", set(writer.mapped(entity))
    if many and writer.chance(0.5):
        relation = writer.rng.choice(many)
        options = f", options=[selectinload({entity}.{relation.name})]"
        supplied.add((relation.name,))
    call = f"await {writer.session}.get_one({entity}, ident{options})"
    writer.block.add(f"{name} = [{call} for ident in (1, 2)]")
    writer.remember(name, entity, supplied, many=True)


def each_refreshed(writer: Writer) -> None:
    """A loop that refreshes each object of a list."""
    lists = [var for var in writer.vars if var.many and var.stage == "persistent" and var.name.isidentifier()]
    if not lists:
        return
    var = writer.rng.choice(lists)
    usable = _loadable(writer, var.entity)
    item = writer.fresh("item")
    with writer.block.under(f"for {item} in {var.name}:"):
        if usable and writer.chance(0.7):
            relation = writer.rng.choice(usable)
            writer.block.add(f'await {writer.session}.refresh({item}, ["{relation.name}"])')
            var.supplied.add((relation.name,))
        else:
            writer.block.add(f"await {writer.session}.refresh({item})")


def chosen_options(writer: Writer) -> None:
    """A list of options to which a flag adds."""
    entity = _entity(writer)
    usable = _loadable(writer, entity)
    flag = writer.flag()
    if not usable or flag is None:
        return
    relation = writer.rng.choice(usable)
    options = writer.fresh("chosen")
    name = writer.fresh(entity.lower() + "s")
    other = writer.rng.choice(usable)
    first = f"[selectinload({entity}.{other.name})]" if writer.chance(0.4) else "[]"
    writer.block.add(f"{options} = {first}")
    with writer.block.under(f"if {flag}:"):
        writer.block.add(f"{options}.append(selectinload({entity}.{relation.name}))")
    unique = ".unique()" if writer.joins(entity) else ""
    call = f"await {writer.session}.scalars(select({entity}).options(*{options}))"
    writer.block.add(f"{name} = ({call}){unique}.all()")
    supplied = set(writer.mapped(entity))
    if first != "[]":
        supplied.add((other.name,))
    if writer.chance(0.5):
        supplied.add((relation.name,))
    var = writer.remember(name, entity, supplied, many=True)
    if writer.chance(0.5):
        with writer.block.under(f"if {flag}:"):
            writer.read(var)


def conditions(writer: Writer) -> None:
    """A query whose conditions go along relationships, which they do not load."""
    entity = _entity(writer)
    usable = writer.schema[entity].relations
    if not usable:
        return
    relation = writer.rng.choice(usable)
    test = "any" if relation.many else "has"
    label = writer.schema[relation.target].label
    inner = writer.rng.choice(["", f"{relation.target}.{label} != 'none'"])
    name = writer.fresh(entity.lower() + "s")
    unique = ".unique()" if writer.joins(entity) else ""
    text = f"select({entity}).where({entity}.{relation.name}.{test}({inner}))"
    writer.block.add(f"{name} = (await {writer.session}.scalars({text})){unique}.all()")
    writer.remember(name, entity, writer.mapped(entity), many=True)


def criteria(writer: Writer) -> None:
    """Loader options with criteria, and `defaultload`, which loads nothing itself."""
    entity = _entity(writer)
    usable = _loadable(writer, entity)
    if not usable:
        return
    relation = writer.rng.choice(usable)
    supplied = set(writer.mapped(entity))
    if writer.chance(0.6):
        option = f"selectinload({entity}.{relation.name}.and_({relation.target}.id > 0))"
        supplied.add((relation.name,))
    else:
        inner = _loadable(writer, relation.target)
        if not inner:
            return
        below = writer.rng.choice(inner)
        option = f"defaultload({entity}.{relation.name}).selectinload({relation.target}.{below.name})"
        if relation.lazy != "select":
            supplied.add((relation.name, below.name))
    name = writer.fresh(entity.lower())
    unique = ".unique()" if writer.joins(entity) else ""
    text = f"select({entity}).where({entity}.id == 2).options({option})"
    writer.block.add(f"{name} = (await {writer.session}.scalars({text})){unique}.one()")
    var = writer.remember(name, entity, supplied)
    var.ident = 2


def of_alias(writer: Writer) -> None:
    """A relationship that is filled from the join with an alias."""
    choices = [
        (one.name, relation)
        for one in writer.schema.entities.values()
        for relation in one.relations
        if relation.to_one and relation.loadable and relation.lazy != "noload" and relation.target != one.name
    ]
    if not choices or writer.schema.style == "sqlmodel":
        return
    entity, relation = writer.rng.choice(choices)
    if writer.joins(entity) or writer.joins(relation.target):
        return
    alias = writer.fresh(f"joined_{relation.target.lower()}")
    writer.block.add(f"{alias} = aliased({relation.target})")
    path = f"{entity}.{relation.name}.of_type({alias})"
    name = writer.fresh(entity.lower() + "s")
    text = f"select({entity}).outerjoin({path}).options(contains_eager({path}))"
    writer.block.add(f"{name} = (await {writer.session}.scalars({text})).all()")
    supplied = writer.mapped(entity) | {(relation.name,)}
    writer.remember(name, entity, supplied, many=True)


def without_flush(writer: Writer) -> None:
    """A query in a block without automatic flushes."""
    with writer.block.under(f"with {writer.session}.no_autoflush:"):
        writer.query_for_nothing() if writer.chance(0.5) else writer.query()


def savepoint(writer: Writer) -> None:
    """A savepoint with queries and new objects, which may be rolled back."""
    if any(var.stage == "pending" for var in writer.vars):
        return
    before = len(writer.vars)
    fails = writer.chance(0.4)

    def inside() -> None:
        with writer.block.under(f"async with {writer.session}.begin_nested():"):
            within, writer.in_begin = writer.in_begin, True
            for _ in range(writer.rng.choice([1, 2])):
                writer.rng.choice([writer.query, writer.flush_write, writer.construct])()
            writer.in_begin = within
            if fails:
                writer.block.add('raise ValueError("no")')

    if not fails:
        inside()
        writer.settle()
        return
    with writer.block.under("try:"):
        inside()
    with writer.block.under("except ValueError:"):
        writer.block.add("pass")
    for var in writer.vars[before:]:
        if var.name.startswith("new_"):
            var.stage = "unsure"


def other_session(writer: Writer) -> None:
    """A second session in a block, with an object that may be the same row."""
    if not writer.in_main:
        return
    known = [var for var in writer.singles("persistent") if var.ident is not None]
    entity = known[0].entity if known and writer.chance(0.6) else _entity(writer)
    ident = known[0].ident if known and entity == known[0].entity else 1
    name = writer.fresh(f"other_{entity.lower()}")
    held: Var | None = None
    with writer.block.under("async with SessionLocal() as other:"):
        options, supplied = "", set(writer.mapped(entity))
        usable = _loadable(writer, entity)
        if usable and writer.chance(0.5):
            relation = writer.rng.choice(usable)
            options = f", options=[selectinload({entity}.{relation.name})]"
            supplied.add((relation.name,))
        writer.block.add(f"{name} = await other.get_one({entity}, {ident}{options})")
        held = writer.remember(name, entity, supplied)
        held.ident = ident
        writer.read(held)
        mine = [var for var in writer.vars if var.stage == "persistent" and var is not held]
        if mine and writer.chance(0.5):
            writer.read(writer.rng.choice(mine))
        if writer.chance(0.3):
            writer.block.add("await other.rollback()")
            if mine:
                writer.read(writer.rng.choice(mine))
    held.stage = "detached"


def attached_again(writer: Writer) -> None:
    """An object that leaves the session and comes back, with what it had."""
    known = [var for var in writer.singles("persistent") if not var.name.startswith("new_")]
    same = [var for var in writer.vars if known and var.entity == known[0].entity]
    if not known or len(same) > 1 or any(var.stage == "pending" for var in writer.vars):
        return
    var = known[0]
    writer.block.add(f"{writer.session}.expunge({var.name})")
    if writer.chance(0.4):
        writer.read(replace(var, stage="detached"))
    writer.block.add(f"{writer.session}.add({var.name})")


def committed_value(writer: Writer) -> None:
    """A relationship that is set as if it had been loaded."""
    var = writer._some("persistent")
    usable = [one for one in writer.schema[var.entity].relations if one.loadable] if var else []
    if var is None or not usable:
        return
    relation = writer.rng.choice(usable)
    value = "[]" if relation.many else "None"
    writer.block.add(f'set_committed_value({var.name}, "{relation.name}", {value})')
    if relation.many:
        var.supplied.add((relation.name,))


def removed(writer: Writer) -> None:
    """An object that is taken out of a collection, or deleted with all that belongs to it."""
    owners = [var for var in writer.singles("persistent") if var.supplied]
    choices = [
        (var, relation)
        for var in owners
        for relation in writer.schema[var.entity].relations
        if relation.many and relation.loadable and (relation.name,) in var.supplied
        and "viewonly=True" not in relation.arguments
        and relation.target != "Post"
    ]  # fmt: skip
    if not choices:
        return
    var, relation = writer.rng.choice(choices)
    with writer.block.under(f"for child in list({var.name}.{relation.name}):"):
        writer.block.add(f"{var.name}.{relation.name}.remove(child)")
    writer.block.add(f"await {writer.session}.flush()")
    writer.settle()
    for other in writer.vars:
        if other.entity == relation.target:
            other.stage = "unsure"


def deleted_rows(writer: Writer) -> None:
    """A DELETE statement."""
    leaves = [name for name in ("Comment", "Profile") if name in writer.schema.entities]
    if not leaves:
        return
    entity = writer.rng.choice(leaves)
    writer.block.add(f"await {writer.session}.execute(delete({entity}).where({entity}.id == 3))")
    writer.settle()
    for var in writer.vars:
        if var.entity == entity:
            var.stage = "unsure"


def early_end(writer: Writer) -> None:
    """A function that returns early, or gives None."""
    with writer.other_block() as block:
        var = writer.query(many=False)
        block.add("if found is None:", "    return None") if writer.chance(0.3) else None
        lines = [line.replace("found is None", f"{var.name} is None") for line in block.lines]
    relation = next(iter(_loadable(writer, var.entity)), None)
    if relation is not None and writer.chance(0.5):
        lines.append(f'await db.refresh({var.name}, ["{relation.name}"])')
        var.supplied.add((relation.name,))
    name = writer.fresh(f"find_{var.entity.lower()}")
    head = f"async def {name}(db, wanted=True):"
    body = ["if not wanted:", "    return None", *lines, f"return {var.name}"]
    writer.define("repositories", name, [head, *("    " + one for one in body)])
    target = writer.fresh(f"found_{var.entity.lower()}")
    writer.block.add(f"{target} = await {name}({writer.session})")
    if writer.chance(0.5):
        with writer.block.under(f"if {target} is None:"):
            writer.block.add('raise LookupError("missing")')
    writer.remember(target, var.entity, var.supplied).ident = var.ident


SCENES: Sequence[Callable[[Writer], None]] = (
    returned, counted, labelled, in_parts, listed, each_refreshed, chosen_options, conditions, criteria,
    of_alias, without_flush, savepoint, savepoint, other_session, attached_again, committed_value, removed,
    deleted_rows, early_end,
)  # fmt: skip
