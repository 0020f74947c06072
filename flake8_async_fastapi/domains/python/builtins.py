"""Builtin functions and types, and containers of the standard library."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from flake8_async_fastapi.domains.python import iteration
from flake8_async_fastapi.engine import containers
from flake8_async_fastapi.engine.machine import calls
from flake8_async_fastapi.engine.models import CallModel, CallSite
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.values import (
    NONE,
    UNKNOWN,
    Arguments,
    Collection,
    Generator,
    Instance,
    Plain,
    Value,
    display,
)
from flake8_async_fastapi.engine.walks import held


def _collection(kind: str) -> CallModel:
    def make(site: CallSite) -> Value:
        arguments = site.arguments
        if not arguments.args:
            return Collection(kind, items=())
        first = arguments.args[0]
        if isinstance(first, Collection) and first.kind != "dict":
            return Collection(kind, first.item, first.items if first.keys is None else None)
        return Collection(kind)

    return make


def _dict(site: CallSite) -> Value:
    """``dict(known, name=value)``."""
    arguments = site.arguments
    base = arguments.args[0] if arguments.args else Collection("dict", items=(), keys=())
    if arguments.opaque or not isinstance(base, Collection):
        return Collection("dict")
    if base.keys is None or base.items is None:
        return Collection("dict", _value_of(base)) if not arguments.keywords else Collection("dict")
    pairs: dict[str | None, Value] = dict(zip(base.keys, base.items, strict=True))
    pairs.update(arguments.keywords)
    if None in pairs or any(any(held(value)) for value in pairs.values()):
        return Collection("dict")
    return display("dict", tuple(pairs.values()), tuple(pairs))


def _value_of(pairs: Collection) -> Value:
    """The values of a dict that is made of another one, or of pairs."""
    if pairs.kind == "dict":
        return pairs.item
    pair = containers.item_of(pairs)
    items = pair.items if isinstance(pair, Collection) else None
    return items[1] if items is not None and len(items) == 2 else UNKNOWN


def _default_dict(site: CallSite) -> Value:
    """``defaultdict(list)``: any key has what the factory makes, until something is put there."""
    arguments = site.arguments
    if len(arguments.args) != 1 or arguments.keywords or arguments.opaque:
        return Collection("dict")
    made = calls.apply(site.frame, arguments.args[0], Arguments(), "", Place(site.frame.path, 0, 0))
    return Collection("dict", UNKNOWN if any(held(made)) else made)


def _next(site: CallSite) -> Value:
    arguments = site.arguments
    first = arguments.args[0] if arguments.args else UNKNOWN
    return first.item if isinstance(first, Generator) and not first.is_async else UNKNOWN


def _type(site: CallSite) -> Value:
    arguments = site.arguments
    first = arguments.args[0] if len(arguments.args) == 1 else UNKNOWN
    return first.cls if isinstance(first, Instance) else UNKNOWN


def _plain(kind: str) -> CallModel:
    def make(site: CallSite) -> Value:
        return Plain(kind)

    return make


def _none(site: CallSite) -> Value:
    return NONE


def _after_items(model: CallModel) -> CallModel:
    """What is asked where going through the items of an argument says nothing."""

    def ask(site: CallSite) -> Value | None:
        found = iteration.go_through(site)
        return model(site) if found is None else found

    return ask


_ITERATING: Final = (
    "sum", "any", "all", "getattr", "hasattr", "min", "max", "map", "filter", "enumerate", "zip", "iter",
)  # fmt: skip

CALLS: Final[Mapping[str, CallModel]] = {
    **{f"builtins.{name}": iteration.go_through for name in _ITERATING},
    **dict.fromkeys(iteration.PASSING, iteration.go_through),
    "operator.attrgetter": iteration.go_through,
    "builtins.list": _after_items(_collection("list")),
    "builtins.tuple": _after_items(_collection("tuple")),
    "builtins.set": _after_items(_collection("set")),
    "builtins.sorted": _after_items(_collection("list")),
    "builtins.reversed": _after_items(_collection("list")),
    "builtins.next": _after_items(_next),
    "builtins.len": _after_items(_plain("int")),
    "builtins.dict": _dict,
    "collections.OrderedDict": _dict,
    "collections.defaultdict": _default_dict,
    "collections.deque": _collection("list"),
    "builtins.type": _type,
    "builtins.int": _plain("int"),
    "builtins.float": _plain("float"),
    "builtins.bool": _plain("bool"),
    "builtins.isinstance": _plain("bool"),
    "builtins.print": _none,
}
