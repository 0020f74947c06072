"""One path through a function, and the common ground of several paths."""

from __future__ import annotations

from itertools import chain
from typing import Any, Final, Protocol, TypeVar

from msgspec import Struct, field

from flake8_async_fastapi.engine.joins import all_alternatives, join_alike, join_data, kind_of_data, union
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.values import (
    UNKNOWN,
    Collection,
    Const,
    Coroutine,
    Instance,
    Object,
    OneOf,
    Plain,
    Value,
    is_none,
)
from flake8_async_fastapi.engine.walks import MAY_HOLD_COROUTINE, holds_coroutine, limit_parts
from flake8_async_fastapi.facts.tree import Stmt

MOST_STATES: Final = 6
"""Paths kept apart in a function; beyond it they are joined to ``maybe``."""


class Part(Protocol):
    """A domain's knowledge of one path; created without arguments, it knows nothing.

    ``join`` claims only facts on which all of several paths agree. It is commutative, associative and
    idempotent. A frozen part has ``fork = same``; one that names no variable has ``forget = same_without``.
    """

    def fork(self: P) -> P:
        """The part for another path that continues from here; itself if it is frozen."""

    def unify(self: P, other: P, states: tuple[State, State]) -> P | None:
        """The part for one path that replaces two which are otherwise equal, the ``states``.

        None if the two have to be kept apart.
        """

    def join(self: P, others: list[P]) -> P:
        """One part for several paths."""

    def forget(self: P, path: str) -> P:
        """The part after a variable, or one of its attributes, was assigned again."""


P = TypeVar("P", bound=Part)
Same = TypeVar("Same")


def same(part: Same) -> Same:
    """``Part.fork`` of a frozen part. ``State`` does not call it: there are very many branches."""
    return part


def same_without(part: Same, path: str) -> Same:
    """``Part.forget`` of a part that names no variable. ``State`` does not call it, either."""
    return part


class State(Struct):
    """One path through a function.

    ``env`` are its variables; ``attributes`` the attributes of variables that were assigned on this path,
    by their text such as ``self.session``; ``known`` the conditions under which the path is reached;
    ``parts`` the knowledge of domains, by its type.
    """

    env: dict[str, Value] = field(default_factory=dict)
    attributes: dict[str, Value] = field(default_factory=dict)
    known: dict[str, bool] = field(default_factory=dict)
    parts: dict[type[Any], Any] = field(default_factory=dict)

    def fork(self) -> State:
        env, attributes, known = dict(self.env), dict(self.attributes), dict(self.known)
        parts: dict[type[Any], Any] = {}
        for kind, part in self.parts.items():
            parts[kind] = part if kind.fork is same else part.fork()
        return State(env, attributes, known, parts)

    def part(self, kind: type[P]) -> P:
        """A domain's knowledge of this path, in a type of its own."""
        found = self.parts.get(kind)
        if found is None:
            found = self.parts[kind] = kind()
        part: P = found  # `cast` is a call
        return part

    def put(self, part: Part) -> None:
        """Replace a part of the same type."""
        self.parts[type(part)] = part

    def values(self) -> list[Value]:
        """The values of all variables and assigned attributes."""
        return [*self.env.values(), *self.attributes.values()]

    def get(self, path: str) -> Value | None:
        """The value of a variable or an assigned attribute; None if there is none."""
        return self.attributes.get(path) if "." in path else self.env.get(path)

    def bind(self, path: str, value: Value) -> None:
        """Assign a variable or an attribute, and forget earlier knowledge of it."""
        if self.known or self.attributes:  # a call for each assignment takes time
            self._forget_about(path)
        for kind, part in self.parts.items():
            if kind.forget is not same_without:
                self.parts[kind] = part.forget(path)
        (self.attributes if "." in path else self.env)[path] = limit_parts(value)

    def forget(self, name: str) -> None:
        """Forget what is known of a name of the module, which other code has assigned."""
        self._forget_about(name)
        self.env.pop(name, None)

    def _forget_about(self, path: str) -> None:
        about = f"{path}.", f"{path} "
        for known in (self.known, self.attributes):
            for text in [text for text in known if text == path or text.startswith(about)]:
                del known[text]

    def narrow(self, path: str, value: Value) -> None:
        """Replace a value with a more precise description of the same value."""
        (self.attributes if "." in path else self.env)[path] = limit_parts(value)

    def assigned_to(self, name: str) -> dict[str, Value]:
        """The values assigned to attributes of the object in a variable."""
        prefix, size = f"{name}.", len(name) + 1
        found = {path[size:]: value for path, value in self.attributes.items() if path.startswith(prefix)}
        return {attribute: value for attribute, value in found.items() if "." not in attribute}

    def forget_attributes(self) -> None:
        """Forget attributes that a call may have assigned. Types seldom change, but None does."""
        if self.attributes:
            for path in [path for path, value in self.attributes.items() if isinstance(value, _CHANGING)]:
                del self.attributes[path]


