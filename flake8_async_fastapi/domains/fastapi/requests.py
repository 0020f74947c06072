"""The dependencies of one request: they run one after the other, often with the same session.

A commit in one of them expires the objects that earlier ones provided. Source:
docs/behaviour.md#fastapi-functions.
"""

from __future__ import annotations

from flake8_async_fastapi.domains.fastapi.dependencies import target_of_parameter
from flake8_async_fastapi.domains.orm.objects.own_sessions import OwnSessions
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.machine import functions, protocols
from flake8_async_fastapi.engine.values import Arguments, Coroutine, Function, Instance, Object, Plain, Value
from flake8_async_fastapi.facts import tree


def run_dependencies(frame: Frame, function: Function, outer: Frame) -> None:
    """Apply the effects of the dependencies, in their order, to the path of a function that FastAPI calls."""
    env, params = frame.state.env, function.node.params
    if sum(_may_come_with_changes(param, env.get(param.name)) for param in params) < 2:
        return
    if not frame.ctx.hooks.tracks(frame.state):
        return
    quiet = Frame(frame.ctx, frame.path, frame.qualname)
    quiet.state = frame.state
    quiet.notes_of(OwnSessions).are_of_request = True
    seen: set[Function] = set()
    for param in params:
        _run_dependency(quiet, frame, param, seen)
    frame.state = quiet.state


def _may_come_with_changes(param: tree.Param, value: Value | None) -> bool:
    """Whether a provider may have done more than provide its value.

    Sessions, services and schemas are just made.
    """
    if isinstance(value, Instance):
        return value.location is not None
    if isinstance(value, Plain):
        return isinstance(param.default, tree.Call) or isinstance(param.annotation, tree.Subscript)
    return not isinstance(value, Object)


def _run_dependency(quiet: Frame, asking: Frame, param: tree.Param, seen: set[Function]) -> None:
    """Run the dependency of a parameter, after its own dependencies; each runs once for a request."""
    target = target_of_parameter(asking, param)
    if not isinstance(target, Function) or target in seen:
        return
    seen.add(target)
    inside = Frame(quiet.ctx, target.path, "", owner=target.owner, closure=target.closure)
    for inner in target.node.params:
        _run_dependency(quiet, inside, inner, seen)
    quiet.path = target.path  # its effects are applied there
    result = functions.call_function(quiet, target, Arguments(), "", target.key)
    if isinstance(result, Coroutine):
        protocols.result_of_await(quiet, result)
