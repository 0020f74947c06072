"""What the interpreter says happened: the only input of the rules.

Every event has the place in the file under check where it happened and the
qualified name of the function it happened in (empty at module level).
"""

from __future__ import annotations

from flake8_async_fastapi.engine.places import Mention
from flake8_async_fastapi.engine.values import Arguments, Coroutine, Value
from flake8_async_fastapi.records import dataclass


@dataclass(frozen=True, slots=True)
class Event:
    path: str
    line: int
    col: int
    function: str

    def others(self) -> tuple[Mention, ...]:
        """The other places that have a part in it, each with what happens there."""
        return ()

    def within(self) -> Mention | None:
        """The line of a callee at which it happens, where that is not the place itself."""
        return None


@dataclass(frozen=True, slots=True)
class Doubtful(Event):
    """An event that a careful reader would expect, and that need not happen.

    ``unless`` ends a sentence that begins with it: in which case it does not happen.
    """

    event: Event
    unless: str


@dataclass(frozen=True, slots=True)
class CoroutineMisused(Event):
    """A coroutine that nobody awaits, at the call that made it.

    ``use`` is what became of it: ``discarded``, ``forgotten``, ``attribute``,
    ``subscript``, ``condition``, ``compared``, ``interpolated``, ``operand``,
    ``iterated``, ``entered``, ``called``, ``unpacked``, ``passed``, ``returned``,
    ``given-back``.
    ``detail`` names the attribute, or what it was passed to.  ``awaited_chain``
    says that an ``await`` stands before the whole chain: it binds to its end.
    ``in_chain`` says that the attribute or item is read from the call itself, not from a variable.
    ``in_async`` here and below says that the code runs in an ``async def``: an ``await`` can stand there.
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


@dataclass(frozen=True, slots=True)
class Awaited(Event):
    """``await`` on a value; ``text`` is the awaited expression as written.

    ``supports`` here and below is all that the value can be used for, in the
    words of the knowledge tables; None where that is not known.
    """

    value: Value
    text: str
    supports: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class Entered(Event):
    """``with`` (or ``async with``) on a value."""

    value: Value
    is_async: bool
    text: str
    supports: frozenset[str] | None
    in_async: bool = True


@dataclass(frozen=True, slots=True)
class Iterated(Event):
    """``for`` (or ``async for``) over a value, in a loop or a comprehension."""

    value: Value
    is_async: bool
    text: str
    supports: frozenset[str] | None
    in_async: bool = True


@dataclass(frozen=True, slots=True)
class Called(Event):
    """A call."""

    callee: Value
    arguments: Arguments
    text: str
    in_async: bool
    is_route: bool


@dataclass(frozen=True, slots=True)
class AttributeRead(Event):
    """An attribute read of a value of a library's type."""

    value: Value
    name: str
    text: str
    in_async: bool = True


@dataclass(frozen=True, slots=True)
class VariableTraced(Event):
    """What ``trace`` shows: a variable and its value after a statement; of ORM objects, what is loaded."""

    name: str
    value: Value
    loaded: str = ""


@dataclass(frozen=True, slots=True)
class CallTraced(Event):
    """What a hover shows: a call of whose result a domain knows something, in words."""

    value: Value
    words: str


@dataclass(frozen=True, slots=True)
class ReadTraced(Event):
    """What ``trace`` shows: an attribute of an ORM object is read here, by whom it is said.

    ``supply`` says whether it is ``loaded``, ``missing`` or ``perhaps`` loaded, ``origin`` which query at
    which line gave the object; None where no query did.
    """

    reader: str
    route: str
    is_relationship: bool = False
    supply: str = ""
    origin: tuple[str, int] | None = None
