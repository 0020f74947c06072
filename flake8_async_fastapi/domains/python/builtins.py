"""Builtin functions and types, and containers of the standard library."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from flake8_async_fastapi.domains.python import iteration
from flake8_async_fastapi.engine import containers
from flake8_async_fastapi.engine.identities import SENTINEL
from flake8_async_fastapi.engine.machine import calls
from flake8_async_fastapi.engine.models import CallModel, CallSite
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.values import (
    NONE,
    UNKNOWN,
    Arguments,
    Collection,
    Const,
    Generator,
    Instance,
    Object,
    Plain,
    Value,
)
from flake8_async_fastapi.engine.walks import holds_coroutine


def _collection_model(kind: str) -> CallModel:
    def make(site: CallSite) -> Value:
        arguments = site.arguments
        if not arguments.args:
            return Collection(kind, items=())
        first = arguments.args[0]
        if isinstance(first, Collection) and first.kind != "dict":
            return Collection(kind, first.item, first.items if first.keys is None else None)
        return Collection(kind)

    return make


def _model_dict(site: CallSite) -> Value:
    """The value of ``dict(known, name=value)``."""
    arguments = site.arguments
    base = arguments.args[0] if arguments.args else Collection("dict", items=(), keys=())
    if arguments.opaque or not isinstance(base, Collection):
        return Collection("dict")
    base = _dict_of_pairs(base) or base
    if base.keys is None or base.items is None:
        return Collection("dict", _value_of_pairs(base)) if not arguments.keywords else Collection("dict")
    pairs: dict[str | None, Value] = dict(zip(base.keys, base.items, strict=True))
    pairs.update(arguments.keywords)
    if None in pairs or any(holds_coroutine(value) for value in pairs.values()):
        return Collection("dict")
    return containers.display("dict", tuple(pairs.values()), tuple(pairs))


def _dict_of_pairs(pairs: Collection) -> Collection | None:
    """The dict that is made of known pairs with names; None for other values."""
    known: dict[str | None, Value] = {}
    for pair in pairs.items or ():
        match pair:
            case Collection(kind="tuple", items=(Const(value=str() as key), value)):
                known[key] = value
            case _:
                return None
    return containers.display("dict", tuple(known.values()), tuple(known)) if known else None


def _value_of_pairs(pairs: Collection) -> Value:
    """The values of a dict that is created from another dict, or from pairs."""
    if pairs.kind == "dict":
        return pairs.item
    pair = containers.any_item(pairs)
    items = pair.items if isinstance(pair, Collection) else None
    return items[1] if items is not None and len(items) == 2 else UNKNOWN


def _model_default_dict(site: CallSite) -> Value:
    """The value of ``defaultdict(list)``: every key has the factory's value until the code sets one."""
    arguments = site.arguments
    if len(arguments.args) != 1 or arguments.keywords or arguments.opaque:
        return Collection("dict")
    made = calls.apply_callee(site.frame, arguments.args[0], Arguments(), "", Place(site.frame.path, 0, 0))
    return Collection("dict", UNKNOWN if holds_coroutine(made) else made)


def _model_next(site: CallSite) -> Value:
    arguments = site.arguments
    first = arguments.args[0] if arguments.args else UNKNOWN
    return first.item if isinstance(first, Generator) and not first.is_async else UNKNOWN


def _model_type(site: CallSite) -> Value:
    arguments = site.arguments
    first = arguments.args[0] if len(arguments.args) == 1 else UNKNOWN
    return first.cls if isinstance(first, Instance) else UNKNOWN


def _plain_model(kind: str) -> CallModel:
    def make(site: CallSite) -> Value:
        return Plain(kind)

    return make


def _model_none(site: CallSite) -> Value:
    return NONE


def _after_iteration(model: CallModel) -> CallModel:
    """The models to try if the items of an argument say nothing."""

    def ask(site: CallSite) -> Value | None:
        found = iteration.call_with_items(site)
        return model(site) if found is None else found

    return ask


_ITERATING: Final = (
    "sum", "any", "all", "getattr", "hasattr", "min", "max", "map", "filter", "enumerate", "zip", "iter",
    "str.join",
)  # fmt: skip

CALLS: Final[Mapping[str, CallModel]] = {
    **{f"builtins.{name}": iteration.call_with_items for name in _ITERATING},
    **dict.fromkeys(iteration.PASSING, iteration.call_with_items),
    "operator.attrgetter": iteration.call_with_items,
    "functools.reduce": iteration.reduce_items,
    "builtins.list": _after_iteration(_collection_model("list")),
    "builtins.tuple": _after_iteration(_collection_model("tuple")),
    "builtins.set": _after_iteration(_collection_model("set")),
    "builtins.sorted": _after_iteration(_collection_model("list")),
    "builtins.reversed": _after_iteration(_collection_model("list")),
    "builtins.next": _after_iteration(_model_next),
    "builtins.len": _after_iteration(_plain_model("int")),
    "builtins.dict": _model_dict,
    "collections.OrderedDict": _model_dict,
    "collections.defaultdict": _model_default_dict,
    "collections.deque": _collection_model("list"),
    SENTINEL: lambda site: Object(SENTINEL, origin=site.place),
    "builtins.type": _model_type,
    "builtins.int": _plain_model("int"),
    "builtins.float": _plain_model("float"),
    "builtins.bool": _plain_model("bool"),
    "builtins.isinstance": _plain_model("bool"),
    "builtins.print": _model_none,
}
