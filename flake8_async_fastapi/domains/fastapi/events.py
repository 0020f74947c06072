"""Events of applications and routers, and of their handlers and lifespans."""

from __future__ import annotations

from typing import Literal

from flake8_async_fastapi.engine.events import Event
from flake8_async_fastapi.engine.places import Mention
from flake8_async_fastapi.engine.values import Function


class SyncEndpoint(Event, frozen=True):
    """A plain function, at its ``def``, has a dependency that provides an AsyncSession.

    ``saved`` says that the dependency commits, or may commit, by itself.
    """

    name: str
    parameter: str
    saved: bool


class HandlerAdded(Event, frozen=True):
    """A start-up or shutdown handler is registered.

    ``ignored_by`` names the application whose ``lifespan=`` replaces it; empty if no such application is
    known. ``deprecated`` says that registering it this way causes a warning.
    """

    text: str
    ignored_by: str
    deprecated: bool


class LifespanEnded(Event, frozen=True):
    """A lifespan that uses an engine. ``is_declared`` says that its parameter is an application."""

    lifespan: Function
    is_declared: bool


class ApplicationMounted(Event, frozen=True):
    """An application with a lifespan is mounted on an application that does not run it."""

    text: str
    lifespan: str


class OverrideCalled(Event, frozen=True):
    """A dependency is overridden by the result of ``label``, which cannot be called."""

    label: str


class OverrideGivesGenerator(Event, frozen=True):
    """A dependency is overridden by a function that returns ``label``, a generator that nobody opens."""

    label: str


class SignatureHidden(Event, frozen=True):
    """FastAPI asks the query for ``parameters``, the ``*args`` and ``**kwargs`` of a function: ``text``.

    ``replaced`` is the dependency that the function overrides, ``route`` the route that it wraps; both are
    empty for a dependency.
    """

    text: str
    parameters: tuple[str, ...]
    replaced: str = ""
    route: str = ""


class OverrideIgnored(Event, frozen=True):
    """A dependency is overridden under a key, ``text``, that is not its function.

    ``what`` is ``text``, ``annotation``, ``depends`` or ``call``; ``dependency`` is the function that
    is meant, if that is known.
    """

    text: str
    what: str
    dependency: str = ""


class RouteErrorSwallowed(Event, frozen=True):
    """A dependency catches the errors of its routes, by ``text``, and does not raise them again.

    ``is_left`` says that the text is a statement that leaves a ``finally``. ``is_own`` says that it is the
    route itself that enters a context manager which commits at its end, and keeps the errors before that.
    """

    text: str
    is_left: bool = False
    is_own: bool = False


class ParameterNotFilled(Event, frozen=True):
    """A route or dependency has a parameter without a ``Depends`` whose type FastAPI cannot handle.

    ``owner`` is the function or class, ``type`` the name of the type as written. ``calls``: it has a
    ``Depends()`` without a function, so FastAPI calls the type, which has this parameter itself.
    """

    owner: str
    parameter: str
    type: str
    calls: str = ""


class CalledByHand(Event, frozen=True):
    """A function is called without an argument for a parameter that FastAPI fills, by its ``marker``.

    ``is_default`` says that the marker is the default, so that the function gets the marker itself.
    """

    text: str
    name: str
    parameter: str
    marker: str
    is_default: bool


class CalledByStarlette(Event, frozen=True):
    """A function is registered, by ``text``, with Starlette, which passes it ``passed`` and no more.

    ``marker`` marks a parameter that FastAPI would fill.
    """

    text: str
    name: str
    parameter: str
    marker: str
    passed: str


class BackgroundTasksDropped(Event, frozen=True):
    """Background tasks that nobody runs; ``text`` is the code that drops or makes them.

    ``reason`` is ``replaced`` (the response has its own tasks), ``shared`` (it is one for all requests, and
    has those of the first), ``unattached`` (no response gets them), ``raised`` (an exception ends the
    request) or ``late`` (a dependency adds them after its ``yield``). ``owner`` is the function that adds
    the tasks that are replaced.
    """

    text: str
    reason: str
    owner: str = ""


class ContextVariableLost(Event, frozen=True):
    """A context variable is set in a context that its readers do not see, or read in one where it is not set.

    ``how`` is ``thread`` (a plain dependency sets it), ``reset`` (a plain generator resets it),
    ``middleware`` (a middleware reads a variable that is set below it) or ``lifespan`` (a lifespan sets it
    for all requests).
    """

    variable: str
    how: str
    owner: str


class BodyConsumed(Event, frozen=True):
    """A middleware reads a request's body by ``text``, ``after`` the route has, or ``before`` it can."""

    text: str
    problem: Literal["after", "before"]


class HttpErrorLost(Event, frozen=True):
    """An HTTP error whose status no client gets; ``text`` is the code that loses it.

    ``how`` is ``replaced`` (a handler catches it and answers with ``instead``), ``decorated`` (so does one
    of a decorator, ``text`` is the error), ``returned`` (it is the result of a route or dependency) or
    ``middleware`` (it leaves a middleware). ``status`` is 0 if it is not known.
    """

    text: str
    how: str
    status: int
    instead: int
    handler: Mention | None = None

    def others(self) -> tuple[Mention, ...]:
        return () if self.handler is None else (self.handler,)
