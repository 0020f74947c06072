"""What happens with statements, results and models of SQLAlchemy."""

from __future__ import annotations

from dataclasses import dataclass

from flake8_async_fastapi.engine.events import Effect, Event
from flake8_async_fastapi.engine.values import Value


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
