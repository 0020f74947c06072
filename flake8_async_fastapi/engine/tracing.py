"""Events for traces only, in addition to those for rules."""

from __future__ import annotations

from msgspec.structs import replace

from flake8_async_fastapi.engine.events import CallTraced
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.hooks import Hooks
from flake8_async_fastapi.engine.values import Arguments, Value
from flake8_async_fastapi.engine.watches import ALL, Watch, Watches
from flake8_async_fastapi.facts.tree import Call


def trace_calls(hooks: Hooks) -> Hooks:
    """The hooks, with one more that reports for each call what domains know of its result."""
    watch = Watch(_trace_call, ALL, ALL, ALL, checked=True)
    return replace(hooks, called=Watches((*hooks.observers.called, watch)))


def _trace_call(frame: Frame, callee: Value, arguments: Arguments, node: Call, result: Value) -> None:
    words = describe(frame, result)
    if words:
        frame.emit_event(CallTraced(frame.path, node.line, node.col, frame.qualname, result, words))


def describe(frame: Frame, value: Value) -> str:
    """The domains' knowledge of a value on the frame's path, in words."""
    models = frame.ctx.hooks.models.descriptions
    return "; ".join(text for model in models for text in model(frame, value) if text)
