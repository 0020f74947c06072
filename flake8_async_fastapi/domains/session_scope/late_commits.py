"""Commits after the ``yield`` of a dependency: since FastAPI 0.118 the response is sent first.

Source: docs/behaviour.md#fastapi-functions.
"""

from __future__ import annotations

from typing import Final

from flake8_async_fastapi.domains.fastapi.applications import may_end_after_response
from flake8_async_fastapi.domains.fastapi.routes import REGISTERED
from flake8_async_fastapi.domains.session_scope.connection_state import ConnectionNotes, Connections
from flake8_async_fastapi.domains.session_scope.events import CommittedLate
from flake8_async_fastapi.domains.session_scope.nothing_left import leaves_nothing
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.machine import functions
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.project.requirements import Requirements

_LEFT: Final = "__aexit__()"


def report_late_commits(frame: Frame) -> None:
    """Report a dependency that may commit after its ``yield``."""
    notes, node = frame.notes.get(ConnectionNotes), frame.node
    if notes is None or not notes.late_commits or frame.role != REGISTERED:
        return
    if not isinstance(node, tree.FunctionDef):
        return
    dependency = functions.as_function(frame.path, node)
    if not may_end_after_response(frame.ctx, dependency) or leaves_nothing(frame.ctx, dependency):
        return
    is_after = sends_response_first(frame.ctx.project.requirements_of(frame.path))
    blocks = {place.line for place, text in notes.late_commits.items() if text != _LEFT}
    for place, text in notes.late_commits.items():
        if text == _LEFT and place.line in blocks:
            continue  # reported at the block whose end calls it
        if not any(place in state.part(Connections).commits for state in frame.yield_states):
            path, line, col = place
            frame.emit_event(CommittedLate(path, line, col, frame.qualname, text, is_after))


def sends_response_first(requirements: Requirements) -> bool:
    """Whether dependencies end after the response: before 0.106, since 0.118, and by default today."""
    if requirements.at_least("fastapi", (0, 118)) is False:
        return requirements.at_least("fastapi", (0, 106)) is False
    return True
