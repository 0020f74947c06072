"""What an expression can be known to be.

All values are frozen and compare by what they say.  ``UNKNOWN`` is a value with
a meaning: nothing is known, and no rule speaks about it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Final, TypeAlias

from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.facts import tree


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nothing is known."""


UNKNOWN: Final[Value] = Unknown()

Ref: TypeAlias = tuple[Hashable, ...]
"""What tells tracked objects apart: where, and by which way, an object was made."""


@dataclass(frozen=True, slots=True)
class Plain:
    """A value of a builtin type that cannot be awaited; ``kind`` is ``object`` where that is all."""

    kind: str


@dataclass(frozen=True, slots=True)
class Const:
    """A literal None, truth value or text."""

    value: None | bool | str


@dataclass(frozen=True, slots=True)
class Text(Const):
    """A text that matters: it is told apart from others, as a domain's model of literals says."""


@dataclass(frozen=True, slots=True)
class TextPrefix(Text):
    """A text that matters, of which no more than the beginning is kept."""


NONE: Final[Value] = Const(None)


@dataclass(frozen=True, slots=True)
class Library:
    """A name of a library: a module, a class or a function."""

    dotted: str


class Payload:
    """What a domain attaches to an object of a library; frozen, and compared by what it says."""

    __slots__ = ()
    undoes: ClassVar[bool] = False
    """Whether leaving the object by an exception takes back what was done since it was entered."""

    def renamed(self, change: Callable[[object], object]) -> Payload:
        """The payload, with the keys of the resources that it names changed."""
        return self

    def joined(self, others: Sequence[object]) -> Payload | None:
        """One payload for several; None where they are to be told apart."""
        return None


@dataclass(frozen=True, slots=True)
class Object:
    """An instance of a library's type.

    ``arguments`` are those it was constructed with (positional ones by their
    index), ``origin`` the file, line and column of the call that made it.
    ``declared`` says that only an annotation gives the type, ``doubtful`` that
    it came from an object whose annotation may have been left behind.
    ``detail`` is what else is known of some types: the query of a statement, say.
    """

    type: str
    arguments: tuple[tuple[str, Value], ...] = ()
    declared: bool = False
    origin: Place | None = None
    doubtful: bool = False
    detail: Payload | None = None

    def argument(self, name: str) -> Value | None:
        return dict(self.arguments).get(name)


@dataclass(frozen=True, slots=True)
class Member:
    """A member of an instance of a library's type, not called yet."""

    receiver: Object
    name: str


@dataclass(frozen=True, slots=True)
class ModuleValue:
    """A module of the project."""

    path: str


@dataclass(frozen=True, slots=True)
class Folder:
    """A namespace package of the project."""

    dotted: str
    importer: str


@dataclass(frozen=True, slots=True, eq=False)
class Closure:
    """The variables that a nested function can see; compared by identity."""

    env: dict[str, Value]
    outer: Closure | None = None


@dataclass(frozen=True, slots=True)
class ClassValue:
    """A class of the project."""

    path: str
    node: tree.ClassDef = field(hash=False, compare=False)
    key: tuple[str, int]
    closure: Closure | None = None

    @property
    def name(self) -> str:
        return self.node.name

    def __hash__(self) -> int:
        return hash(self.key)  # classes are looked up all the time


@dataclass(frozen=True, slots=True)
class Instance:
    """An instance of a class of the project.

    ``attributes`` are those its construction set; ``exact`` says that the class
    is not a subclass; both are unknown for a parameter.  ``ref`` tells an object apart
    whose state a domain tracks.
    """

    cls: ClassValue
    attributes: tuple[tuple[str, Value], ...] | None = None
    exact: bool = False
    ref: Ref | None = None


