"""Locations and resources on their way into a function and back.

A summary of a function must not depend on who calls it.  So the objects among its arguments
whose state is tracked get names by their order, and so do resources, as sessions are; what
the function did to them is carried back in the names of the caller.  What lies at a location is
an affair of domains: they rename it with what is here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from flake8_async_fastapi.engine.frame import Context
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.values import Arguments, Function, Instance, Object, Ref, Value
from flake8_async_fastapi.engine.walks import inner_values, mapped_arguments, mapped_values

ARGUMENT: Final = "argument"
"""The first part of the name of an object that a function was given."""
_RESOURCE: Final = "<session>"


def root(ref: Ref) -> Ref:
    """The object from which another was reached."""
    while isinstance(ref[0], tuple):
        ref = ref[0]
    return ref


def resource_key(resource: Object) -> object:
    """What tells a resource from others: where it was made, or which parameter it is."""
    return resource.origin or resource.type


@dataclass(frozen=True)
class Names:
    """The names that objects and resources have inside a call, and those they have outside."""

    refs: dict[Ref, Ref] = field(default_factory=dict)
    resources: dict[object, Object] = field(default_factory=dict)
    outside: dict[Ref, Ref] = field(default_factory=dict)
    originals: dict[object, Object] = field(default_factory=dict)

    def add(self, ref: Ref) -> None:
        """Name an object, unless it has a name, by itself or by the object that it was reached from."""
        if ref not in self.refs and not (isinstance(ref[0], tuple) and ref[0] in self.refs):
            inside: Ref = (ARGUMENT, len(self.refs))
            self.refs[ref] = inside
            self.outside[inside] = ref

    def ref(self, ref: Ref) -> Ref | None:
        """The name of an object inside the call."""
        return _ref(self.refs, ref)

    def key(self, key: object) -> object:
        """The key of a resource inside the call."""
        named = self.resources.get(key)
        return named.origin if named is not None else key


def carries(ctx: Context, value: Value) -> bool:
    """Whether a value says more than its type can: a tracked object, a resource, a statement, …"""
    return any(
        inner.ref is not None
        if isinstance(inner, Instance)
        else isinstance(inner, Object)
        and (inner.detail is not None or ctx.hooks.models.resource(inner.type) is not None)
        for inner in inner_values(value)
    )


def naming(ctx: Context, values: Iterable[Value]) -> Names:
    """Names for all resources that values lead to; domains add the objects."""
    names = Names()
    for value in values:
        for inner in inner_values(value):
            if isinstance(inner, Object) and (model := ctx.hooks.models.resource(inner.type)) is not None:
                key = resource_key(inner)
                if key not in names.resources:
                    origin = Place(_RESOURCE, len(names.resources), 0)
                    names.resources[key] = Object(inner.type, origin=origin, detail=model(ctx, inner))
                    names.originals[origin] = inner
    return names


def inward(names: Names, value: Value) -> Value:
    """A value as it is known inside the call."""
    return mapped_values(value, lambda inner: _inward(names, inner))


def _inward(names: Names, value: Value) -> Value:
    if isinstance(value, Instance) and value.ref is not None:
        return replace(value, ref=names.ref(value.ref))
    if isinstance(value, Object):
        named = names.resources.get(resource_key(value))
        if named is not None and named.type == value.type:
            return named
        return _renamed(value, names.key)
    return value


def _renamed(value: Object, change: Callable[[object], object]) -> Object:
    """An object that belongs to a resource, which has another key."""
    renamed = value.detail.renamed(change) if value.detail is not None else None
    return value if renamed is value.detail else replace(value, detail=renamed)


def _ref(known: Mapping[Ref, Ref], ref: Ref) -> Ref | None:
    """The other name of an object; of one that is reached from another, by that one's."""
    if ref in known:
        return known[ref]
    if isinstance(ref[0], tuple):
        above = _ref(known, ref[0])
        return (above, *ref[1:]) if above is not None else None
    return None


# --- and back --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Outward:
    """What a call left behind, in the names of the caller."""

    names: Names
    origin: Place
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
            return _renamed(value, self.key)
        return value

    def key(self, key: object) -> object:
        """The caller's key of a resource."""
        original = self.names.originals.get(key)
        return resource_key(original) if original is not None else key


def without_new(value: Value) -> Value:
    """A value without what is known of objects, except of those that the caller gave."""

    def change(inner: Value) -> Value:
        if isinstance(inner, Instance) and inner.ref is not None and root(inner.ref)[0] != ARGUMENT:
            return replace(inner, ref=None)
        return inner

    return mapped_values(value, change)


def bare_call(
    ctx: Context, function: Function, arguments: Arguments | None
) -> tuple[Function, Arguments | None]:
    """A call of which no more is known than the types: many calls are one."""

    def bare(value: Value) -> Value:
        if isinstance(value, Instance):
            return replace(value, ref=None)
        if isinstance(value, Object) and carries(ctx, value):
            return replace(value, origin=None, detail=None)
        return value

    if function.receiver is not None:
        function = replace(function, receiver=mapped_values(function.receiver, bare))
    return function, mapped_arguments(arguments, bare) if arguments is not None else None