_CHANGING: Final = (Const, Plain)


class Running(Protocol):
    """The run of some code, which has to see coroutines awaited, and may lose track of them."""

    owed: dict[Place, Coroutine]

    def discharge(self, value: Value) -> None:
        """Record that other code now has the coroutines in a value."""

    def names_after(self, statement: Stmt) -> frozenset[str] | None:
        """The variables that the code after a statement mentions; None if that is not known."""


def limit_disjuncts(
    states: list[State], frame: Running | None = None, done: Stmt | None = None
) -> list[State]:
    """Different states, at most ``MOST_STATES`` of them.

    If there are more, those that agree in all that the code after the statement ``done`` mentions become one,
    and if these are too many, all do. Coroutines that ``frame`` loses in a join count as discharged.
    """
    if len(states) < 2:
        return states
    kept: list[State] = []
    for state in states:
        for place, other in enumerate(kept):
            if (
                other.env == state.env
                and other.attributes == state.attributes
                and (parts := _unify_parts(other, state)) is not None
            ):
                known = _known_to_both(other, state)
                if known != other.known or parts != other.parts:  # a path of its own: loops run it again
                    kept[place] = State(other.env, other.attributes, known, parts)
                break
        else:
            kept.append(state)
    if len(kept) > 1:
        kept = _join_data(kept)
    if len(kept) <= MOST_STATES:
        return kept
    live = frame.names_after(done) if frame is not None and done is not None else None
    if live is not None:
        groups = _alike(kept, live)
        if len(groups) <= MOST_STATES:
            return [_joined_in(frame, group) for group in groups]
    return [_joined_in(frame, kept)]


def _alike(states: list[State], live: frozenset[str]) -> list[list[State]]:
    """Groups of paths that agree in some variables, and in what is known of the objects behind these."""
    groups: list[tuple[State, list[State]]] = []
    for state in states:
        env, attributes, known = (_of_names(one, live) for one in (state.env, state.attributes, state.known))
        seen = State(env, attributes, known, state.parts)
        for first, members in groups:
            agrees = _tell_alike(first.env, env) and _tell_alike(first.attributes, attributes)
            if agrees and first.known == known and _unify_parts(first, seen) is not None:
                members.append(state)
                break
        else:
            groups.append((seen, [state]))
    return [members for _, members in groups]


def _tell_alike(one: dict[str, Value], other: dict[str, Value]) -> bool:
    """Whether variables have the same values on two paths, but for data."""
    return one == other or (
        one.keys() == other.keys()
        and all(
            value == other[name] or kind_of_data(value) == kind_of_data(other[name]) is not None
            for name, value in one.items()
        )
    )


def _of_names(known: dict[str, Any], names: frozenset[str]) -> dict[str, Any]:
    """What is known by texts that begin with one of some names."""
    return {text: value for text, value in known.items() if text.split(" ")[0].split(".")[0] in names}


def _joined_in(frame: Running | None, states: list[State]) -> State:
    """One path for several; coroutines that ``frame`` loses count as discharged."""
    if len(states) == 1:
        return states[0]
    joined = join_states(states)
    if frame is not None and frame.owed:
        for state in states:
            for before, after in ((state.env, joined.env), (state.attributes, joined.attributes)):
                for name, value in before.items():
                    if type(value) in MAY_HOLD_COROUTINE and after[name] != value:
                        frame.discharge(value)
    return joined


def _known_to_both(one: State, other: State) -> dict[str, bool]:
    return {text: outcome for text, outcome in one.known.items() if other.known.get(text) is outcome}


