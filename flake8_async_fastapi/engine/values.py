"""The possible knowledge of an expression.

All values are frozen, and compared by content. ``UNKNOWN`` is a value, too: nothing is known, and no rule
reports anything.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from operator import attrgetter
from typing import ClassVar, Final, TypeAlias

from msgspec import Struct

from flake8_async_fastapi import knowledge
from flake8_async_fastapi.engine.comparison import ComparedBy
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.facts import tree


class Unknown(Struct, frozen=True):
    """Nothing is known."""


UNKNOWN: Final[Value] = Unknown()

Location: TypeAlias = tuple[Hashable, ...]
"""What tells tracked objects apart: where, and by which way, an object was made."""


class Plain(Struct, frozen=True):
    """A value of a builtin type that cannot be awaited; ``kind`` is ``object`` if no more is known."""

    kind: str


BOOL: Final = Plain("bool")
TEXT: Final = Plain("str")
OBJECT: Final = Plain("object")


class Const(Struct, frozen=True):
    """A literal None, truth value or text."""

    value: None | bool | str


class Text(Const, frozen=True):
    """A text whose content matters, as a domain's model of literals decides."""


class TextPrefix(Text, frozen=True):
    """A text whose content matters, but of which only the beginning is kept."""


NONE: Final[Value] = Const(None)
TRUE: Final[Value] = Const(True)
FALSE: Final[Value] = Const(False)


class Library(Struct, frozen=True):
    """A name of a library: a module, a class or a function."""

    dotted: str


class Payload(Struct, frozen=True):
    """A domain's knowledge of a library object; frozen, and compared by content."""

    undoes: ClassVar[bool] = False
    """Whether leaving the object by an exception takes back what was done since it was entered."""

    def change_keys(self, change: Callable[[object], object]) -> Payload:
        """The payload with new keys for the resources that it names."""
        return self

    def join(self, others: Sequence[object]) -> Payload | None:
        """One payload for several; None if they have to be kept apart."""
        return None

    def merge(self, others: Sequence[object]) -> Payload | None:
        """One payload for too many to be kept apart, which leaves open what only some do; None if unknown."""
        return None


class Object(Struct, frozen=True):
    """An instance of a library's type.

    ``arguments`` are those it was constructed with (positional ones by their
    index), ``origin`` the file, line and column of the call that made it.
    ``declared`` says that only an annotation gives the type, ``has_doubtful_type`` that
    it came from an object whose annotation may have been left behind.
    ``detail`` is what else is known of some types: the query of a statement, say.
    """

    type: str
    arguments: tuple[tuple[str, Value], ...] = ()
    declared: bool = False
    origin: Place | None = None
    has_doubtful_type: bool = False
    detail: Payload | None = None

    def argument(self, name: str) -> Value | None:
        return dict(self.arguments).get(name)


def is_only_declared(value: Object) -> bool:
    """Whether only an annotation says that an object is of a sync type that has an async twin."""
    return value.has_doubtful_type or (value.declared and knowledge.has_async_twin(value.type))


class Member(Struct, frozen=True):
    """A member of an instance of a library's type, not called yet."""

    receiver: Object
    name: str


class ModuleValue(Struct, frozen=True):
    """A module of the project."""

    path: str


class Folder(Struct, frozen=True):
    """A namespace package of the project."""

    dotted: str
    importer: str


class Closure(Struct, frozen=True, eq=False):
    """A nested function's outer variables, and the run they belong to; compared by identity."""

    env: dict[str, Value]
    outer: Closure | None = None
    scope: object = None

    contents = attrgetter("env", "outer")

    def find(self, name: str) -> Value | None:
        """The value of the innermost variable of a name; None if there is none."""
        found = self.env.get(name)
        return self.outer.find(name) if found is None and self.outer is not None else found


class ClassValue(ComparedBy, Struct, frozen=True, eq=False):
    """A class of the project, compared without its ``node``."""

    path: str
    node: tree.ClassDef
    key: tuple[str, int]
    closure: Closure | None = None

    @property
    def name(self) -> str:
        return self.node.name

    compared = attrgetter("path", "key", "closure")

    def __hash__(self) -> int:
        return hash(self.key)  # classes are looked up all the time


class Instance(Struct, frozen=True):
    """An instance of a class of the project.

    ``attributes`` are those its construction set; ``exact`` says that the class
    is not a subclass; both are unknown for a parameter.  ``location`` tells an object apart
    whose state a domain tracks.  ``has_doubtful_type`` says that it is what a call of something
    unknown gave, and only the annotation of the function around it names the class.
    """

    cls: ClassValue
    attributes: tuple[tuple[str, Value], ...] | None = None
    exact: bool = False
    location: Location | None = None
    has_doubtful_type: bool = False


class Super(Struct, frozen=True):
    """``super()`` in a method of ``owner``."""

    owner: ClassValue
    receiver: Instance | ClassValue


class Function(ComparedBy, Struct, frozen=True, eq=False):
    """A function of the project, bound to ``receiver`` if that is not None; compared without its ``node``.

    ``owner`` is the class that defines it; ``wrapped`` says how a decorator
    changed what a call returns: ``""``, ``context`` or ``async-context``.
    """

    path: str
    node: tree.FunctionDef | tree.Lambda
    key: Place
    owner: ClassValue | None = None
    receiver: Value | None = None
    closure: Closure | None = None
    wrapped: str = ""
    is_static: bool = False

    compared = attrgetter("path", "key", "owner", "receiver", "closure", "wrapped", "is_static")

    @property
    def is_async(self) -> bool:
        return isinstance(self.node, tree.FunctionDef) and self.node.is_async

    @property
    def is_generator(self) -> bool:
        return isinstance(self.node, tree.FunctionDef) and self.node.is_generator

    @property
    def name(self) -> str:
        return self.node.name if isinstance(self.node, tree.FunctionDef) else "<lambda>"


