"""Functions that are registered with a decorator."""

from __future__ import annotations

from flake8_async_fastapi.domains.database.events import Decorated
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.values import Function, Library, Value
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr


def report_decorated(frame: Frame, callee: Value, function: Function, decorator: Expr) -> None:
    """Report a function that is decorated with the result of a library function's call."""
    if frame.emit and isinstance(callee, Library) and isinstance(decorator, tree.Call):
        frame.emit_event(Decorated(*frame.at(decorator), callee, function))
