"""Objects and sessions on their way into a function and back.

A summary of a function must not depend on who calls it.  So the ORM objects and
sessions among its arguments get names by their order, the places where they were
made are left out, and what the function did to them is carried back to the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from flake8_async_fastapi.domains.orm.instances import ARGUMENT, Held, Lost, Row, reachable, root
from flake8_async_fastapi.domains.sqlalchemy import sessions
from flake8_async_fastapi.domains.sqlalchemy.queries import Transition
from flake8_async_fastapi.engine.context import Context
from flake8_async_fastapi.engine.values import (
    Arguments,
    Function,
    Instance,
    Object,
    Ref,
    Value,
    inner_values,
    mapped_arguments,
    mapped_values,
)

_SESSION: Final = "<session>"


@dataclass(frozen=True)
class Names:
    """The names that objects and sessions have inside a call, and those they have outside."""

    refs: dict[Ref, Ref] = field(default_factory=dict)
    sessions: dict[object, Object] = field(default_factory=dict)
    outside: dict[Ref, Ref] = field(default_factory=dict)
    originals: dict[object, Object] = field(default_factory=dict)


def carries(value: Value) -> bool:
    """Whether a value says more than its type can: an ORM object, a session, a statement, …"""
    return any(
        inner.ref is not None
        if isinstance(inner, Instance)
        else isinstance(inner, Object) and (inner.detail is not None or sessions.is_session(inner))
        for inner in inner_values(value)
    )


def naming(ctx: Context, rows: Mapping[Ref, Row], values: Iterable[Value]) -> Names:
    """Name all objects and sessions that values lead to."""
    names = Names()
    listed = list(values)
    for value in listed:
        for inner in inner_values(value):
            if isinstance(inner, Object) and sessions.is_session(inner):
                _name_session(ctx, names, inner)
    for ref in reachable(rows, listed):
        if ref not in names.refs and not (isinstance(ref[0], tuple) and ref[0] in names.refs):
            inside: Ref = (ARGUMENT, len(names.refs))
            names.refs[ref] = inside
            names.outside[inside] = ref
    return names


def _name_session(ctx: Context, names: Names, session: Object) -> None:
    key = sessions.key(session)
    if key not in names.sessions:
        origin = (_SESSION, len(names.sessions), 0)
        named = Object(session.type, origin=origin, detail=sessions.settings(ctx, session))
        names.sessions[key] = named
        names.originals[origin] = session


def inward(names: Names, value: Value) -> Value:
    """A value as it is known inside the call."""
    return mapped_values(value, lambda inner: _inward(names, inner))


def _inward(names: Names, value: Value) -> Value:
    if isinstance(value, Instance) and value.ref is not None:
        ref = _ref(names.refs, value.ref)
        return replace(value, ref=ref)
    if isinstance(value, Object):
        if sessions.is_session(value):
            return names.sessions.get(sessions.key(value), value)
        return _with_session(value, lambda key: _key(names.sessions, key))
    return value


def _with_session(value: Object, change: Callable[[object], object]) -> Object:
    """A result or transaction, which belongs to a session too."""
    detail = value.detail
    if detail is not None and hasattr(detail, "session"):
        return replace(value, detail=replace(detail, session=change(detail.session)))  # type: ignore[type-var]
    return value


def _key(known: Mapping[object, Object], key: object) -> object:
    named = known.get(key)
    return named.origin if named is not None else key


def _ref(known: Mapping[Ref, Ref], ref: Ref) -> Ref | None:
    """The other name of an object; of one that is reached from another, by that one's."""
    if ref in known:
        return known[ref]
    if isinstance(ref[0], tuple):
        above = _ref(known, ref[0])
        return (above, *ref[1:]) if above is not None else None
    return None


