"""Methods of lists and dicts, and functions that iterate over them."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from flake8_async_fastapi.domains.python.async_items import check_items, check_result
from flake8_async_fastapi.engine import containers
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.joins import join_alike, union
from flake8_async_fastapi.engine.machine import attributes, calls, protocols
from flake8_async_fastapi.engine.machine.names import key_written
from flake8_async_fastapi.engine.models import CallSite
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.values import (
    NONE,
    OBJECT,
    UNKNOWN,
    Arguments,
    ClassValue,
    Collection,
    Const,
    Coroutine,
    Function,
    Instance,
    Library,
    Member,
    ModuleValue,
    Object,
    OneOf,
    Partial,
    Payload,
    Plain,
    Unknown,
    Value,
    alternatives,
    is_none,
)
from flake8_async_fastapi.engine.walks import holds_coroutine
from flake8_async_fastapi.facts import tree

_GETTER: Final = "operator.attrgetter"


class Getter(Payload, frozen=True):
    """The names that an ``attrgetter`` reads."""

    names: tuple[str, ...] = ()


def call_container_method(site: CallSite) -> Value:
    """The result of a container's method."""
    frame, callee, arguments, _, origin = site
    if not isinstance(callee, Member) or not isinstance(callee.receiver.detail, containers.BoundContainer):
        return UNKNOWN
    name, collection = callee.name, callee.receiver.detail.value
    if name == "sort":
        _apply_key(frame, name, arguments, containers.any_item(collection), origin)
        return NONE
    if name == "copy":
        return collection
    if collection.kind == "row" and name in ("tuple", "_tuple", "_asdict"):
        return collection if name != "_asdict" else replace(collection, kind="dict")
    if name in ("pop", "popleft") and collection.kind != "dict":
        return containers.any_item(collection)
    if collection.kind != "dict":
        return UNKNOWN
    if name == "values":
        return Collection("list", containers.any_item(collection))
    if name == "items":
        return Collection(
            "list", Collection("tuple", items=(Plain("object"), containers.any_item(collection)))
        )
    if name == "popitem":
        return Collection("tuple", items=(Plain("object"), containers.any_item(collection)))
    if name == "keys":
        return Collection("list", Plain("object"))
    if name in ("get", "pop", "setdefault"):
        asked = arguments.get(0, "key")
        found = _item_or_default(frame, collection, asked)
        default = arguments.get(1, "default") or NONE
        if name == "pop" and arguments.get(1, "default") is None and not arguments.opaque:
            return found  # without a default it raises if there is none
        if collection.items == () or (
            isinstance(asked, Const) and containers.surely_lacks(collection, asked.value)
        ):
            return default
        if isinstance(asked, Const) and asked.value in (collection.keys or ()):
            return found
        if found == OBJECT and isinstance(default, Plain) and is_none(default) is False:
            return default  # who writes a default has no None among the items
        if isinstance(default, Object) and isinstance(found, (Object, Unknown)) and collection.items:
            return join_alike([*collection.items, default])  # or the key is one that was added since
        return found if isinstance(found, Unknown) else union([found, default])
    return UNKNOWN


def _item_or_default(frame: Frame, collection: Collection, asked: Value | None) -> Value:
    node = frame.current_call
    written = node.args[0] if node is not None and node.args else tree.Name(0, 0, "")
    named = key_written(frame, written, asked) if asked is not None else None
    if named is not None and named in (collection.keys or ()) and collection.items is not None:
        return collection.items[(collection.keys or ()).index(named)]
    if collection.keys is not None and collection.items is not None and isinstance(asked, Const):
        key = asked.value
        if isinstance(key, str) and key in collection.keys:
            return collection.items[collection.keys.index(key)]
        return UNKNOWN
    if node is None or not node.args:
        return collection.item
    return protocols.function_at(frame, collection, node.args[0])


# --- builtin functions ------------------------------------------------------------------------


