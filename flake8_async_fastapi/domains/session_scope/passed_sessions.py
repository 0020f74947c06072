"""Sessions that a function is given by its callers: whose they are."""

from __future__ import annotations

from flake8_async_fastapi.domains.session_scope.providers import function_around
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.machine import functions
from flake8_async_fastapi.engine.machine.callers import values_passed
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.values import Object, alternatives
from flake8_async_fastapi.facts import tree


def are_of_requests(frame: Frame, name: str) -> bool:
    """Whether callers pass for a parameter only sessions that a generator opens, as a dependency does."""
    if not isinstance(frame.node, tree.FunctionDef):
        return False
    function = functions.as_function(frame.path, frame.node, frame.owner, frame.receiver, frame.closure)
    passed = [one for value in values_passed(frame.ctx, function, name) for one in alternatives(value)]
    return bool(passed) and all(
        isinstance(one, Object) and one.origin is not None and _is_in_generator(frame.ctx, one.origin)
        for one in passed
    )


def _is_in_generator(ctx: Context, place: Place) -> bool:
    function = function_around(ctx, place)
    return function is not None and function.is_generator
