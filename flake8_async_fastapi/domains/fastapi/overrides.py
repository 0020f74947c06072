"""What replaces dependencies: ``app.dependency_overrides[...] = ...``."""

from __future__ import annotations

from flake8_async_fastapi.domains.fastapi.events import OverrideCalled
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.values import Coroutine, Generator, Manager, Value
from flake8_async_fastapi.facts import tree

OVERRIDES = "dependency_overrides"


def report_called(frame: Frame, node: tree.Assign, value: Value) -> None:
    """Say so where an override is what a function gives, and not the function."""
    if not frame.emit or not isinstance(value, (Coroutine, Generator, Manager)) or node.value is None:
        return
    if isinstance(value, Generator) and not value.label:
        return
    for target in node.targets:
        owner = target.value if isinstance(target, tree.Subscript) else None
        if isinstance(owner, tree.Attr) and owner.name == OVERRIDES:
            frame.emit_event(OverrideCalled(*frame.at(node.value), value.label))