def call_with_items(site: CallSite) -> Value | None:
    """The result of a function that uses the items of its argument; None if its type is enough."""
    frame, callee, arguments, _, origin = site
    dotted = callee.dotted if isinstance(callee, Library) else ""
    name = dotted.removeprefix("builtins.")
    if dotted == _GETTER:
        names = [value.value for value in arguments.args if isinstance(value, Const)]
        texts = tuple(text for text in names if isinstance(text, str))
        return Object(_GETTER, detail=Getter(texts))
    if arguments.args:
        check_items(frame, name, arguments.args[0])
    if not arguments.args or any(holds_coroutine(value) for value in arguments.args):
        return None
    if dotted in PASSING:
        return Collection("generator", _passed_items(frame, dotted, arguments, origin))
    if name == dotted:
        return None
    first = arguments.args[0]
    if name in ("len", "sum", "any", "all", "sorted", "list", "tuple", "set"):
        frame.ctx.hooks.observers.consume(frame, first, origin)
    if name in ("getattr", "hasattr"):
        return _model_getattr(frame, name, arguments)
    if name in ("sorted", "min", "max"):
        item = protocols.elements_of(frame, first, origin)
        _apply_key(frame, name, arguments, item, origin)
        if name == "sorted":
            return None if isinstance(item, Unknown) else Collection("list", item)
        return UNKNOWN if isinstance(item, Unknown) or len(arguments.args) > 1 else item
    if name in ("map", "filter") and len(arguments.args) == 2:
        item = protocols.elements_of(frame, arguments.args[1], origin)
        elsewhere = frame.in_offloaded_argument > 0
        frame.runs_elsewhere += elsewhere
        result = _apply_to_item(frame, name, first, item, origin)
        frame.runs_elsewhere -= elsewhere
        return Collection("generator", result if name == "map" else item)
    if name == "enumerate":
        items = (Plain("int"), protocols.elements_of(frame, first, origin))
        return Collection("generator", Collection("tuple", items=items))
    if name == "zip":
        parts = tuple(protocols.elements_of(frame, part, origin) for part in arguments.args)
        return Collection("generator", Collection("tuple", items=parts))
    if name == "iter" and isinstance(first, Collection):
        return Collection("generator", protocols.elements_of(frame, first, origin))
    if name in ("list", "tuple", "set", "reversed", "iter") and isinstance(first, Object):
        item = protocols.elements_of(frame, first, origin)
        return None if isinstance(item, Unknown) else Collection("set" if name == "set" else "list", item)
    if name == "next" and isinstance(first, (Collection, Object)):
        item = protocols.elements_of(frame, first, origin)
        if isinstance(item, (Unknown, OneOf)):
            return item
        return union([item, arguments.args[1]]) if len(arguments.args) > 1 else item
    return None


def reduce_items(site: CallSite) -> Value | None:
    """The result of ``reduce(function, items, first)``, such as a statement that gets one condition after
    the other. Without a first value it is not followed.
    """
    frame, _, arguments, _, origin = site
    given, opaque = arguments.args, arguments.opaque
    if opaque or len(given) < 2 or any(holds_coroutine(value) for value in given):
        return UNKNOWN if len(given) < 2 or opaque else None
    function, first = given[0], given[2] if len(given) > 2 else UNKNOWN
    if not isinstance(function, Function):
        return UNKNOWN

    def call(value: Value, item: Value) -> Value:
        found = calls.apply_callee(frame, function, Arguments((value, item)), "the call", origin)
        frame.discharge(found)
        return UNKNOWN if holds_coroutine(found) else found

    items = given[1].items if isinstance(given[1], Collection) and given[1].kind != "dict" else None
    if items is not None and len(items) <= _MOST_REDUCED and not isinstance(first, Unknown):
        for item in items:
            first = call(first, item)
        return first
    item = protocols.elements_of(frame, given[1], origin)
    once = call(first, item)
    return UNKNOWN if isinstance(once, Unknown) else join_alike([first, once, call(once, item)])


_MOST_REDUCED: Final = 8


