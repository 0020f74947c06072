"""Annotations and parameters by themselves: the words and type variables, and what a call passes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import repeat
from typing import Final

from flake8_async_fastapi import knowledge
from flake8_async_fastapi.engine.joins import union
from flake8_async_fastapi.engine.values import (
    UNKNOWN,
    Arguments,
    ClassValue,
    Collection,
    Function,
    Instance,
    Library,
    Object,
    Value,
    alternatives,
)
from flake8_async_fastapi.engine.walks import element_of_container
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr, Param
from flake8_async_fastapi.facts.walk import dotted, flat, nodes_in, subscript_parts

ITERATORS: Final = frozenset(
    {"AsyncIterator", "AsyncGenerator", "AsyncIterable", "Iterator", "Generator", "Iterable"}
)
DICTS: Final = frozenset({"dict", "Dict", "Mapping", "MutableMapping", "defaultdict", "OrderedDict"})
COLLECTIONS: Final = {
    "list": "list", "List": "list", "Sequence": "list", "set": "set", "Set": "set",
    "frozenset": "set", "FrozenSet": "set", "Collection": "list", "Iterable": "list",
}  # fmt: skip

_BINDING: Final = frozenset({"classmethod", "staticmethod"})
_NO_PLACE: Final = 1_000
"""Of a parameter that is only passed by name."""


def annotated_metadata(annotation: Expr | None) -> list[Expr]:
    """The metadata in ``Annotated[...]``, as far as it is written as calls."""
    if not isinstance(annotation, tree.Subscript) or not dotted(annotation.value).endswith("Annotated"):
        return []
    return [extra for extra in subscript_parts(annotation)[1:] if isinstance(extra, tree.Call)]


def variables_bound(annotation: Expr, value: Value) -> Iterator[tuple[str, Value]]:
    """The names in the annotation of a parameter, each with the type that an argument binds to it."""
    if isinstance(annotation, tree.Name):
        if isinstance(value, Instance):
            yield annotation.id, Instance(value.cls)
        elif isinstance(value, Object):
            yield annotation.id, Object(value.type, declared=True)
    elif isinstance(annotation, tree.Binary) and annotation.op == "|":
        yield from variables_bound(annotation.left, value)
        yield from variables_bound(annotation.right, value)
    elif isinstance(annotation, tree.Subscript):
        last = dotted(annotation.value).rpartition(".")[2]
        inner = subscript_parts(annotation)
        if last in ("type", "Type"):
            if isinstance(value, ClassValue):
                yield from variables_bound(inner[0], Instance(value))
            elif isinstance(value, Library) and knowledge.library_type(value.dotted) is not None:
                yield from variables_bound(inner[0], Object(value.dotted))
        elif last in ("Optional", "Union", "Annotated"):
            for part in inner[:1] if last == "Annotated" else inner:
                yield from variables_bound(part, value)
        elif last in COLLECTIONS and isinstance(value, Collection):
            yield from variables_bound(inner[0], element_of_container(value))


def parameter_names(cls: ClassValue) -> list[str]:
    """The type variables of a generic class, in order."""
    if cls.node.parameters:
        return cls.node.parameters
    for base in cls.node.bases:
        if isinstance(base, tree.Subscript) and dotted(base.value).rpartition(".")[2] in (
            "Generic",
            "Protocol",
        ):
            return [dotted(argument) for argument in subscript_parts(base)]
    names_found: dict[str, None] = {}
    for base in cls.node.bases:
        if isinstance(base, tree.Subscript):
            names_found.update(dict.fromkeys(dotted(argument) for argument in subscript_parts(base)))
    return list(names_found)


def allows_none(annotation: Expr | None) -> bool:
    """Whether an annotation, or a part of it as in ``Mapped[X | None]``, allows None."""
    return any(
        (isinstance(node, tree.Const) and node.value is None)
        or (isinstance(node, (tree.Name, tree.Attr)) and dotted(node).rpartition(".")[2] == "Optional")
        for node in nodes_in(annotation)
    )


def is_optional(annotation: Expr) -> bool:
    """Whether an annotation is ``X | None``, however it is written."""
    if isinstance(annotation, tree.Subscript):
        last = dotted(annotation.value).rpartition(".")[2]
        return last == "Optional" or (last == "Union" and any(map(_is_none, subscript_parts(annotation))))
    return isinstance(annotation, tree.Binary) and any(
        _is_none(side) or is_optional(side) for side in (annotation.left, annotation.right)
    )


def _is_none(annotation: Expr) -> bool:
    return isinstance(annotation, tree.Const) and annotation.value is None


def is_iterator_hint(annotation: Expr | None) -> bool:
    """Whether a return annotation is that of a generator."""
    if annotation is None:
        return False
    return dotted(annotation).rpartition(".")[2] in ITERATORS


def passed_parameters(function: Function, arguments: Arguments) -> Iterator[tuple[Param, Value]]:
    """The parameters for which a call passes a value, with that value."""
    params = function.node.params[takes_receiver(function) :]
    for place, param in enumerate(params):
        passed = arguments.get(place if param.kind in ("pos", "any") else _NO_PLACE, param.name)
        if passed is not None and param.kind not in ("*", "**"):
            yield param, passed


def takes_receiver(function: Function) -> bool:
    """Whether the first parameter of a method is its receiver, which no argument is passed for."""
    params = function.node.params
    return function.receiver is not None and bool(params) and params[0].kind in ("pos", "any")


def takes_less(function: Function, arguments: Arguments) -> bool:
    """Whether a call passes more arguments than a function accepts, or a keyword that it does not have."""
    params = function.node.params
    kinds = [param.kind for param in params]
    if arguments.opaque:
        return False
    by_place = len(arguments.args) + (function.receiver is not None)
    if "*" not in kinds and by_place > sum(kind in ("pos", "any") for kind in kinds):
        return True
    names = {param.name for param in params if param.kind != "pos"}
    return "**" not in kinds and any(name not in names for name, _ in arguments.keywords)


def misses_arguments(function: Function, arguments: Arguments) -> bool:
    """Whether a call leaves out a parameter without a default, and no decorator can have filled it."""
    node = function.node
    first = 0 if function.receiver is None else 1
    passed = len(arguments.args) + len(arguments.keywords)
    if arguments.opaque or passed >= len(node.params) - first or not isinstance(node, tree.FunctionDef):
        return False
    if not _shows_signature(node):
        return False
    places = enumerate(node.params[first:])
    return any(
        param.default is None
        and param.kind in ("pos", "any", "kw")
        and arguments.get(_NO_PLACE if param.kind == "kw" else place, param.name) is None
        for place, param in places
    )


def fits(function: Function, arguments: Arguments) -> bool:
    """Whether a function accepts the arguments of a call, or a decorator may change what it accepts."""
    node = function.node
    is_shown = isinstance(node, tree.Lambda) or _shows_signature(node)
    return not (is_shown and takes_less(function, arguments)) and not misses_arguments(function, arguments)


def _shows_signature(node: tree.FunctionDef) -> bool:
    return all(dotted(decorator) in _BINDING for decorator in node.decorators)


def passes_on(node: tree.FunctionDef) -> bool:
    """Whether a function returns what a call in it gives: perhaps a coroutine, whatever it declares."""
    return any(
        isinstance(inner, tree.Return) and isinstance(inner.value, tree.Call) for inner in flat(node.body)
    )


def is_enumeration(order: Iterable[Value]) -> bool:
    """Whether a class with this order of bases is below one of ``enum``."""
    return any(isinstance(base, Library) and base.dotted.startswith("enum.") for base in order)


def is_protocol(cls: Value) -> bool:
    """Whether a value is a class whose annotated objects may be of unrelated classes."""
    return isinstance(cls, ClassValue) and any(
        dotted(base).rpartition(".")[2] == "Protocol" for base in cls.node.bases
    )


def without_doubles(value: Value, cls: Value, mro: Callable[[ClassValue], Iterable[Value]]) -> Value:
    """A value that is an instance of a class: an object that only stands in for a library's is unknown."""
    asked = (cls.items or ()) if isinstance(cls, Collection) else (cls,)
    above = [base for one in asked for base in (mro(one) if isinstance(one, ClassValue) else (one,))]
    options = alternatives(value)
    kept = [one for one in options if not (isinstance(one, Object) and _is_double(one.type, above))]
    return value if len(kept) == len(options) else union(kept) if kept else UNKNOWN


