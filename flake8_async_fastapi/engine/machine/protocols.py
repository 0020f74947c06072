"""Values that are awaited, entered with ``with``, or iterated."""

from __future__ import annotations

from typing import Final

from flake8_async_fastapi import knowledge
from flake8_async_fastapi.engine import hints
from flake8_async_fastapi.engine.containers import (
    any_function,
    has_classes_as_keys,
    has_several_functions,
    is_empty,
    written_key,
)
from flake8_async_fastapi.engine.events import Awaited, Entered, Iterated
from flake8_async_fastapi.engine.fields import declared_fields
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.joins import union
from flake8_async_fastapi.engine.machine import (
    attributes,
    classes,
    functions,
    implementations,
    library_calls,
    names,
    summaries,
    truth,
)
from flake8_async_fastapi.engine.obligations import report_misuse
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.stand_ins import is_declared_parameter
from flake8_async_fastapi.engine.text import for_message
from flake8_async_fastapi.engine.values import (
    UNKNOWN,
    Arguments,
    ClassValue,
    Collection,
    Coroutine,
    Function,
    Generator,
    Instance,
    Manager,
    Object,
    OneOf,
    Unknown,
    Value,
    alternatives,
    is_none,
    is_only_declared,
)
from flake8_async_fastapi.engine.walks import element_of_container
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr

_METHODS = {
    "__enter__": "with",
    "__aenter__": "async-with",
    "__iter__": "iter",
    "__getitem__": "iter",
    "__aiter__": "async-iter",
    "__await__": "await",
    "__call__": "call",
}


def supported_protocols(ctx: Context, value: Value) -> frozenset[str] | None:
    """All protocols that a value supports; None if they are not known."""
    match value:
        case Manager(is_async=is_async):
            return frozenset({"async-with" if is_async else "with"})
        case Generator(is_async=is_async):
            return frozenset({"async-iter" if is_async else "iter"})
        case Object():
            return None if is_only_declared(value) else knowledge.protocols(value.type)
        case Instance(cls=cls, location=location) if (
            location is not None
        ):  # a tracked object, whose class a library created
            return None if classes.has_member(ctx, cls, "__await__") else frozenset()
        case Instance(cls=cls, exact=True):
            return _protocols_of_class(ctx, cls)
        case Instance(cls=cls, has_doubtful_type=False):
            return _protocols_of_subclasses(ctx, cls)
    return None


def _protocols_of_class(ctx: Context, cls: ClassValue) -> frozenset[str] | None:
    """All protocols that objects of a class itself support; None if it has unknown bases."""
    order = classes.mro(ctx, cls)
    if not all(isinstance(base, ClassValue) and not base.node.decorators for base in order):
        return None
    return frozenset(kind for method, kind in _METHODS.items() if classes.has_member(ctx, cls, method))


def _protocols_of_subclasses(ctx: Context, cls: ClassValue) -> frozenset[str] | None:
    """All protocols that objects of a class or of a subclass support."""

    def find() -> frozenset[str] | None:
        if hints.is_protocol(cls):
            return None
        found: set[str] = set()
        for one in (cls, *implementations.classes_below(ctx, cls)):
            able = _protocols_of_class(ctx, one) if isinstance(one, ClassValue) else None
            if able is None:
                return None
            found |= able
        return frozenset(found)

    return ctx.query(("protocols", cls), find, None)


def await_value(frame: Frame, value: Value, node: tree.Await) -> Value:
    """The result of ``await``."""
    options = alternatives(value)
    # whether a value that is only sometimes awaitable is so here, depends on code that is not seen
    is_open = any(may_be_awaited(frame.ctx, option) for option in options)

    def await_option(option: Value) -> Value:
        if frame.emit and (isinstance(option, Coroutine) or len(options) == 1 or not is_open):
            able = supported_protocols(frame.ctx, option)
            frame.emit_event(Awaited(*frame.at(node), option, for_message(node.value), able))
        frame.discharge(option)
        return take_over(frame, result_of_await(frame, option), node, made_by_await=True)

    return union(frame.each(options, await_option))


def may_be_awaited(ctx: Context, value: Value) -> bool:
    """Whether a value is a coroutine, or an object of a type that can be awaited."""
    if isinstance(value, Object):
        able = knowledge.protocols(value.type)
    elif isinstance(value, Instance):
        able = supported_protocols(ctx, value)
    else:
        return isinstance(value, Coroutine)
    return able is None or "await" in able


def is_awaitable(ctx: Context, value: Value) -> bool | None:
    """Whether a value can be awaited; None if that is not known."""
    can_be = not isinstance(value, (Instance, Object)) or may_be_awaited(ctx, value)
    return truth.is_awaitable(value) if can_be else False


def is_future(ctx: Context, value: Value) -> bool:
    """Whether a value is a library's awaitable object, such as a task."""
    return isinstance(value, Object) and may_be_awaited(ctx, value)