PASSING: Final = {
    "itertools.chain": (),
    "itertools.chain.from_iterable": (0,),
    "itertools.islice": (0,),
    "itertools.cycle": (0,),
    "itertools.groupby": (0,),
    "itertools.takewhile": (1,),
    "itertools.dropwhile": (1,),
    "itertools.filterfalse": (1,),
}
"""Functions whose results have the elements of these arguments, or of all."""


def _passed_items(frame: Frame, dotted: str, arguments: Arguments, origin: Place) -> Value:
    places = PASSING[dotted] or range(len(arguments.args))
    given = [value for place, value in enumerate(arguments.args) if place in places]
    item = union([protocols.elements_of(frame, value, origin) for value in given])
    if dotted == "itertools.chain.from_iterable":
        return protocols.elements_of(frame, item, origin)
    if dotted == "itertools.groupby":
        _apply_key(frame, dotted, arguments, item, origin)
        return Collection("tuple", items=(UNKNOWN, Collection("generator", item)))
    if places == (1,):
        _apply_to_item(frame, dotted, arguments.args[0], item, origin)
    return item


def _apply_key(frame: Frame, caller: str, arguments: Arguments, item: Value, origin: Place) -> None:
    key = dict(arguments.keywords).get("key")
    if key is not None:
        _apply_to_item(frame, caller, key, item, origin)


def _apply_to_item(frame: Frame, caller: str, function: Value, item: Value, origin: Place) -> Value:
    """Call a function on one item, as a builtin does."""
    if isinstance(function, Object) and isinstance(function.detail, Getter):
        for path in function.detail.names:
            _read_path(frame, item, path, origin)
        return UNKNOWN
    if isinstance(function, (Function, Partial, Library)):
        label = f"{function.name}()" if isinstance(function, Function) else "the call"
        result = calls.apply_callee(frame, function, Arguments((item,)), label, origin)
        if isinstance(result, Coroutine):
            result = frame.owe(replace(result, label=label, origin=origin))
        if caller == "map":
            return result
        check_result(frame, caller, result)
        frame.discharge(result)
        return UNKNOWN if holds_coroutine(result) else result
    return UNKNOWN


def call_getter(site: CallSite) -> Value:
    """Call an ``attrgetter``."""
    frame, getter, arguments, _, origin = site
    kept = getter.detail if isinstance(getter, Object) else None
    value: Value = UNKNOWN
    if isinstance(kept, Getter) and arguments.args:
        for path in kept.names:
            value = _read_path(frame, arguments.args[0], path, origin)
        return value if len(kept.names) == 1 else UNKNOWN
    return value


def _read_path(frame: Frame, value: Value, path: str, origin: Place) -> Value:
    place = origin.position
    for name in path.split("."):
        written = tree.Attr(*place, tree.Name(*place, "..."), name)
        value = attributes.read_attribute(frame, value, written, awaited_chain=False)
    return value


def _model_getattr(frame: Frame, function: str, arguments: Arguments) -> Value | None:
    """The result of ``getattr`` or ``hasattr`` with a known name on an object, a class or a module."""
    node = frame.current_call
    if node is None or len(arguments.args) < 2:
        return None
    found: list[Value] = []
    asked = [name.value for name in alternatives(arguments.args[1]) if isinstance(name, Const)]
    for alternative in alternatives(arguments.args[0]):
        if isinstance(alternative, (Object, ModuleValue)) and function == "getattr" and len(asked) == 1:
            found.append(attributes.attribute_of(frame.ctx, alternative, str(asked[0])))
        if not isinstance(alternative, (Instance, ClassValue)):
            continue
        is_tracked = isinstance(alternative, Instance) and alternative.location is not None
        if not is_tracked and (function == "hasattr" or len(asked) != 1):
            continue
        for name in (*asked, *frame.ctx.hooks.models.texts_of(frame.ctx, arguments.args[1])):
            if isinstance(name, str):
                written = tree.Attr(node.line, node.col, node.args[0], name)
                found.append(attributes.read_attribute(frame, alternative, written, awaited_chain=False))
    if function == "hasattr" or not found:
        return None
    return union(found)