def _join_data(states: list[State]) -> list[State]:
    """Paths that differ in what one variable holds are one path, if that is data.

    As they agree in all else, nothing is lost but the value itself.  The variables are joined by
    their names' order, so that the order of the paths does not matter.
    """
    told_apart_by = {
        differing[0]
        for place, state in enumerate(states)
        for other in states[:place]
        if len(differing := _differing(state.env, other.env)) == 1 and _is_data(differing[0], state, other)
    }
    for name in sorted(told_apart_by):
        joined: list[State] = []
        for state in states:
            for place, other in enumerate(joined):
                if (both := _joined_at(name, other, state)) is not None:
                    joined[place] = both
                    break
            else:
                joined.append(state)
        states = joined
    return states


def _differing(one: dict[str, Value], other: dict[str, Value]) -> list[str]:
    """The variables in which two paths differ, two of them at most."""
    found: list[str] = []
    for name, left in one.items():
        right = other.get(name, UNKNOWN)
        if left is not right and left != right:
            found.append(name)
            if len(found) == 2:
                return found
    if one.keys() != other.keys():
        found += [name for name in other.keys() - one.keys() if other[name] != UNKNOWN]
    return found[:2]


def _is_data(name: str, one: State, other: State) -> bool:
    """Whether a variable holds data of one kind on two paths, on which the same attributes were assigned."""
    kind = kind_of_data(one.env.get(name, UNKNOWN))
    same_kind = kind is not None and kind == kind_of_data(other.env.get(name, UNKNOWN))
    return same_kind and one.attributes == other.attributes


def _joined_at(name: str, one: State, other: State) -> State | None:
    """One path for two that agree in all but the data of a variable; None if they differ in more."""
    if not _is_data(name, one, other) or _differing(one.env, other.env) not in ([], [name]):
        return None
    parts = _unify_parts(one, other)
    if parts is None:
        return None
    data = join_data(one.env.get(name, UNKNOWN), other.env.get(name, UNKNOWN))
    env = {**dict.fromkeys(other.env, UNKNOWN), **one.env, name: data}
    return State(env, one.attributes, _known_to_both(one, other), parts)


def _unify_parts(one: State, other: State) -> dict[type[Any], Any] | None:
    """The parts of two paths that become one; None if they have to be kept apart."""
    unified: dict[type[Any], Any] = {}
    for kind in dict.fromkeys((*one.parts, *other.parts)):
        part = one.parts.get(kind)
        if part is None or part is not other.parts.get(kind):
            part = one.part(kind).unify(other.part(kind), (one, other))
        if part is None:
            return None
        unified[kind] = part
    return unified


def _join_parts(states: list[State]) -> dict[type[Any], Any]:
    """The parts of several paths; a missing part knows nothing."""
    kinds: dict[type[Any], None] = {}
    for state in states:
        kinds |= dict.fromkeys(state.parts)
    joined: dict[type[Any], Any] = {}
    for kind in kinds:
        first, *others = [state.parts.get(kind) or state.part(kind) for state in states]
        joined[kind] = first.join(others)
    return joined


def join_states(states: list[State]) -> State:
    """One state that claims only facts on which all states agree."""
    known = [set(state.known.items()) for state in states]
    return State(
        _join_environments([state.env for state in states]),
        _join_environments([state.attributes for state in states]),
        dict(set.intersection(*known)),
        _join_parts(states),
    )


def _join_environments(envs: list[dict[str, Value]]) -> dict[str, Value]:
    names = dict.fromkeys(chain.from_iterable(envs))
    return {name: _join_values([env.get(name, UNKNOWN) for env in envs]) for name in names}


def _join_values(values: list[Value]) -> Value:
    """A value on which several paths agree; for containers and objects, one of theirs."""
    first = values[0]
    if values.count(first) == len(values):
        return first
    told_apart = all(isinstance(value, _TOLD_APART) or is_none(value) for value in values)
    if not told_apart or any(holds_coroutine(value) for value in values):
        return UNKNOWN
    found = {value for value in all_alternatives(values) if isinstance(value, Object)}
    alike = len(found) < 2 or (
        len({value.type for value in found}) == 1 and not any(value.detail for value in found)
    )  # which of several statements goes with which later test is no longer known
    return union(values) if alike else join_alike(values)


_TOLD_APART: Final = (Collection, Instance, Object, OneOf)
