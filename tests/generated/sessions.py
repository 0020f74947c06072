"""Scenes about what a session holds: objects that are kept, read again, merged, or loaded by helpers.

Each takes a writer of a program and adds lines to it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from .schemas import Relation

if TYPE_CHECKING:
    from .programs import Var, Writer


def hold(writer: Writer) -> None:
    """Keep an object in a container or an attribute; its own variable may end."""
    known = [var for var in writer.vars if var.stage == "persistent" and var.name.isidentifier()]
    if not known:
        return
    var = writer.rng.choice(known)
    entity = var.entity.lower()
    form = writer.rng.choice(["list", "dict", "attribute", "tuple"])
    name = writer.fresh({"list": "kept", "dict": "cache", "attribute": "holder", "tuple": "pair"}[form])
    if form == "attribute" and "Holder" not in writer.made:
        writer.made["Holder"] = "1"
        lines = ["class Holder:", "    def __init__(self, item):", "        self.item = item"]
        writer.define("helpers", "Holder", lines)
    made, read = {
        "list": (f"[{var.name}]", f"{name}[0]"),
        "dict": (f'{{"{entity}": {var.name}}}', f"{name}['{entity}']"),
        "attribute": (f"Holder({var.name})", f"{name}.item"),
        "tuple": (f"({var.name}, None)", f"{name}[0]"),
    }[form]
    writer.block.add(f"{name} = {made}")
    held = writer.remember(read, var.entity, var.supplied, many=var.many)
    held.known, held.ident = var.known, var.ident
    if writer.chance(0.5) and not var.name.startswith("new_"):
        writer.block.add(f"del {var.name}" if writer.chance(0.5) else f"{var.name} = None")
        writer.vars.remove(var)


def read_again(writer: Writer) -> None:
    """Query what is at hand once more, with other options; the first variable may be given the new object."""
    known = [var for var in writer.singles("persistent") if var.ident is not None]
    if not known:
        return
    var = writer.rng.choice(known)
    assert var.ident is not None
    rebinds = var.name.isidentifier() and writer.chance(0.4)
    name = var.name if rebinds else writer.fresh(f"same_{var.entity.lower()}")
    if writer.chance(0.5):
        again = writer.get(var.entity, name, var.ident)
    else:
        statement = writer.statement(var.entity, f"{var.entity}.id == {var.ident}", one=True)
        unique = ".unique()" if statement.unique else ""
        call = f"(await {writer.session}.scalars({statement.text})){unique}.one()"
        writer.block.add(f"{name} = {call}")
        again = writer.remember(name, var.entity, statement.supplied)
    again.ident = var.ident
    again.supplied |= var.supplied
    if rebinds:
        writer.vars.remove(var)
    else:
        var.supplied |= again.supplied


def hold_target(writer: Writer) -> None:
    """Load what a many-to-one leads to, by its key or all of them, and read the many-to-one."""
    choices: list[tuple[Var, Relation]] = [
        (var, relation)
        for var in writer.vars
        if var.stage == "persistent"
        for relation in writer.schema[var.entity].relations
        if relation.to_one and relation.key and not relation.nullable and relation.loadable
    ]
    if not choices:
        return
    var, relation = writer.rng.choice(choices)
    if writer.chance(0.6):
        name = writer.fresh(f"all_{relation.target.lower()}s")
        unique = ".unique()" if writer.joins(relation.target) else ""
        call = f"await {writer.session}.scalars(select({relation.target}))"
        writer.block.add(f"{name} = ({call}){unique}.all()")
        writer.remember(name, relation.target, writer.mapped(relation.target), many=True)
    else:
        name = writer.fresh(f"one_{relation.target.lower()}")
        owner = "" if var.many else f"{var.name}.{relation.key}"
        key = owner if owner and writer.chance(0.6) else str(writer.rng.choice([1, 2]))
        writer.block.add(f"{name} = await {writer.session}.get({relation.target}, {key})")
        writer.remember(name, relation.target, writer.mapped(relation.target))
    var.supplied.add((relation.name,))
    writer.read(var)


def merge_known(writer: Writer) -> None:
    """Merge an object that the session may hold already."""
    known = writer.singles("persistent", "detached")
    if known and not writer.closed:
        var = writer.rng.choice(known)
        name = writer.fresh("merged")
        writer.block.add(f"{name} = await {writer.session}.merge({var.name})")
        merged = writer.remember(name, var.entity, set(var.supplied))
        merged.ident = var.ident


def begin_between(writer: Writer) -> None:
    """End the transaction, and begin one as a block."""
    if writer.in_begin or not writer.in_main:
        return
    writer.commit_now()
    with writer.block.under(f"async with {writer.session}.begin():"):
        writer.in_begin = True
        for _ in range(writer.rng.choice([1, 2])):
            if writer.chance(0.4):
                writer.query()
            else:
                writer.rng.choice([writer.flush_write, writer.refresh_any, writer.query_for_nothing])()
        writer.in_begin = False


def load_in_helper(writer: Writer) -> None:
    """A function that takes the session and gives what it queried, or queries for nothing."""
    with writer.other_block() as block:
        var = writer.query(many=writer.chance(0.5))
        gives = writer.chance(0.75)
        block.add(f"return {var.name}" if gives else f"use_nothing = len(str({var.name}))")
    stem = f"load_{var.entity.lower()}" if gives else f"warm_{var.entity.lower()}"
    name = writer.fresh(stem)
    writer.define("repositories", name, [f"async def {name}(db):", *("    " + one for one in block.lines)])
    if not gives:
        writer.block.add(f"await {name}({writer.session})")
        return
    target = writer.fresh(var.entity.lower() + ("s" if var.many else ""))
    writer.block.add(f"{target} = await {name}({writer.session})")
    writer.remember(target, var.entity, var.supplied, many=var.many).ident = var.ident


def touch_in_helper(writer: Writer) -> None:
    """A function that takes the session and an object, and changes what is loaded of it."""
    known = writer.singles("persistent")
    if not known:
        return
    var = writer.rng.choice(known)
    parameter = var.entity.lower()
    column = writer.writable(var)
    forms: list[Callable[[], list[str]]] = [
        lambda: [f"await db.refresh({parameter})"],
        lambda: [f"db.expire({parameter})", f"await db.refresh({parameter})"],
        lambda: [f"{parameter}.{column} = 'touched'", "await db.flush()"],
    ]
    if not writer.in_begin:
        forms.append(lambda: [f"{parameter}.{column} = 'touched'", "await db.commit()"])
        forms.append(
            lambda: [f"{parameter}.{column} = 'kept'", "await db.commit()", f"await db.refresh({parameter})"]
        )
    usable = [one for one in writer.schema[var.entity].relations if one.loadable and one.lazy != "noload"]
    if usable:
        relation = writer.rng.choice(usable)
        forms.append(lambda: [f'await db.refresh({parameter}, ["{relation.name}"])'])
    lines = writer.rng.choice(forms)()
    if any("None =" in line or ".None" in line for line in lines):
        return
    if "attribute_names" not in lines[0] and usable and "refresh" in lines[-1] and "[" in lines[-1]:
        var.supplied.add((relation.name,))
    name = writer.fresh(f"touch_{parameter}")
    if writer.chance(0.4):
        lines = [*lines, f"return {parameter}"]
    annotation = f": {var.entity}" if writer.chance(0.5) else ""
    head = f"async def {name}(db, {parameter}{annotation}):"
    writer.define("repositories", name, [head, *("    " + one for one in lines)])
    writer.settle()
    writer.block.add(f"await {name}({writer.session}, {var.name})")


def make_in_helper(writer: Writer) -> None:
    """A function that makes an object, as a fixture does."""
    if writer.in_begin:
        return
    with writer.other_block() as block:
        var = writer.construct()
        if var.stage == "transient":
            block.add(f"db.add({var.name})")
        if var.stage != "persistent":
            block.add(f"await db.{'commit' if writer.chance(0.7) else 'flush'}()")
        block.add(f"return {var.name}")
    name = writer.fresh(f"make_{var.entity.lower()}")
    writer.define("repositories", name, [f"async def {name}(db):", *("    " + one for one in block.lines)])
    target = writer.fresh(f"made_{var.entity.lower()}")
    writer.settle()
    writer.block.add(f"{target} = await {name}({writer.session})")
    made = writer.remember(target, var.entity, var.supplied)
    made.known = var.known


SCENES: Sequence[Callable[[Writer], None]] = (
    hold, hold, read_again, read_again, hold_target, hold_target, merge_known, begin_between,
    load_in_helper, touch_in_helper, make_in_helper,
)  # fmt: skip
