"""Plain routes under a decorator of the project that makes a coroutine function of them.

FastAPI awaits the wrapper on the event loop, where the plain function runs then, and not in a thread.
"""

from __future__ import annotations

from flake8_async_fastapi.domains.blocking.effects import effects_of, is_blocking
from flake8_async_fastapi.domains.blocking.events import EffectReached
from flake8_async_fastapi.domains.fastapi.routes import ROUTE, is_written_verb
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.machine import names
from flake8_async_fastapi.engine.values import Function
from flake8_async_fastapi.facts import tree


def report_wrapped(frame: Frame, function: Function, outer: Frame) -> None:
    """Report a plain route that blocks, and whose wrapper runs on the event loop."""
    node = function.node
    if frame.role != ROUTE or not isinstance(node, tree.FunctionDef) or node.is_async or node.is_generator:
        return
    first, last = node.decorators[0], node.decorators[-1]
    if "." in node.qualname or is_written_verb(last) or not is_written_verb(first):
        return  # the function itself is registered
    wrapper = names.module_value(frame.ctx, frame.path, node.name)
    if not isinstance(wrapper, Function) or not wrapper.is_async or wrapper.is_generator:
        return
    for effect in effects_of(frame.ctx, wrapper, None):
        if is_blocking(effect) and (frame.ctx.settings.reports_brief or not effect.is_brief):
            event = EffectReached(frame.path, node.line, node.col, frame.qualname, effect)
            frame.ctx.events.append(event)
