"""Events: engines, session factories, sessions and HTTP clients are created, and functions are decorated."""

from __future__ import annotations

from flake8_async_fastapi.engine.events import Event
from flake8_async_fastapi.engine.values import Arguments, Function, Value
from flake8_async_fastapi.project.requirements import Requirements


class EngineMade(Event, frozen=True):
    """An engine is created.

    ``url`` is the beginning of its URL, empty if it is not known. ``engine_kind`` says which engines the
    URL is for: ``async``, ``sync``, ``both``, ``none`` (there is no such driver), or empty. ``is_21`` says
    whether SQLAlchemy is 2.1 or later. ``per_request`` says that each request creates a new engine.
    """

    text: str
    is_async: bool
    url: str
    engine_kind: str
    driver: str
    is_21: bool | None
    requirements: Requirements
    per_request: bool


class ParametersRefused(Event, frozen=True):
    """An async engine gets parameters, in its URL or for its connections, that the driver does not accept."""

    text: str
    driver: str
    parameters: tuple[str, ...]


class PooledStatements(Event, frozen=True):
    """An async engine with asyncpg connects to PgBouncer and keeps prepared statements as by default."""

    text: str


class MemorySplit(Event, frozen=True):
    """An engine for SQLite in memory has a pool whose connections do not share one database."""

    text: str
    pool: str


class ScriptExecuted(Event, frozen=True):
    """A text of several statements is executed; ``drivers`` are the async ones that the project requires."""

    text: str
    count: int
    drivers: tuple[str, ...]


class TextParameterMisused(Event, frozen=True):
    """A text is executed, by ``text``, whose parameter ``name`` does not work.

    ``problem`` is ``cast`` (``:name::type`` is no parameter), ``quoted`` or ``comment`` (it stands where
    the database expects none), ``list`` (after ``IN``) or ``null`` (its type is not clear). ``drivers`` are
    the async ones that the project requires.
    """

    text: str
    name: str
    problem: str
    drivers: tuple[str, ...]


class StringExecuted(Event, frozen=True):
    """An async session or connection executes a plain string."""

    text: str


class FactoryMade(Event, frozen=True):
    """A session factory, or a session without one, is created; ``callee`` and ``arguments`` as in a call.

    ``result`` is the created value. ``has_default`` says that a class of the project sets
    ``expire_on_commit``, ``has_async_factory`` that the version of SQLAlchemy has ``async_sessionmaker``.
    """

    callee: Value
    arguments: Arguments
    result: Value
    text: str
    has_default: bool
    has_async_factory: bool


class FactoryUnbound(Event, frozen=True):
    """A session factory is created that no code gives an engine."""

    text: str


class ClientMade(Event, frozen=True):
    """An HTTP client is created. ``is_removed`` says whether its version no longer has ``app``."""

    arguments: Arguments
    text: str
    is_removed: bool | None


class GlobalSession(Event, frozen=True):
    """A session is assigned to a variable of a module or class, called ``name``.

    ``owner`` is empty, or the class of an object in it that keeps a session as an attribute once it is
    entered.
    """

    name: str
    text: str
    owner: str


class SessionLeftOpen(Event, frozen=True):
    """A session is opened and never closed.

    ``how`` says where the session is: a dependency provides it by ``return`` or ``yield``, it stays in a
    ``helper``, ``anext`` takes it from a dependency that is called by hand, a middleware looks for it in a
    ``variable`` that is set below, it is returned when its block has ``closed`` it, or it belongs to a
    ``scope`` that is never left.
    """

    text: str
    how: str


class Decorated(Event, frozen=True):
    """A function of the project is decorated with the result of a library call."""

    callee: Value
    decorated: Function
