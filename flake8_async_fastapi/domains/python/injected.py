"""Containers that make objects of classes: of dependency_injector, and those that are asked for a class.

An object of a class of dependency_injector has the providers of that class. A method that is written
in the class is not there, and the library's own of the same name is called.

Source: the documentation of dependency_injector, "Declarative container" and "Asynchronous providers", and of
the libraries in ``knowledge/injection.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.machine import classes
from flake8_async_fastapi.engine.models import CallModel, CallSite
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.values import (
    UNKNOWN,
    Arguments,
    ClassValue,
    DeclaredCallable,
    Instance,
    Object,
    Payload,
    Value,
)
from flake8_async_fastapi.knowledge import injection

_CONTAINERS: Final = frozenset({"dependency_injector.containers.DeclarativeContainer"})
_MADE: Final = "dependency_injector.containers.DynamicContainer"
_WAITING: Final = ("Coroutine", "Dependency", "DependenciesContainer", "Resource")
"""With these in a file, a provider may return an awaitable instead of the object."""


class Providers(Payload, frozen=True):
    """The class of a container, whose providers the container has."""

    cls: ClassValue


def make_container(frame: Frame, cls: ClassValue, arguments: Arguments, origin: Place) -> Value | None:
    """What a container's class makes; None for other classes."""
    is_container = bool(cls.node.bases) and classes.derives_from(frame.ctx, cls, _CONTAINERS)
    return Object(_MADE, detail=Providers(cls)) if is_container else None


def provider_of(ctx: Context, container: Object, name: str) -> Value | None:
    """A provider of a container; None for its other attributes."""
    assert isinstance(container.detail, Providers)
    found = classes.class_attribute(ctx, container.detail.cls, name)
    return found if isinstance(found, DeclaredCallable) else None


def _model_provider(site: CallSite) -> Value:
    """The value of ``providers.Factory(Class, ...)``, which makes objects of the class."""
    made, mentioning = site.arguments.get(0, "provides"), site.frame.ctx.project.mentioning
    if not isinstance(made, ClassValue) or any(site.frame.path in mentioning(name) for name in _WAITING):
        return UNKNOWN
    return DeclaredCallable(Instance(made), is_async=False)


def _model_asked(site: CallSite) -> Value | None:
    """The result of asking a container for a class: an object of the class."""
    match site.arguments.args:
        case (ClassValue() as cls,):
            return Instance(cls)
    return None


CALLS: Final[Mapping[str, CallModel]] = dict.fromkeys(injection.PROVIDERS, _model_provider)
METHODS: Final[Mapping[str, CallModel]] = dict.fromkeys(injection.ASKED, _model_asked)
