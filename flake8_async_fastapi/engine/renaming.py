"""Locations and resources on their way into a function and back.

The summary of a function must not depend on its caller. So tracked objects among its arguments get names by
their order, and so do resources, such as sessions. The effects on them are translated back into the
caller's names. Only domains know what is at a location; they rename it with the functions here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from msgspec import Struct, field
from msgspec.structs import replace

from flake8_async_fastapi.engine.frame import Context
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.values import Arguments, Function, Instance, Location, Object, Value
from flake8_async_fastapi.engine.walks import inner_values, map_arguments, map_values

ARGUMENT: Final = "argument"
"""The first part of the name of an object that a function was given."""
MADE: Final = "made"
"""The first part of the name of an object that a call created."""
_RESOURCE: Final = "<session>"


def base(location: Location) -> Location:
    """The object from which another one was reached."""
    while isinstance(location[0], tuple):
        location = location[0]
    return location


def resource_key(resource: Object) -> object:
    """The identity of a resource: the place where it was created, or the parameter that it is."""
    return resource.origin or resource.type


class Renaming(Struct, frozen=True):
    """The names of objects and resources inside a call and outside.

    The call gets the objects that the attributes in ``followed`` lead to. ``wanted`` are those of the
    attributes whose objects the caller did not get itself.
    """

    followed: frozenset[str] = frozenset()
    wanted: set[str] = field(default_factory=set)
    to_inside: dict[Location, Location] = field(default_factory=dict)
    resources: dict[object, Object] = field(default_factory=dict)
    to_outside: dict[Location, Location] = field(default_factory=dict)
    original_sessions: dict[object, Object] = field(default_factory=dict)

    def add(self, location: Location) -> None:
        """Name an object, unless it or the object that it was reached from has a name."""
        if location not in self.to_inside and not (
            isinstance(location[0], tuple) and location[0] in self.to_inside
        ):
            inside: Location = (ARGUMENT, len(self.to_inside))
            self.to_inside[location] = inside
            self.to_outside[inside] = location

    def location(self, location: Location) -> Location | None:
        """The name of an object inside the call."""
        return _renamed_location(self.to_inside, location)

    def key(self, key: object) -> object:
        """The key of a resource inside the call."""
        named = self.resources.get(key)
        return named.origin if named is not None else key


def has_identity(ctx: Context, value: Value) -> bool:
    """Whether more is known of a value than its type: a tracked object, a resource, a statement and so on."""
    for inner in inner_values(value):
        if isinstance(inner, Instance):
            if inner.location is not None:
                return True
        elif isinstance(inner, Object) and (
            inner.detail is not None or ctx.hooks.models.resource(inner.type) is not None
        ):
            return True
    return False


def renaming_of(ctx: Context, path: str, values: Iterable[Value], followed: frozenset[str]) -> Renaming:
    """A renaming of all resources in some values of a file; domains add the objects."""
    renaming = Renaming(followed)
    for value in values:
        for inner in inner_values(value):
            if isinstance(inner, Object) and (model := ctx.hooks.models.resource(inner.type)) is not None:
                key = resource_key(inner)
                if key not in renaming.resources:
                    origin = Place(_RESOURCE, len(renaming.resources), 0)
                    known = model(ctx, path, inner)
                    renaming.resources[key] = Object(inner.type, origin=origin, detail=known)
                    renaming.original_sessions[origin] = inner
    return renaming


def to_callee(renaming: Renaming, value: Value) -> Value:
    """A value as it appears inside the call."""
    return map_values(value, lambda inner: _inner_to_callee(renaming, inner))


def _inner_to_callee(renaming: Renaming, value: Value) -> Value:
    if isinstance(value, Instance) and value.location is not None:
        return replace(value, location=renaming.location(value.location))
    if isinstance(value, Object):
        named = renaming.resources.get(resource_key(value))
        if named is not None and named.type == value.type:
            return named
        return _change_keys(value, renaming.key)
    return value


def _change_keys(value: Object, change: Callable[[object], object]) -> Object:
    """An object whose resource has another key."""
    renamed = value.detail.change_keys(change) if value.detail is not None else None
    return value if renamed is value.detail else replace(value, detail=renamed)


def _renamed_location(known: Mapping[Location, Location], location: Location) -> Location | None:
    """The new name of an object; if it is reached from another object, based on that one's name."""
    if location in known:
        return known[location]
    if isinstance(location[0], tuple):
        above = _renamed_location(known, location[0])
        return (above, *location[1:]) if above is not None else None
    return None


# --- and back --------------------------------------------------------------------------------


class ToCaller(Struct, frozen=True):
    """Translates the results of a call into the names of the caller."""

    renaming: Renaming
    origin: Place
    new: dict[Location, Location] = field(default_factory=dict)

    def location(self, location: Location) -> Location:
        """The caller's name of an object; an object created in the call is named by the place of the call."""
        known = _renamed_location(self.renaming.to_outside, location)
        if known is not None:
            return known
        if isinstance(location[0], tuple):
            return (self.location(location[0]), *location[1:])
        if location not in self.new:
            self.new[location] = (MADE, *self.origin, len(self.new))
        return self.new[location]

    def value(self, value: Value) -> Value:
        """A value as it appears to the caller."""
        return map_values(value, self._inner)

    def _inner(self, value: Value) -> Value:
        if isinstance(value, Instance) and value.location is not None:
            return replace(value, location=self.location(value.location))
        if isinstance(value, Object):
            if value.origin in self.renaming.original_sessions:
                return self.renaming.original_sessions[value.origin]
            return _change_keys(value, self.key)
        return value

    def key(self, key: object) -> object:
        """The caller's key of a resource."""
        original = self.renaming.original_sessions.get(key)
        return resource_key(original) if original is not None else key


def without_new_locations(value: Value) -> Value:
    """A value without knowledge about objects, except those that the caller passed."""

    def change(inner: Value) -> Value:
        if isinstance(inner, Instance) and inner.location is not None and base(inner.location)[0] != ARGUMENT:
            return replace(inner, location=None)
        return inner

    return map_values(value, change)


def call_without_identity(
    ctx: Context, function: Function, arguments: Arguments | None
) -> tuple[Function, Arguments | None]:
    """A call reduced to types, so that many calls become one."""

    def bare(value: Value) -> Value:
        if isinstance(value, Instance):
            return replace(value, location=None)
        if isinstance(value, Object) and has_identity(ctx, value):
            return replace(value, origin=None, detail=None)
        return value

    if function.receiver is not None:
        function = replace(function, receiver=map_values(function.receiver, bare))
    return function, map_arguments(arguments, bare) if arguments is not None else None