def rows_inward(names: Names, rows: Mapping[Ref, Row], values: Iterable[Value]) -> dict[Ref, Row]:
    """The objects that values lead to, as they are known inside the call."""
    found: dict[Ref, Row] = {}
    kept = reachable(rows, values)
    for ref, row in kept.items():
        inside = _ref(names.refs, ref)
        if inside is not None:
            found[inside] = _row_inward(names, row, kept)
    for ref, row in rows.items():  # what was reached from them already
        if ref not in kept and isinstance(ref[0], tuple):
            inside = _ref(names.refs, ref)
            if inside is not None:
                found[inside] = _row_inward(names, row, {**kept, **rows})
    return found


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
        above = _ref(names.refs, row.parent[0])
        parent = (above, row.parent[1]) if above is not None else None
    rest = replace(row.rest, path="", line=0) if isinstance(row.rest, Lost) else row.rest
    return replace(
        row, fields=tuple(fields), rest=rest, path="", line=0, identity=None, guarded=False,
        session=_key(names.sessions, row.session), parent=parent,
    )  # fmt: skip


# --- and back --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Outward:
    """What a call left behind, in the names of the caller."""

    names: Names
    origin: tuple[str, int, int]
    new: dict[Ref, Ref] = field(default_factory=dict)

    def ref(self, ref: Ref) -> Ref:
        """The caller's name of an object; one that the call made is named by the place of the call."""
        known = _ref(self.names.outside, ref)
        if known is not None:
            return known
        if isinstance(ref[0], tuple):
            return (self.ref(ref[0]), *ref[1:])
        if ref not in self.new:
            self.new[ref] = ("made", *self.origin, len(self.new))
        return self.new[ref]

    def value(self, value: Value) -> Value:
        """A value as the caller knows it."""
        return mapped_values(value, self._inner)

    def _inner(self, value: Value) -> Value:
        if isinstance(value, Instance) and value.ref is not None:
            return replace(value, ref=self.ref(value.ref))
        if isinstance(value, Object):
            if value.origin in self.names.originals:
                return self.names.originals[value.origin]
            return _with_session(value, self.session)
        return value

    def session(self, key: object) -> object:
        original = self.names.originals.get(key)
        return sessions.key(original) if original is not None else key

    def row(self, row: Row, before: Row | None) -> Row:
        """An object as the call left it; what it says of places is the caller's where nothing happened."""
        fields = []
        for name, status in row.fields:
            if isinstance(status, Held):
                status = Held(self.value(status.value))
            elif isinstance(status, Lost) and not status.path and before is not None:
                old = before.field(name)
                status = old if isinstance(old, Lost) else replace(status, path=before.path, line=before.line)
            fields.append((name, status))
        rest = row.rest
        if isinstance(rest, Lost) and not rest.path and before is not None:
            rest = before.rest if isinstance(before.rest, Lost) else rest
        parent = (self.ref(row.parent[0]), row.parent[1]) if row.parent is not None else None
        row = replace(
            row, fields=tuple(fields), rest=rest, session=self.session(row.session), parent=parent,
            guarded=before is not None and before.guarded,
        )  # fmt: skip
        if before is not None:
            row = replace(row, identity=before.identity, parent=before.parent)
            if not row.path:
                row = replace(row, path=before.path, line=before.line)
        return row

    def transition(self, step: Transition) -> Transition:
        of = self.ref(step.of) if step.of is not None else None
        return replace(step, session=self.session(step.session), of=of)


def without_new(value: Value) -> Value:
    """A value without what is known of ORM objects, except of those that the caller gave."""

    def change(inner: Value) -> Value:
        if isinstance(inner, Instance) and inner.ref is not None and root(inner.ref)[0] != ARGUMENT:
            return replace(inner, ref=None)
        return inner

    return mapped_values(value, change)


def bare_call(function: Function, arguments: Arguments | None) -> tuple[Function, Arguments | None]:
    """A call of which no more is known than the types: many calls are one."""
    if function.receiver is not None:
        function = replace(function, receiver=mapped_values(function.receiver, bare))
    return function, mapped_arguments(arguments, bare) if arguments is not None else None


def bare(value: Value) -> Value:
    """An ORM object, session, statement, …, of which no more is known than its type."""
    if isinstance(value, Instance):
        return replace(value, ref=None)
    if isinstance(value, Object) and carries(value):
        return replace(value, origin=None, detail=None)
    return value