class Partial(Struct, frozen=True):
    """``functools.partial(function, ...)``."""

    function: Value
    args: tuple[Value, ...]
    keywords: tuple[tuple[str, Value], ...]


class DeclaredCallable(Struct, frozen=True):
    """Any callable whose result, or an awaitable of it, an annotation declares."""

    result: Value = UNKNOWN
    is_async: bool = True


class Coroutine(ComparedBy, Struct, frozen=True, eq=False):
    """A coroutine object; ``origin`` is the file, line and column of the call that made it.

    ``family``: ``database`` or ``other``.  Awaiting it gives ``result``, or what ``function`` or ``method``,
    called at ``node``, gives for ``call``.  ``method`` and ``node`` are not compared.
    """

    label: str
    family: str
    origin: Place
    result: Value = UNKNOWN
    function: Function | None = None
    call: Arguments | None = None
    made_by_await: bool = False
    method: Member | None = None
    node: tree.Call | None = None

    compared = attrgetter("label", "family", "origin", "result", "function", "call", "made_by_await")


class Generator(Struct, frozen=True):
    """The result of calling a generator function; ``function`` and ``parts`` are as in ``Manager``."""

    label: str
    item: Value
    is_async: bool
    function: Function | None = None
    parts: tuple[Hashable, ...] = ()


class Manager(Struct, frozen=True):
    """The result of calling a function under ``@contextmanager`` or ``@asynccontextmanager``.

    ``function`` is what was called, ``parts`` what domains say it does when it is entered or left.
    """

    label: str
    value: Value
    is_async: bool
    parts: tuple[Hashable, ...] = ()
    function: Function | None = None


class Collection(Struct, frozen=True):
    """A list, tuple, set, dict (of its values) or other iterable.

    ``items`` is known for displays; ``item`` stands for any element.
    """

    kind: str
    item: Value = UNKNOWN
    items: tuple[Value, ...] | None = None
    keys: tuple[str | None, ...] | None = None


class PassedDict(Collection, frozen=True):
    """A dict as a caller passed it, which nothing has changed since: it has no other keys."""


class OneOf(Struct, frozen=True, eq=False):
    """One of several values, at most ``MOST``; their order has no meaning."""

    values: tuple[Value, ...]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, OneOf):
            return NotImplemented
        return self.values == other.values or frozenset(self.values) == frozenset(other.values)

    def __ne__(self, other: object) -> bool:
        return not self == other  # that of ``Struct`` would compare identities

    def __hash__(self) -> int:
        return hash(frozenset(self.values))


class Arguments(Struct, frozen=True):
    """The arguments of a call; ``opaque`` with ``*`` or ``**``, ``placed`` of them before the first ``*``."""

    args: tuple[Value, ...] = ()
    keywords: tuple[tuple[str, Value], ...] = ()
    opaque: bool = False
    placed: int = 0

    def get(self, place: int, name: str) -> Value | None:
        """The argument at a position or with a name, or None."""
        for keyword, value in self.keywords:
            if keyword == name:
                return value
        return self.args[place] if place < (self.placed if self.opaque else len(self.args)) else None

    def after(self, *first: Value, keywords: tuple[tuple[str, Value], ...] = ()) -> Arguments:
        """Some other arguments, followed by these."""
        placed = self.placed + len(first)
        return Arguments((*first, *self.args), (*keywords, *self.keywords), self.opaque, placed)

    def rest(self) -> Arguments:
        """These arguments without the first positional one."""
        return Arguments(self.args[1:], self.keywords, self.opaque, max(self.placed - 1, 0))

    def values(self) -> tuple[Value, ...]:
        return (*self.args, *[value for _, value in self.keywords]) if self.keywords else self.args


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
    | DeclaredCallable
    | Coroutine
    | Generator
    | Manager
    | Collection
    | OneOf
)


def is_plain(value: Value) -> bool:
    """Whether a value is plain data, with which a call can do nothing but read it."""
    return isinstance(value, (Plain, Unknown)) or (
        isinstance(value, Const) and isinstance(value.value, str) and not isinstance(value, Text)
    )


def alternatives(value: Value) -> tuple[Value, ...]:
    """The alternatives of a value."""
    return value.values if isinstance(value, OneOf) else (value,)


def called_name(callee: Value) -> str:
    """The dotted name of a library's function or method; empty for other values."""
    if isinstance(callee, Library):
        return callee.dotted
    return f"{callee.receiver.type}.{callee.name}" if isinstance(callee, Member) else ""


def is_none(value: Value) -> bool | None:
    """Whether a value is None; the result is None if that is not known."""
    if isinstance(value, Const):
        return value.value is None
    if isinstance(value, (Unknown, OneOf)) or (isinstance(value, Plain) and value.kind == "object"):
        return None
    return False


def truth_value(value: Value) -> bool | None:
    """Whether a value counts as true; None if that is not known."""
    if isinstance(value, Const):
        return bool(value.value)
    if isinstance(value, (Coroutine, Function, ClassValue, ModuleValue, Member, Generator, Manager)):
        return True
    return True if isinstance(value, Collection) and value.items and value.kind != "generator" else None