def result_of_await(frame: Frame, value: Value) -> Value:
    """The result of awaiting a value, without recording the ``await``."""
    if isinstance(value, Coroutine):
        if value.function is not None and value.call is not None:
            return functions.result_of_call(frame, value.function, value.call, value.origin)
        return value.result if value.method is None else library_calls.call_at_await(frame, value)
    if isinstance(value, Object):
        model = frame.ctx.hooks.models.awaits.get(value.type)
        modelled = model(frame, value) if model is not None else None
        if modelled is not None:
            return modelled
        return library_calls.value_of_type(knowledge.result(value.type, "await") or "?", value)
    method = attributes.attribute_of(frame.ctx, value, "__await__") if isinstance(value, Instance) else None
    if isinstance(method, Function):
        result = summaries.apply_summary(frame, method, Arguments(), method.key).returns
        return result_of_await(frame, result) if isinstance(result, Coroutine) else result
    return UNKNOWN


TAKEN_OVER: Final = frozenset({Coroutine, OneOf})
"""The types of results that a frame takes over; most are others."""


def take_over(frame: Frame, value: Value, node: Expr, *, made_by_await: bool = False) -> Value:
    """Take over a call's result: this frame must await the coroutines in it."""
    if type(value) not in TAKEN_OVER:
        return value
    if not all(isinstance(alternative, Coroutine) for alternative in alternatives(value)):
        return value  # whether there is anything to await depends on code that is not seen here
    adopted_options = []
    for alternative in alternatives(value):
        if isinstance(alternative, Coroutine) and alternative.origin not in frame.owed:
            origin = Place(frame.path, node.line, node.col)
            inner = node.value if isinstance(node, tree.Await) else node
            alternative = frame.owe(
                Coroutine(
                    for_message(inner),
                    alternative.family,
                    origin,
                    alternative.result,
                    alternative.function,
                    alternative.call,
                    made_by_await=made_by_await,
                )
            )
        adopted_options.append(alternative)
    return union(adopted_options)


def enter_context(frame: Frame, value: Value, is_async: bool, node: Expr | None = None) -> Value:
    """The value that ``with`` or ``async with`` binds to its target."""
    place = frame.place_of(node) if node is not None else None

    def enter(alternative: Value) -> Value:
        if node is not None:
            if isinstance(alternative, Coroutine):
                report_misuse(frame, alternative, "entered", "async with" if is_async else "with")
            for observe in frame.ctx.hooks.observers.enters:
                observe(frame, alternative, node, is_async)
            if frame.emit:
                able = supported_protocols(frame.ctx, alternative)
                text = for_message(node)
                frame.emit_event(Entered(*frame.at(node), alternative, is_async, text, able, frame.is_async))
        return _entered_value(frame, alternative, is_async, place)

    options = alternatives(value)
    there = [option for option in options if not is_none(option)]  # None would raise
    return union(frame.each_apart(there or options, enter))


def _entered_value(frame: Frame, value: Value, is_async: bool, place: Place | None) -> Value:
    if isinstance(value, Manager):
        return value.value
    if isinstance(value, Object):
        model = frame.ctx.hooks.models.entries.get(type(value.detail))
        entered = model(value) if model is not None else None
        if entered is not None:
            return entered
        given = knowledge.result(value.type, "aenter" if is_async else "enter")
        return library_calls.value_of_type(given or "?", value)
    if isinstance(value, Instance):
        method = classes.instance_attribute(frame.ctx, value, "__aenter__" if is_async else "__enter__")
        gives = functions.quiet_result(frame, method, Arguments(), place)
        if isinstance(gives, Coroutine):
            gives = result_of_await(frame, gives)
        return gives
    return UNKNOWN


def iterate_value(frame: Frame, value: Value, node: Expr, is_async: bool) -> Value:
    """One element of an iterable, for a loop over it."""
    options = alternatives(value)

    def go_through(alternative: Value) -> Value:
        if isinstance(alternative, Coroutine):
            report_misuse(frame, alternative, "iterated", "async for" if is_async else "for")
        if frame.emit:
            able = supported_protocols(frame.ctx, alternative)
            text = for_message(node)
            # A function that iterates over its parameter, unlike its class's objects, is called on the class,
            # or gets a list of them, whatever the annotation says.
            if able or text != frame.receiver_name and not is_declared_parameter(frame, text, alternative):
                frame.emit_event(Iterated(*frame.at(node), alternative, is_async, text, able, frame.is_async))
        frame.discharge_items(alternative)
        frame.ctx.hooks.observers.consume(frame, alternative, Place(frame.path, node.line, node.col))
        for observe in frame.ctx.hooks.observers.iterates:
            observe(frame, alternative, node, is_async)
        return element_of_iterable(frame, alternative, is_async, Place(frame.path, node.line, node.col))

    items = frame.each_apart(options, go_through)
    if len(options) > 1:  # an empty container has no elements
        items = [item for option, item in zip(options, items, strict=True) if not is_empty(option)]
    return union(items)


