"""The session of a request: the dependency that makes it, and other holders in the same request.

FastAPI keeps the values of dependencies until the route has run, also those passed between dependencies.
Source: docs/behaviour.md#fastapi-functions.
"""

from __future__ import annotations

from flake8_async_fastapi.domains.fastapi.dependencies import (
    Dependency,
    functions_before,
    provide_dependency,
    target_of_parameter,
)
from flake8_async_fastapi.domains.fastapi.routes import ROUTE
from flake8_async_fastapi.domains.orm.objects.own_sessions import OwnSessions
from flake8_async_fastapi.domains.orm.session.session_factories import is_tracked_session
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.machine import classes
from flake8_async_fastapi.engine.renaming import resource_key
from flake8_async_fastapi.engine.values import (
    ClassValue,
    Function,
    Instance,
    Object,
    Unknown,
    Value,
    alternatives,
)
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Param
from flake8_async_fastapi.facts.walk import nodes_in


def note_own_sessions(frame: Frame, function: Function, outer: Frame) -> None:
    """Note the sessions that only a route has, if that matters."""
    if frame.role == ROUTE and isinstance(function.node, tree.FunctionDef):
        given, node = dict(frame.state.env), function.node
        outside = Frame(frame.ctx, function.path, "", owner=function.owner, closure=function.closure)
        own = frame.notes_of(OwnSessions)
        own.find = lambda: _own_sessions(frame, function, given)
        own.called_before = lambda: (before for before, _ in functions_before(outside, node))


def _own_sessions(frame: Frame, function: Function, given: dict[str, Value]) -> frozenset[object]:
    """The sessions that a route gets; none if anything else in its request may keep their objects."""
    decorators = function.node.decorators if isinstance(function.node, tree.FunctionDef) else []
    routers = [one for one in frame.ctx.project.body(frame.path) if isinstance(one, tree.Assign)]
    written = nodes_in([*decorators, *routers])
    if any(isinstance(node, tree.Keyword) and node.name == "dependencies" for node in written):
        return frozenset()
    made: set[object] = set()
    outside = Frame(frame.ctx, function.path, "", owner=function.owner, closure=function.closure)
    params = function.node.params
    are_known = all(_keeps_nothing(outside, param, given.get(param.name), made) for param in params)
    return frozenset(made if are_known else ())


def _keeps_nothing(asking: Frame, param: Param, given: Value | None, made: set[object]) -> bool:
    """Whether a dependency keeps no objects except those that the route gets.

    ``given`` is the value that the route gets for it; None for a dependency of a dependency. Its sessions
    are added to ``made``.
    """
    target = target_of_parameter(asking, param)
    if not isinstance(target, (Function, ClassValue)):
        return target is None or isinstance(target, Object)
    called: Value = target
    if isinstance(target, ClassValue):
        called = classes.class_attribute(asking.ctx, target, "__init__")
    inner = called.node.params if isinstance(called, Function) else []
    inside = Frame(asking.ctx, target.path, "", closure=target.closure)
    value = given
    if value is None:
        marker = Object("fastapi.params.Depends", detail=Dependency(target))
        value = provide_dependency(asking, marker, param.annotation)
    for one in alternatives(value):
        if isinstance(one, Object) and is_tracked_session(one):
            made.add(resource_key(one))
        if given is None and isinstance(one, Instance) and one.location is not None:
            return False
        if isinstance(one, Unknown) and any(target_of_parameter(inside, each) for each in inner):
            return False
    return all(_keeps_nothing(inside, each, None, made) for each in inner)