@dataclass(frozen=True, slots=True)
class Super:
    """``super()`` in a method of ``owner``."""

    owner: ClassValue
    receiver: Instance | ClassValue


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the project, bound to ``receiver`` if that is not None.

    ``owner`` is the class that defines it; ``wrapped`` says how a decorator
    changed what a call gives: ``""``, ``context`` or ``async-context``.
    """

    path: str
    node: tree.FunctionDef | tree.Lambda = field(hash=False, compare=False)
    key: Place
    owner: ClassValue | None = None
    receiver: Value | None = None
    closure: Closure | None = None
    wrapped: str = ""
    is_static: bool = False

    @property
    def is_async(self) -> bool:
        return isinstance(self.node, tree.FunctionDef) and self.node.is_async

    @property
    def is_generator(self) -> bool:
        return isinstance(self.node, tree.FunctionDef) and self.node.is_generator

    @property
    def name(self) -> str:
        return self.node.name if isinstance(self.node, tree.FunctionDef) else "<lambda>"


@dataclass(frozen=True, slots=True)
class Partial:
    """``functools.partial(function, ...)``."""

    function: Value
    args: tuple[Value, ...]
    keywords: tuple[tuple[str, Value], ...]


@dataclass(frozen=True, slots=True)
class Coroutine:
    """A coroutine object; ``origin`` is the file, line and column of the call that made it.

    ``family`` is ``database`` or ``other``.  What awaiting it gives is
    ``result``, or the return value of ``function`` called with ``call``.
    """

    label: str
    family: str
    origin: Place
    result: Value = UNKNOWN
    function: Function | None = None
    call: Arguments | None = None
    made_by_await: bool = False


@dataclass(frozen=True, slots=True)
class Generator:
    """The result of calling a generator function; ``function`` and ``parts`` as in a ``Manager``."""

    label: str
    item: Value
    is_async: bool
    function: Function | None = None
    parts: tuple[Hashable, ...] = ()


@dataclass(frozen=True, slots=True)
class Manager:
    """The result of calling a function under ``@contextmanager`` or ``@asynccontextmanager``.

    ``function`` is what was called, ``parts`` what it does in the eyes of domains when it is entered
    or left.
    """

    label: str
    value: Value
    is_async: bool
    parts: tuple[Hashable, ...] = ()
    function: Function | None = None


@dataclass(frozen=True, slots=True)
class Collection:
    """A list, tuple, set, dict (of its values) or other iterable.

    ``items`` is known for displays; ``item`` stands for any element.
    """

    kind: str
    item: Value = UNKNOWN
    items: tuple[Value, ...] | None = None
    keys: tuple[str | None, ...] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Options:
    """One of several values, at most ``MOST``; their order says nothing."""

    values: tuple[Value, ...]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Options):
            return NotImplemented
        return self.values == other.values or frozenset(self.values) == frozenset(other.values)

    def __hash__(self) -> int:
        return hash(frozenset(self.values))


@dataclass(frozen=True, slots=True)
class Arguments:
    """The arguments of a call; ``opaque`` says that it has ``*`` or ``**``."""

    args: tuple[Value, ...] = ()
    keywords: tuple[tuple[str, Value], ...] = ()
    opaque: bool = False

    def get(self, place: int, name: str) -> Value | None:
        """The argument at a place or of a name, or None."""
        for keyword, value in self.keywords:
            if keyword == name:
                return value
        return self.args[place] if place < len(self.args) and not self.opaque else None

    def values(self) -> Iterator[Value]:
        yield from self.args
        yield from (value for _, value in self.keywords)


Value: TypeAlias = (
    Unknown
    | Plain
    | Const
    | Library
    | Object
    | Member
    | ModuleValue
    | Folder
    | ClassValue
    | Instance
    | Super
    | Function
    | Partial
    | Coroutine
    | Generator
    | Manager
    | Collection
    | Options
)

MOST: Final = 4
"""More values than this at once are unknown: ``maybe`` is silent."""


MOST_TEXTS: Final = 8
MOST_KEYS: Final = 40
"""Longer lists and dicts of plain values are data, not names of attributes."""


def is_plain(value: Value) -> bool:
    """Whether a value is one that no call can do anything with but read it."""
    return isinstance(value, (Plain, Unknown)) or (
        isinstance(value, Const) and isinstance(value.value, str) and not isinstance(value, Text)
    )


def display(kind: str, items: tuple[Value, ...], keys: tuple[str | None, ...] | None = None) -> Collection:
    """A list, tuple, set or dict of known items; plain items are not told apart."""
    if len(items) > (MOST_TEXTS if keys is None else MOST_KEYS) and all(map(is_plain, items)):
        return Collection(kind)
    return Collection(kind, items=items, keys=keys)


def unsealed(value: Value) -> Value:
    """A value that others can reach: what is put into an empty container later is not seen."""
    if isinstance(value, Collection) and value.items == () and value.kind != "tuple":
        return Collection(value.kind)
    return value


def union(values: list[Value]) -> Value:
    """One value that stands for any of several; unknown if one of them is."""
    if len(values) == 1:
        return values[0]
    flat: dict[Value, None] = {}
    for value in values:
        for option in options(value):
            if isinstance(option, Unknown):
                return UNKNOWN
            flat[option] = None
    if not flat or len(flat) > MOST:
        return UNKNOWN
    return next(iter(flat)) if len(flat) == 1 else Options(tuple(flat))


def common(values: Iterable[Value]) -> Value:
    """What a name is that is bound in several places, of which one counts at a time.

    None is left out: such a name is set later.  Which of the others counts, the
    places that use it know and we do not; so they must be of one type, and functions
    all ``def`` or all ``async def``.
    """
    found = [value for value in dict.fromkeys(flattened(values)) if value != NONE]
    if len(found) == 1:
        return found[0]
    match found:
        case [Object(type=name), *others] if all(isinstance(o, Object) and o.type == name for o in others):
            return _common_object([o for o in found if isinstance(o, Object)])
        case [Instance(cls=cls, ref=None), *others] if all(
            isinstance(o, Instance) and o.cls == cls and o.ref is None for o in others
        ):
            return Instance(cls)
        case [Instance(cls=cls), *others] if len(found) <= MOST and all(
            isinstance(o, Instance) and o.cls == cls for o in others
        ):
            return Options(tuple(found))
        case [Collection(kind=kind), *others] if len(found) <= MOST and all(
            isinstance(o, Collection) and o.kind == kind for o in others
        ):
            return Options(tuple(found))
        case [Function() as first, *others] if all(
            isinstance(o, Function) and o.is_async == first.is_async for o in others
        ):
            return union(found)
        case [Coroutine(), *others] if all(isinstance(o, Coroutine) for o in others):
            return union(found)
        case [Plain() | Const(), *others] if all(isinstance(o, (Plain, Const)) for o in others):
            return Plain("object")
    return UNKNOWN


def _common_object(found: list[Object]) -> Value:
    """What several objects of one type are; statements that select the same are one statement."""
    same = found[0].arguments
    if any(other.arguments != same for other in found):  # and some that are not known
        agreed_on = (pair for pair in same if all(pair in other.arguments for other in found))
        same = (*sorted(agreed_on, key=lambda pair: pair[0]), ("**", UNKNOWN))
    usual = Object(found[0].type, same, declared=any(one.declared for one in found))
    details = [one.detail for one in found]
    if not any(details):
        return usual
    agreed = details[0].joined(details[1:]) if details[0] is not None else None
    if agreed is not None:
        return replace(usual, detail=agreed)
    return Options(tuple(found)) if len(found) <= MOST else usual


def outcome(values: Iterable[Value]) -> Value:
    """What a call gives that may give any of several values.

    Callers often know by a condition of their own which it is; so the values
    must be of one type, None apart.
    """
    found = list(flattened(values))
    result = common(found)
    if NONE in found:
        return NONE if all(value == NONE for value in found) else union([result, NONE])
    return result


def flattened(values: Iterable[Value]) -> Iterator[Value]:
    """Values, with the options of those that have several."""
    for value in values:
        yield from options(value)


def options(value: Value) -> tuple[Value, ...]:
    """The values that a value can be."""
    return value.values if isinstance(value, Options) else (value,)


def may_hold(value: Value) -> bool:
    """Whether a value is of a type that can be or hold a coroutine: a quick test before ``held``."""
    return isinstance(value, _HOLDERS)


_HOLDERS: Final = (Coroutine, Options, Collection, Partial)


def held(value: Value) -> Iterator[Coroutine]:
    """The coroutines that a value is or holds."""
    if isinstance(value, Coroutine):
        yield value
    elif isinstance(value, Options):
        for option in value.values:
            yield from held(option)
    elif isinstance(value, Collection):
        for item in value.items if value.items is not None else (value.item,):
            yield from held(item)
    elif isinstance(value, Partial):
        for argument in (*value.args, *(kept for _, kept in value.keywords)):
            yield from held(argument)


def inner_values(value: Value) -> Iterator[Value]:
    """A value and all values that it holds; variables of closures are left out."""
    yield value
    match value:
        case Options(values=parts) | Collection(items=tuple(parts)):
            pass
        case Collection(item=item) | Generator(item=item):
            parts = (item,)
        case Instance(attributes=tuple(pairs)):
            parts = tuple(kept for _, kept in pairs)
        case Manager(value=entered):
            parts = (entered,)
        case Coroutine(result=result, function=function, call=call):
            parts = (result, *(call.values() if call is not None else ()), *((function,) if function else ()))
        case Function(receiver=receiver) if receiver is not None:
            parts = (receiver,)
        case Partial(function=callee, args=args, keywords=keywords):
            parts = (callee, *args, *(kept for _, kept in keywords))
        case Member(receiver=owner):
            parts = (owner,)
        case _:
            return
    for part in parts:
        yield from inner_values(part)


def mapped_values(value: Value, change: Callable[[Value], Value]) -> Value:
    """A value in which ``change`` was applied to every instance and library object that it holds."""
    match value:
        case Options(values=parts):
            return union([mapped_values(part, change) for part in parts])
        case Collection(items=None):
            return replace(value, item=mapped_values(value.item, change))
        case Collection(items=tuple(parts)):
            return replace(value, items=tuple(mapped_values(part, change) for part in parts))
        case Generator():
            return replace(value, item=mapped_values(value.item, change))
        case Manager():
            return replace(value, value=mapped_values(value.value, change))
        case Instance(attributes=tuple(pairs)):
            kept = tuple((name, mapped_values(inner, change)) for name, inner in pairs)
            return change(replace(value, attributes=kept))
        case Function(receiver=receiver) if receiver is not None:
            return replace(value, receiver=mapped_values(receiver, change))
        case Coroutine(function=function, call=call):
            changed = mapped_values(function, change) if function is not None else None
            return replace(
                value,
                result=mapped_values(value.result, change),
                function=changed if isinstance(changed, Function) else None,
                call=mapped_arguments(call, change) if call is not None else None,
            )
        case Partial():
            args = tuple(mapped_values(part, change) for part in value.args)
            keywords = tuple((name, mapped_values(part, change)) for name, part in value.keywords)
            return Partial(mapped_values(value.function, change), args, keywords)
        case Member(receiver=receiver):
            owner = change(receiver)
            return replace(value, receiver=owner) if isinstance(owner, Object) else UNKNOWN
        case Instance() | Object():
            return change(value)
    return value


def mapped_arguments(arguments: Arguments, change: Callable[[Value], Value]) -> Arguments:
    """Arguments in which ``change`` was applied to every instance and library object."""
    args = tuple(mapped_values(part, change) for part in arguments.args)
    keywords = tuple((name, mapped_values(part, change)) for name, part in arguments.keywords)
    return Arguments(args, keywords, arguments.opaque)


def element_of(value: Value) -> Value:
    """One element of a container."""
    if isinstance(value, Collection) and value.kind != "dict":
        return union(list(value.items)) if value.items is not None else value.item
    return UNKNOWN


def is_none(value: Value) -> bool | None:
    """Whether a value is None; None where that is not known."""
    if isinstance(value, Const):
        return value.value is None
    if isinstance(value, (Unknown, Options)) or (isinstance(value, Plain) and value.kind == "object"):
        return None
    return False


def truth(value: Value) -> bool | None:
    """Whether a value counts as true; None where that is not known."""
    if isinstance(value, Const):
        return bool(value.value)
    if isinstance(value, (Coroutine, Function, ClassValue, ModuleValue, Member, Generator, Manager)):
        return True
    if isinstance(value, Collection) and value.items and value.kind != "generator":
        return True
    return None