def element_of_iterable(
    frame: Frame, value: Value, is_async: bool | None = None, origin: Place | None = None
) -> Value:
    """One element of an iterable, without recording an iteration."""
    if isinstance(value, Collection):
        if value.kind == "dict":
            return UNKNOWN
        return union(list(value.items)) if value.items is not None else value.item
    if isinstance(value, Generator):
        return value.item
    if isinstance(value, Object):
        model = frame.ctx.hooks.models.items.get(type(value.detail))
        item = model(frame, value, origin) if model is not None else None
        if item is not None:
            return item
        asynchronous = knowledge.result(value.type, "aitem")
        synchronous = knowledge.result(value.type, "item")
        chosen = (asynchronous or synchronous) if is_async is not False else synchronous
        return library_calls.value_of_type(chosen or "?", value)
    if isinstance(value, Instance):
        apart = value if is_async else as_tuple(frame.ctx, value)
        if apart is not value:
            return element_of_iterable(frame, apart)
        method = classes.instance_attribute(frame.ctx, value, "__aiter__" if is_async else "__iter__")
        given = functions.quiet_result(frame, method, Arguments(), origin)
        if isinstance(given, Instance):
            method = classes.instance_attribute(frame.ctx, given, "__anext__" if is_async else "__next__")
            item = functions.quiet_result(frame, method, Arguments(), origin)
            return result_of_await(frame, item) if isinstance(item, Coroutine) else item
        return element_of_iterable(frame, given) if isinstance(given, (Collection, Generator)) else UNKNOWN
    return UNKNOWN


_NAMED_TUPLE: Final = frozenset({"typing.NamedTuple", "typing_extensions.NamedTuple"})


def as_tuple(ctx: Context, value: Value) -> Value:
    """A value that is unpacked: a named tuple as the tuple of its fields."""
    options = alternatives(value)
    if not any(isinstance(option, Instance) for option in options):
        return value
    return union([_tuple_of_fields(ctx, option) for option in options])


def _tuple_of_fields(ctx: Context, value: Value) -> Value:
    if not isinstance(value, Instance) or not classes.derives_from(ctx, value.cls, _NAMED_TUPLE):
        return value
    declared = declared_fields(classes.mro(ctx, value.cls))
    return Collection("tuple", items=tuple(attributes.attribute_of(ctx, value, name) for name in declared))


def elements_of(frame: Frame, value: Value, origin: Place) -> Value:
    """The elements of an iterable."""
    found = []
    for alternative in alternatives(value):
        if not is_none(alternative):
            frame.ctx.hooks.observers.consume(frame, alternative, origin)
            found.append(element_of_iterable(frame, alternative, False, origin))
    return union(found)


def function_at(frame: Frame, table: Collection, key: Expr) -> Value:
    """The functions of a table that can be at an unknown key.

    Unknown if other code decides the key: when the receiver was created, or by a default.
    """
    root = key
    while isinstance(root, tree.Attr):
        root = root.value
    if isinstance(root, tree.Name):
        params = frame.node.params if frame.node is not None and not frame.emit else []
        has_default = any(param.name == root.id and param.default is not None for param in params)
        if has_default or (root is not key and root.id == frame.receiver_name):
            return UNKNOWN if has_several_functions(table) else table.item
    return any_function(table)


def item_at(frame: Frame, owner: Value, index: Expr, asked: Value) -> Value:
    """The value of ``owner[index]``, with the value of the index."""
    if isinstance(owner, Object):
        model = frame.ctx.hooks.models.items.get(type(owner.detail))
        if model is not None and isinstance(index, tree.Const) and isinstance(index.value, int):
            return model(frame, owner, frame.place_of(index)) or UNKNOWN
        return library_calls.value_of_type(knowledge.result(owner.type, "getitem") or "?", owner)
    if isinstance(owner, Instance):
        method = classes.instance_attribute(frame.ctx, owner, "__getitem__")
        return functions.quiet_result(frame, method, Arguments((asked,)), frame.place_of(index))
    if not isinstance(owner, Collection):
        return UNKNOWN
    if isinstance(index, tree.Other):  # a slice, which may lack the one function that matters
        is_table = owner.items is not None and not isinstance(any_function(owner), Unknown)
        item = owner.item if is_table else element_of_container(owner)
        return Collection(owner.kind, item) if owner.kind != "dict" else UNKNOWN
    if has_classes_as_keys(owner) and owner.keys is not None and owner.items is not None:
        key = names.key_written(frame, index, asked)
        if key in owner.keys:
            return owner.items[owner.keys.index(key)]
    index = written_key(index, asked)
    if isinstance(index, tree.Const) and owner.items is not None:
        if isinstance(index.value, int) and -len(owner.items) <= index.value < len(owner.items):
            return owner.items[index.value] if owner.keys is None or owner.kind == "row" else UNKNOWN
        if isinstance(index.value, str) and owner.keys is not None and index.value in owner.keys:
            return owner.items[owner.keys.index(index.value)]
        return UNKNOWN
    if owner.items is None and not has_several_functions(owner):
        return owner.item
    return UNKNOWN if isinstance(index, tree.Const) else function_at(frame, owner, index)
