"""Events, the only input of the rules.

Every event has its place in the file under check, and the qualified name of the function around it (empty
at module level).
"""

from __future__ import annotations

from msgspec import Struct

from flake8_async_fastapi.engine.places import Mention
from flake8_async_fastapi.engine.values import Arguments, Coroutine, Value


class Event(Struct, frozen=True):
    path: str
    line: int
    col: int
    function: str

    def others(self) -> tuple[Mention, ...]:
        """The other places involved, each with a description."""
        return ()

    def within(self) -> Mention | None:
        """The line of the callee in which it happens, if that differs from the place itself."""
        return None


class Doubtful(Event, frozen=True):
    """An event that may not happen, but that a careful reader would check.

    ``unless`` is the case in which it does not happen: it completes a sentence with that word.
    """

    event: Event
    unless: str


class CoroutineMisused(Event, frozen=True):
    """A coroutine that nobody awaits, at the call that creates it.

    For ``gathered`` and ``waited``: at the call that gets it.

    ``use`` is how the coroutine is used instead: ``discarded``, ``forgotten``, ``attribute``,
    ``subscript``, ``condition``, ``compared``, ``interpolated``, ``operand``, ``iterated``, ``entered``,
    ``called``, ``unpacked``, ``passed``, ``returned``, ``given-back``, ``gathered``,
    ``waited``, ``joined``. ``detail`` names the attribute, or
    the function it is passed to. ``awaited_chain``: there is an ``await`` in front of the whole chain,
    which applies to its end. ``in_chain``: the attribute or item is read from the call itself, not from a
    variable. ``in_async`` here and below: the code runs in an ``async def``, so ``await`` is allowed.
    """

    coroutine: Coroutine
    use: str
    detail: str = ""
    awaited_chain: bool = False
    in_async: bool = True
    in_chain: bool = False

    def others(self) -> tuple[Mention, ...]:
        made = self.coroutine.origin
        if (made.path, made.line) == (self.path, self.line):
            return ()
        return (Mention(made.path, made.line, f"{self.coroutine.label} makes the coroutine"),)


class Awaited(Event, frozen=True):
    """``await`` on a value; ``text`` is the awaited expression as written.

    ``supports`` here and below lists the operations that the value supports, in the words of the knowledge
    tables; None if they are not known.
    """

    value: Value
    text: str
    supports: frozenset[str] | None


class Entered(Event, frozen=True):
    """``with`` (or ``async with``) on a value."""

    value: Value
    is_async: bool
    text: str
    supports: frozenset[str] | None
    in_async: bool = True


class Iterated(Event, frozen=True):
    """``for`` (or ``async for``) over a value, in a loop or a comprehension."""

    value: Value
    is_async: bool
    text: str
    supports: frozenset[str] | None
    in_async: bool = True


class Called(Event, frozen=True):
    """A call."""

    callee: Value
    arguments: Arguments
    text: str
    in_async: bool
    is_route: bool


class AttributeRead(Event, frozen=True):
    """An attribute read of a value of a library's type."""

    value: Value
    name: str
    text: str
    in_async: bool = True


class RowAttributeMissing(Event, frozen=True):
    """An attribute that a row lacks is read by ``text``; the row has those in ``keys``."""

    keys: tuple[str, ...]
    name: str
    text: str


class VariableTraced(Event, frozen=True):
    """For ``trace``: a variable and its value after a statement; for ORM objects, also what is loaded."""

    name: str
    value: Value
    loaded: str = ""


class CallTraced(Event, frozen=True):
    """For hovers: a call whose result a domain can describe."""

    value: Value
    words: str


class ReadTraced(Event, frozen=True):
    """For ``trace``: an attribute of an ORM object is read here, with its reader.

    ``supply`` is ``loaded``, ``missing`` or ``perhaps``. ``origin`` is the query that loaded the object,
    with its line; None if no query did.
    """

    reader: str
    route: str
    is_relationship: bool = False
    supply: str = ""
    origin: tuple[str, int] | None = None
