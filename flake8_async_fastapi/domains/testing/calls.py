"""Handlers of the engine's calls, by the kind of callee."""

from __future__ import annotations

from flake8_async_fastapi.domains.testing import clients, loops
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.values import Arguments, Library, Member, Object, Value
from flake8_async_fastapi.facts import tree


def note_call(frame: Frame, callee: Value, arguments: Arguments, node: tree.Call, result: Value) -> None:
    """Handle a call that creates a client, or that may open a connection in a fixture."""
    if not frame.emit:
        return
    if isinstance(callee, Library):
        clients.report_client(frame, callee, arguments, node)
    elif isinstance(callee, (Member, Object)):
        loops.note_call(frame, callee, arguments, node)