def _is_double(type_name: str, above: Sequence[Value]) -> bool:
    """Whether an object of a class with these bases only stands in for a library's type, as a mock does.

    The class has nothing to do with the type then, and is none that any object may be an instance of.
    """

    def is_apart(base: Value) -> bool:
        if isinstance(base, Library):
            is_other = not knowledge.is_subtype(type_name, base.dotted)
            is_other = is_other and not knowledge.is_subtype(base.dotted, type_name)
            return is_other and base.dotted.partition(".")[0] not in _STRUCTURAL
        return isinstance(base, ClassValue) and not is_protocol(base)

    return bool(above) and all(map(is_apart, above))


_STRUCTURAL: Final = frozenset(
    {"abc", "builtins", "collections", "contextlib", "typing", "typing_extensions"}
)


def keeps_signature(node: tree.FunctionDef | tree.Lambda) -> bool:
    """Whether a decorator, or a function that returns one, declares that it keeps the signature.

    It does so with ``Callable[P, R]`` for both its argument and its result.
    """
    if isinstance(node, tree.Lambda) or node.returns is None:
        return False
    given = [param.annotation for param in node.params if param.annotation is not None]
    if any(_are_same_callables(one, node.returns) for one in given):
        return True
    match _parts_of_callable(node.returns):
        case [tree.Display(items=[one]), back]:
            return _are_same_callables(one, back)
    return False


