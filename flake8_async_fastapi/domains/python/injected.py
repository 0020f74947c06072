"""Containers of dependency_injector: a call of their class makes an object of another one.

The object has the providers of the class. A method that is written in the class is not there, and the
library's own of the same name is called.

Source: the documentation of dependency_injector, "Declarative container".
"""

from __future__ import annotations

from typing import Final

from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.machine import classes
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.values import UNKNOWN, Arguments, ClassValue, Value

_CONTAINERS: Final = frozenset({"dependency_injector.containers.DeclarativeContainer"})


def make_container(frame: Frame, cls: ClassValue, arguments: Arguments, origin: Place) -> Value | None:
    """Nothing is known of what a container's class makes; None for other classes."""
    is_container = bool(cls.node.bases) and classes.derives_from(frame.ctx, cls, _CONTAINERS)
    return UNKNOWN if is_container else None
