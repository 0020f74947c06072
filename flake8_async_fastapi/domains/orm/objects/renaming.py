"""What is known of ORM objects and sessions, in the names of a callee and back in those of its caller."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from flake8_async_fastapi.domains.orm.objects.instances import (
    Held,
    Lost,
    Row,
    Rows,
    in_order,
    reachable,
    rows_of,
)
from flake8_async_fastapi.domains.orm.statements.queries import Transition
from flake8_async_fastapi.engine.renaming import Names, Outward, inward
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.values import Ref, Value


def footprint(state: State, names: Names | None, values: Sequence[Value]) -> Rows:
    """The objects that values lead to; by the names that they have inside a call, if it is one."""
    rows = rows_of(state)
    kept = reachable(rows, values)
    if names is None:
        return tuple(kept.items())
    for ref in kept:
        names.add(ref)
    found: dict[Ref, Row] = {}
    for ref, row in kept.items():
        inside = names.ref(ref)
        if inside is not None:
            found[inside] = _row_inward(names, row, kept)
    for ref, row in rows.items():  # what was reached from them already
        if ref not in kept and isinstance(ref[0], tuple):
            inside = names.ref(ref)
            if inside is not None:
                found[inside] = _row_inward(names, row, {**kept, **rows})
    return in_order(found)


def begin(state: State, rows: Rows) -> None:
    """Put objects on the first path of a callee."""
    rows_of(state).update(rows)


def _row_inward(names: Names, row: Row, kept: Mapping[Ref, Row]) -> Row:
    fields = []
    for name, status in row.fields:
        if isinstance(status, Held):
            status = Held(inward(names, status.value))
        elif isinstance(status, Lost):
            status = replace(status, path="", line=0)
        fields.append((name, status))
    parent = None
    if row.parent is not None:
        above = names.ref(row.parent[0])
        parent = (above, row.parent[1]) if above is not None else None
    rest = replace(row.rest, path="", line=0) if isinstance(row.rest, Lost) else row.rest
    return replace(
        row, fields=tuple(fields), rest=rest, path="", line=0, identity=None, guarded=False,
        session=names.key(row.session), parent=parent,
    )  # fmt: skip


def row_outward(out: Outward, row: Row, before: Row | None) -> Row:
    """An object as a call left it; what it says of places is the caller's where nothing happened."""
    fields = []
    for name, status in row.fields:
        if isinstance(status, Held):
            status = Held(out.value(status.value))
        elif isinstance(status, Lost) and not status.path and before is not None:
            old = before.field(name)
            status = old if isinstance(old, Lost) else replace(status, path=before.path, line=before.line)
        fields.append((name, status))
    rest = row.rest
    if isinstance(rest, Lost) and not rest.path and before is not None:
        rest = before.rest if isinstance(before.rest, Lost) else rest
    parent = (out.ref(row.parent[0]), row.parent[1]) if row.parent is not None else None
    row = replace(
        row, fields=tuple(fields), rest=rest, session=out.key(row.session), parent=parent,
        guarded=before is not None and before.guarded,
    )  # fmt: skip
    if before is not None:
        row = replace(row, identity=before.identity, parent=before.parent)
        if not row.path:
            row = replace(row, path=before.path, line=before.line)
    return row


def transition_outward(out: Outward, step: Transition) -> Transition:
    """What happened to a session, in the names of the caller."""
    of = out.ref(step.of) if step.of is not None else None
    return replace(step, session=out.key(step.session), of=of)