def _are_same_callables(given: Expr, back: Expr) -> bool:
    parts = _parts_of_callable(given)
    return len(parts) == 2 and isinstance(parts[0], tree.Name) and _text_of(given) == _text_of(back)


def _parts_of_callable(annotation: Expr) -> list[Expr]:
    """The parameters and the result in ``Callable[...]``; nothing for other annotations."""
    is_callable = isinstance(annotation, tree.Subscript) and dotted(annotation.value).endswith("Callable")
    return subscript_parts(annotation) if is_callable and isinstance(annotation, tree.Subscript) else []


def _text_of(annotation: Expr) -> str:
    """An annotation as text, to compare it with another."""
    match annotation:
        case tree.Subscript(value=value):
            return f"{dotted(value)}[{', '.join(map(_text_of, subscript_parts(annotation)))}]"
        case tree.Display(items=items):
            return f"[{', '.join(map(_text_of, items))}]"
        case tree.Const(value=value):
            return repr(value)
        case tree.Name() | tree.Attr():
            return dotted(annotation)
    return f"?{annotation}"


def has_abstract_method(cls: ClassValue) -> bool:
    """Whether a class cannot be instantiated itself: where code calls it, it stands for a subclass."""
    return any(
        dotted(decorator).rpartition(".")[2] == "abstractmethod"
        for method in cls.node.body
        if isinstance(method, tree.FunctionDef)
        for decorator in method.decorators
    )


def rewrites_fields(body: Iterable[object]) -> bool:
    """Whether a class has methods that may change a field set by its body."""
    for statement in body:
        if isinstance(statement, tree.FunctionDef):
            marks = (d.func if isinstance(d, tree.Call) else d for d in statement.decorators)
            if any("validator" in dotted(mark) for mark in marks):
                return True
            if statement.name in ("__init__", "model_post_init", "__post_init__", "__new__"):
                return True
    return False


def item_annotations(annotation: Expr, container: Collection) -> Iterable[Expr]:
    """The annotation of each item of a container (of a dict's values); empty if there is none."""
    if isinstance(annotation, tree.Binary) and annotation.op == "|":
        sides = [item_annotations(side, container) for side in (annotation.left, annotation.right)]
        found = [side for side in sides if side]
        return found[0] if len(found) == 1 else ()
    if not isinstance(annotation, tree.Subscript):
        return ()
    last = dotted(annotation.value).rpartition(".")[2]
    inner = subscript_parts(annotation)
    if last == "Optional" and inner:
        return item_annotations(inner[0], container)
    if container.kind == "dict":
        return repeat(inner[1]) if last in DICTS and len(inner) == 2 else ()
    if last in ("tuple", "Tuple"):
        is_open = len(inner) == 2 and isinstance(inner[1], tree.Other)
        is_known = container.items is not None and len(container.items) == len(inner)
        return repeat(inner[0]) if is_open else inner if is_known else ()
    return repeat(inner[0]) if last in COLLECTIONS and inner else ()
