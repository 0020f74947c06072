"""What happens with applications, routers, their handlers and lifespans."""

from __future__ import annotations

from flake8_async_fastapi.engine.events import Event
from flake8_async_fastapi.engine.values import Function
from flake8_async_fastapi.records import dataclass


@dataclass(frozen=True, slots=True)
class SyncEndpoint(Event):
    """A plain function, at its ``def``, has a dependency that provides an AsyncSession.

    ``saved`` says that the dependency commits by itself, or may do so.
    """

    name: str
    parameter: str
    saved: bool


@dataclass(frozen=True, slots=True)
class HandlerAdded(Event):
    """A start-up or shutdown handler is registered.

    ``ignored_by`` names the application whose ``lifespan=`` replaces it; empty
    if none is known to.  ``deprecated`` says that it is registered in a way that warns.
    """

    text: str
    ignored_by: str
    deprecated: bool


@dataclass(frozen=True, slots=True)
class LifespanEnded(Event):
    """A lifespan that uses an engine; ``is_declared`` says that its parameter is an application."""

    lifespan: Function
    is_declared: bool


@dataclass(frozen=True, slots=True)
class ApplicationMounted(Event):
    """An application with a lifespan is mounted under one that does not run that lifespan."""

    text: str
    lifespan: str


@dataclass(frozen=True, slots=True)
class RouteErrorSwallowed(Event):
    """A dependency catches the errors of its routes, by ``text``, and does not raise again."""

    text: str


@dataclass(frozen=True, slots=True)
class ParameterNotFilled(Event):
    """A route or dependency has a parameter of a type that FastAPI makes nothing of, without a ``Depends``.

    ``owner`` is the function or class, ``type`` the name of the type as it is written.
    """

    owner: str
    parameter: str
    type: str


@dataclass(frozen=True, slots=True)
class CalledByHand(Event):
    """A function is called without a parameter that FastAPI passes, by its ``marker``.

    ``is_default`` says that the marker is the default, so that the function gets that.
    """

    text: str
    name: str
    parameter: str
    marker: str
    is_default: bool


@dataclass(frozen=True, slots=True)
class CalledByStarlette(Event):
    """A function is registered, by ``text``, with Starlette, which passes it ``passed`` and no more.

    ``marker`` is what FastAPI would pass something for.
    """

    text: str
    name: str
    parameter: str
    marker: str
    passed: str


@dataclass(frozen=True, slots=True)
class BackgroundTasksDropped(Event):
    """Background tasks that nobody runs; ``text`` is what drops or makes them.

    ``reason`` is ``replaced`` (the response has tasks of its own), ``unattached`` (no response gets them)
    or ``raised`` (an exception ends the request).  ``owner`` is what adds the tasks that are replaced.
    """

    text: str
    reason: str
    owner: str = ""


@dataclass(frozen=True, slots=True)
class ContextVariableLost(Event):
    """A context variable is set where those who read it do not see it, or read where it was not set.

    ``how`` is ``thread`` (a plain dependency sets it), ``reset`` (a plain generator resets it),
    ``middleware`` (one reads what is set below it) or ``lifespan`` (that sets it for all requests).
    """

    variable: str
    how: str
    owner: str
