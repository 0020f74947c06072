"""Test helpers that are annotated with one client and get another.

The annotation ``TestClient`` of a helper may be left unchanged when its tests become async.
"""

from __future__ import annotations

from typing import Final

from flake8_async_fastapi.engine.frame import Context
from flake8_async_fastapi.engine.machine.callers import values_passed
from flake8_async_fastapi.engine.values import Function, Object, Unknown, alternatives
from flake8_async_fastapi.facts.walk import dotted

_SYNC: Final = "TestClient"
_ASYNC: Final = "httpx.AsyncClient"


def receives_async_client(ctx: Context, function: Function, place: int) -> bool:
    """Whether callers pass an async client for a parameter annotated with a sync one, as far as known."""
    params = function.node.params[function.receiver is not None :]
    if not function.is_async or place >= len(params):
        return False
    param = params[place]
    if param.annotation is None or dotted(param.annotation).rpartition(".")[2] != _SYNC:
        return False

    def find() -> bool:
        passed = [one for value in values_passed(ctx, function, param.name) for one in alternatives(value)]
        known = [value for value in passed if not isinstance(value, Unknown)]
        return bool(known) and all(isinstance(one, Object) and one.type == _ASYNC for one in known)

    return ctx.query(("given clients", function.key, param.name), find, False)
