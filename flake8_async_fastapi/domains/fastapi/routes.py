"""Routes, and what FastAPI does with what they return."""

from __future__ import annotations

from flake8_async_fastapi import knowledge
from flake8_async_fastapi.domains.pydantic.validation import Adapter
from flake8_async_fastapi.engine.context import Frame, State
from flake8_async_fastapi.engine.machine import expressions
from flake8_async_fastapi.engine.values import Member, Value
from flake8_async_fastapi.facts import tree


def is_route_verb(value: Value) -> bool:
    """Whether a value is ``app.get`` or another decorator that registers a route."""
    return isinstance(value, Member) and knowledge.is_route_verb(value.receiver.type, value.name)


def response(frame: Frame, node: tree.FunctionDef) -> Adapter | None:
    """The type that FastAPI validates the result of a route against; None for nothing."""
    for decorator in node.decorators:
        if not isinstance(decorator, tree.Call):
            continue
        if not is_route_verb(expressions.evaluate(frame, State(), decorator.func)):
            continue
        for keyword in decorator.keywords:
            if keyword.name == "response_model":
                if isinstance(keyword.value, tree.Const) and keyword.value.value is None:
                    return None
                return Adapter(keyword.value, frame, (keyword.value.line, keyword.value.col))
            if keyword.name is None:
                return None
        if node.returns is not None:
            return Adapter(node.returns, frame, (node.returns.line, node.returns.col))
    return None
