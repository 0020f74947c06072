"""What a call does to ORM objects and sessions: a part of its summary, and how callers apply it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from flake8_async_fastapi.domains.orm.mapping import models
from flake8_async_fastapi.domains.orm.objects import aliasing, instances, reads, transitions
from flake8_async_fastapi.domains.orm.objects.instances import (
    Debts,
    Instances,
    Lost,
    LostRead,
    Row,
    Rows,
    agreed_transitions,
    in_order,
    rows_of,
)
from flake8_async_fastapi.domains.orm.objects.renaming import (
    begin,
    footprint,
    row_outward,
    transition_outward,
)
from flake8_async_fastapi.domains.orm.session import session_effects
from flake8_async_fastapi.domains.orm.statements.queries import Transition
from flake8_async_fastapi.engine.effects import Application, EffectHooks, Ends, PartHooks
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.renaming import ARGUMENT, root
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.values import Manager, Ref, Value


@dataclass(frozen=True, slots=True)
class InstanceEffect:
    """What a call does to ORM objects and sessions.

    ``rows`` are the objects that its arguments or its result lead to, as they are afterwards,
    ``happened`` what it did to sessions, ``lost`` the attributes of its arguments that it reads
    though they are not loaded, ``after`` what a context manager does to sessions when it is left.
    """

    rows: Rows = ()
    happened: tuple[Transition, ...] = ()
    lost: tuple[LostRead, ...] = ()
    after: tuple[Transition, ...] = ()


# --- the ends of a run -----------------------------------------------------------------------


def _summarise(frame: Frame, ends: Ends) -> tuple[InstanceEffect, ...]:
    paths = ends.paths
    effect = InstanceEffect(
        _rows(ends.values, paths),
        agreed_transitions([end.part(Instances).happened for end in paths]) if paths else (),
        tuple(frame.note(Debts).reads),
        _after(ends.after, paths),
    )
    return () if effect == _NOTHING else (effect,)


_NOTHING: Final = InstanceEffect()


def _rows(values: Sequence[Value], ends: list[State]) -> Rows:
    """The ORM objects that a caller gets to see: those it gave, and of each path those of its result.

    What a path lost of an object that only other paths give is nobody's loss.
    """
    given_by = [[value] for value in values] if len(values) == len(ends) else [values] * len(ends)
    found = []
    for end, results in zip(ends, given_by, strict=True):
        rows = rows_of(end)
        seen = instances.reachable(rows, results)
        found.append({ref: row for ref, row in rows.items() if ref in seen or _is_given(ref)})
    if not found:
        return ()
    given = instances.joined([_split(kept, given=True) for kept in found])
    made = instances.joined([_split(kept, given=False) for kept in found], instances.worst)
    return in_order({**given, **made})


def _is_given(ref: Ref) -> bool:
    return root(ref)[0] == ARGUMENT


def _split(rows: dict[Ref, Row], *, given: bool) -> dict[Ref, Row]:
    """The objects that the caller gave, or those that the call made."""
    return {ref: row for ref, row in rows.items() if _is_given(ref) is given}


def _after(ends: list[State], yielded: list[State]) -> tuple[Transition, ...]:
    """What a context manager does to sessions after its ``yield``."""
    if not yielded or not ends:
        return ()
    begun = min(len(state.part(Instances).happened) for state in yielded)
    return agreed_transitions([end.part(Instances).happened[begun:] for end in ends])


# --- at the call -------------------------------------------------------------------------------


def _call(call: Application, effect: InstanceEffect) -> tuple[Transition, ...]:
    """Do to the path of the caller what the call did.

    Reads of attributes that are missing are reported at the call, or left to the caller's caller.
    """
    frame, out = call.frame, call.renaming
    state, rows = frame.state, rows_of(frame.state)
    left = {out.ref(ref): row for ref, row in effect.rows}
    before = {ref: rows[ref] for ref in left if ref in rows}
    earlier = state.fork() if effect.lost else state
    for read in effect.lost:
        _read_by(call, read, left, before, earlier)
    line = call.place.line
    for step in effect.happened:
        session_effects.happen(frame, transition_outward(out, step), line)
    for ref, row in left.items():
        after = row_outward(out, row, before.get(ref))
        rows[ref] = after if ref in before else aliasing.with_others(frame.ctx, state, after)
    return effect.after


def _read_by(
    call: Application, read: LostRead, left: dict[Ref, Row], before: dict[Ref, Row], earlier: State
) -> None:
    """A callee reads what is missing of an object that the caller gave it."""
    frame, out = call.frame, call.renaming
    rows, ref = rows_of(frame.state), out.ref(read.ref)
    for other, made in left.items():
        if other not in rows:
            rows[other] = row_outward(out, made, None)
    row = before.get(ref) or rows.get(ref)
    if row is None:
        return
    model = models.mapped(frame.ctx, row.cls)
    attribute = model.attributes.get(read.name) if model is not None else None
    lost = read.lost
    if not lost.path:
        lost = replace(lost, path=row.path, line=row.line)
        if attribute is not None:
            found = transitions.status(frame.ctx, row, read.name, attribute)
            lost = found if isinstance(found, Lost) else lost
    if row.guarded and _is_given(ref):
        return  # the function asked first what it was given
    if attribute is not None and aliasing.is_at_hand(frame, ref, row, read.name, attribute, lost):
        return
    if attribute is not None and ref not in before:  # the callee does not know what else is at hand
        unread = replace(row, fields=tuple(pair for pair in row.fields if pair[0] != read.name))
        shared = aliasing.with_others(frame.ctx, earlier, unread, ref)
        alone, among = (transitions.status(frame.ctx, one, read.name, attribute) for one in (unread, shared))
        if isinstance(alone, Lost) and not isinstance(among, Lost):
            return
    chain = (call.function.name, *read.chain)
    reads.report(frame, ref, read.name, lost, call.place.position, read.use, read.through, chain)


def _leave(frame: Frame, manager: Manager, step: Transition, place: Place) -> None:
    """Do what a context manager does to sessions when it is left."""
    session_effects.happen(frame, step, place.line)


EFFECTS: Final = {InstanceEffect: EffectHooks(_summarise, _call), Transition: EffectHooks(leave=_leave)}
PARTS: Final = {Instances: PartHooks(footprint, begin, lambda part: bool(part.rows))}
