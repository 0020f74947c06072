"""What the interpreter says happened: the only input of the rules.

Every event has the place in the file under check where it happened and the
qualified name of the function it happened in (empty at module level).
"""

from __future__ import annotations

from dataclasses import dataclass

from flake8_async_fastapi.engine.values import Arguments, Coroutine, Function, Value
from flake8_async_fastapi.project.requirements import Requirements


@dataclass(frozen=True, slots=True)
class Event:
    path: str
    line: int
    col: int
    function: str


@dataclass(frozen=True, slots=True)
class Misused(Event):
    """A coroutine that nobody awaits, at the call that made it.

    ``use`` is what became of it: ``discarded``, ``forgotten``, ``attribute``,
    ``subscript``, ``condition``, ``compared``, ``interpolated``, ``operand``,
    ``iterated``, ``entered``, ``called``, ``unpacked``, ``passed``, ``returned``.
    ``detail`` names the attribute, or what it was passed to.  ``awaited_chain``
    says that an ``await`` stands before the whole chain: it binds to its end.
    """

    coroutine: Coroutine
    use: str
    detail: str = ""
    awaited_chain: bool = False


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


@dataclass(frozen=True, slots=True)
class Iterated(Event):
    """``for`` (or ``async for``) over a value, in a loop or a comprehension."""

    value: Value
    is_async: bool
    text: str
    supports: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class Called(Event):
    """A call; ``in_async`` says that the code around it runs in an ``async def``."""

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


@dataclass(frozen=True, slots=True)
class Effect:
    """Something that a function does to the thread that calls it, with the calls that lead there.

    ``advice`` says what to use instead, where there is something.
    """

    kind: str
    label: str
    chain: tuple[str, ...] = ()
    advice: str = ""

    def via(self, name: str) -> Effect:
        """The same effect, reached through one more call."""
        return Effect(self.kind, self.label, (name, *self.chain), self.advice)


@dataclass(frozen=True, slots=True)
class Reached(Event):
    """A call in an ``async def`` of a plain function that has an effect."""

    effect: Effect


@dataclass(frozen=True, slots=True)
class RunSync(Event):
    """A call of ``run_sync``: what it is given, what that returns and does.

    ``is_call`` says that the argument is written as a call.
    """

    given: Value
    result: Value
    effects: tuple[Effect, ...]
    is_call: bool
    text: str


@dataclass(frozen=True, slots=True)
class Missing(Event):
    """An attribute of an ORM object is read, and reading it would do I/O (or give nothing).

    ``route`` are the attributes that lead from the object that a query gave to the
    missing one, each with its class, as ``Post.author``.  ``cause`` is one of
    ``heap.CAUSES``, ``use`` is ``read``, ``mutated``, ``shown``,
    ``response``, ``validated`` or ``template``, of which ``through`` gives the name.
    ``made`` is the file and line where the object was loaded or written,
    ``lost`` those where the attribute was lost.  ``chain`` are the functions
    between the place and the read.
    """

    route: tuple[str, ...]
    cause: str
    use: str
    is_relationship: bool
    made: tuple[str, str, int]
    lost: tuple[str, int, str]
    through: str = ""
    chain: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class JoinedFetched(Event):
    """A result with a collection that is loaded by a join (the last of ``route``) is fetched."""

    route: tuple[str, ...]
    method: str
    query: tuple[str, int]


@dataclass(frozen=True, slots=True)
class OptionIgnored(Event):
    """A loader option that does nothing, or fails.

    ``why``: ``text`` (named by a text), ``root`` (of another model than the query's, ``detail``),
    ``present`` (for an object that is in the session, from ``detail`` on), ``dropped``
    (of a statement that nobody keeps).
    """

    why: str
    text: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class LazyDeclared(Event):
    """A ``relationship(lazy=...)`` of a strategy that does not exist."""

    strategy: str


@dataclass(frozen=True, slots=True)
class Decorated(Event):
    """A function of the project is decorated with the result of a call of a library's function."""

    callee: Value
    decorated: Function


@dataclass(frozen=True, slots=True)
class EngineMade(Event):
    """An engine is made.

    ``url`` is the beginning of its URL, empty where that is not known; ``fits`` the
    engines that it is for: ``async``, ``sync``, ``both``, ``none`` (there is no such
    driver), or empty.  ``is_21`` says whether SQLAlchemy is 2.1 or later.
    ``per_request`` says that it is made anew for each request.
    """

    text: str
    is_async: bool
    url: str
    fits: str
    driver: str
    is_21: bool | None
    requirements: Requirements
    per_request: bool


@dataclass(frozen=True, slots=True)
class FactoryMade(Event):
    """A session factory is made, or a session without one; ``callee`` and ``arguments`` as in a call.

    ``made`` is what that gave, ``has_default`` says that a class of the project decides
    on ``expire_on_commit``.
    """

    callee: Value
    arguments: Arguments
    made: Value
    text: str
    has_default: bool
    requirements: Requirements


@dataclass(frozen=True, slots=True)
class ClientMade(Event):
    """An HTTP client is made; ``is_removed`` says whether its version has no ``app`` any more."""

    arguments: Arguments
    text: str
    is_removed: bool | None


@dataclass(frozen=True, slots=True)
class GlobalSession(Event):
    """A session is assigned to a variable of a module or class, named ``name``."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class SessionLeftOpen(Event):
    """A dependency gives a session that it opened and never closes; ``how`` is ``return`` or ``yield``."""

    text: str
    how: str


@dataclass(frozen=True, slots=True)
class SessionShared(Event):
    """Tasks that run at the same time use one session."""

    text: str
    session: str


@dataclass(frozen=True, slots=True)
class SessionOutlives(Event):
    """A session is used when what it belongs to is over.

    ``how`` is ``background``, ``task`` or ``stream``; ``closed_by`` is the ``block`` that
    opened it, or the ``request`` that it was provided for.  ``may_be_older`` says that the
    project admits versions of FastAPI that close the latter first.
    """

    text: str
    session: str
    how: str
    closed_by: str
    may_be_older: bool


@dataclass(frozen=True, slots=True)
class TransactionMisused(Event):
    """A session is used in a way that its transaction does not allow.

    ``problem`` is ``begun`` (``begin()`` comes too late), ``closed`` (it was ended inside its
    own block) or ``failed`` (a flush failed, and nothing was rolled back).
    """

    text: str
    session: str
    problem: str


@dataclass(frozen=True, slots=True)
class Believed(Event):
    """What ``trace`` shows: a variable and its value after a statement; of ORM objects, what is loaded."""

    name: str
    value: Value
    loaded: str = ""


@dataclass(frozen=True, slots=True)
class Wanted(Event):
    """What ``trace`` shows: an attribute of an ORM object is read here, by whom it is said."""

    reader: str
    route: str
