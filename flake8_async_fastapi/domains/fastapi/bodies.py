"""The bodies of requests: FastAPI validates them on the event loop, also for plain functions.

Source: docs/behaviour.md#blocking.
"""

from __future__ import annotations

from flake8_async_fastapi.domains.blocking.constructors import effects_of_validation
from flake8_async_fastapi.domains.blocking.events import EffectReached
from flake8_async_fastapi.domains.fastapi import dependencies
from flake8_async_fastapi.domains.fastapi.routes import ROUTE
from flake8_async_fastapi.domains.pydantic.fields import is_schema
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.values import Function, Instance
from flake8_async_fastapi.facts import tree


def report_validators(frame: Frame, function: Function, outer: Frame) -> None:
    """Report the parameters of a route whose validators block."""
    if frame.role != ROUTE or not isinstance(function.node, tree.FunctionDef):
        return
    for param in function.node.params:
        value = frame.state.env.get(param.name)
        if isinstance(value, Instance) and value.location is None and param.annotation is not None:
            found = list(effects_of_validation(frame.ctx, value.cls))
            if not found or not is_schema(frame.ctx, value.cls):
                continue
            if dependencies.target_of_parameter(frame, param) is None:
                at = (frame.path, param.annotation.line, param.annotation.col, frame.qualname)
                for effect in found:
                    if not effect.is_brief or frame.ctx.settings.reports_brief:
                        frame.ctx.events.append(EffectReached(*at, effect, is_validation=True))
