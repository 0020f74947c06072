"""Copies of values with some fields changed."""

from __future__ import annotations

from flake8_async_fastapi.engine.values import NONE, UNKNOWN, Manager
from flake8_async_fastapi.records import replace


def test_a_field_may_have_any_name() -> None:
    manager = Manager("call", UNKNOWN, is_async=True)
    assert replace(manager, value=NONE) == Manager("call", NONE, is_async=True)
