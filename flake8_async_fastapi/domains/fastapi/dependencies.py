"""Dependencies: what ``Depends`` provides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from msgspec.structs import replace

from flake8_async_fastapi.domains.fastapi import applications
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.machine import attributes, definitions, expressions, functions, type_hints
from flake8_async_fastapi.engine.models import CallModel, CallSite
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.values import (
    NONE,
    UNKNOWN,
    Arguments,
    ClassValue,
    Collection,
    Const,
    Coroutine,
    Function,
    Generator,
    Instance,
    Manager,
    Member,
    Object,
    OneOf,
    Payload,
    Plain,
    Value,
    is_none,
)
from flake8_async_fastapi.engine.walks import holds_coroutine, map_values
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr, Param
from flake8_async_fastapi.facts.walk import subscript_parts

_DEEPEST: Final = 4
"""How many dependencies of dependencies are followed."""


class Dependency(Payload, frozen=True):
    """The function or class that FastAPI calls for a parameter; None for the class in its annotation.

    ``is_fresh`` says that it is called even if it was called before for the same request.
    """

    target: Value
    is_fresh: bool = False


def model_depends(site: CallSite) -> Value:
    """The value of ``Depends(target)`` and ``Security(target)``."""
    uses_cache = site.arguments.get(1_000, "use_cache")
    is_fresh = isinstance(uses_cache, Const) and not uses_cache.value
    target = site.arguments.get(0, "dependency") or NONE
    return Object("fastapi.params.Depends", detail=Dependency(target, is_fresh))


CALLS: Final[Mapping[str, CallModel]] = {
    "fastapi.Depends": model_depends,
    "fastapi.Security": model_depends,
    "fastapi.params.Depends": model_depends,
    "fastapi.param_functions.Depends": model_depends,
}


def dependency_target(value: Value) -> Value | None:
    """The function or class that a dependency calls; None for other values."""
    found = _dependency_in(value)
    return found.target if found is not None else None


def _dependency_in(value: Value) -> Dependency | None:
    detail = value.detail if isinstance(value, Object) else None
    return detail if isinstance(detail, Dependency) else None


def annotated_extras(frame: Frame, param: Param) -> Iterator[tuple[Frame, Expr]]:
    """The arguments after the type in the ``Annotated`` of a parameter, or of the alias that it names.

    Each comes with a frame of the file where it is written.
    """
    annotation, outer = param.annotation, frame
    if isinstance(annotation, tree.Name):  # an alias such as `SessionDep`
        found = definitions.only_definition(frame.ctx, frame.path, annotation.id)
        if found is not None and isinstance(found[1], tree.Assign) and found[1].value is not None:
            outer, annotation = Frame(frame.ctx, found[0], ""), found[1].value
    if isinstance(annotation, tree.Subscript):
        for extra in subscript_parts(annotation)[1:]:
            yield outer, extra


def target_of_parameter(frame: Frame, param: tree.Param) -> Value | None:
    """The function or class that the ``Depends`` of a parameter calls, in its default or its annotation."""
    found = _dependency_of_parameter(frame, param)
    return found.target if found is not None else None


def _dependency_of_parameter(frame: Frame, param: tree.Param) -> Dependency | None:
    written = [(frame, param.default)] if param.default is not None else []
    for outer, expression in (*written, *annotated_extras(frame, param)):
        found = _dependency_in(expressions.evaluate(outer, State(), expression))
        if found is not None:
            return found
    return None


def functions_before(frame: Frame, node: tree.FunctionDef, depth: int = 0) -> Iterator[tuple[Function, bool]]:
    """The functions that FastAPI calls before another, in order, each with whether it is called anew.

    They are the dependencies of its decorators and its router, those of its parameters, and theirs.
    """
    found = [*_decorated_dependencies(frame, node)] if depth == 0 else []
    for param in node.params:
        dependency = _dependency_of_parameter(frame, param)
        if dependency is not None and is_none(dependency.target) and param.annotation is not None:
            declared = type_hints.declared_value(frame, State(), param.annotation)
            target = declared.cls if isinstance(declared, Instance) else UNKNOWN
            dependency = Dependency(target, dependency.is_fresh)
        found += [dependency] if dependency is not None else []
    for dependency in found:
        yield from _functions_of(frame, dependency, depth)


def _functions_of(frame: Frame, dependency: Dependency, depth: int) -> Iterator[tuple[Function, bool]]:
    """The function that a dependency calls, after those before it."""
    target = dependency.target
    if isinstance(target, ClassValue):
        target = attributes.attribute_of(frame.ctx, Instance(target), "__init__")
    elif isinstance(target, Instance):
        target = attributes.attribute_of(frame.ctx, target, "__call__")
    if isinstance(target, Function) and isinstance(target.node, tree.FunctionDef) and depth < _DEEPEST:
        inner = Frame(frame.ctx, target.path, "", owner=target.owner, closure=target.closure)
        yield from functions_before(inner, target.node, depth + 1)
        yield target, dependency.is_fresh


def surely_runs_before(frame: Frame, node: tree.FunctionDef, sought: Function) -> bool:
    """Whether FastAPI certainly calls a function before a route, however its router is included."""
    if any(function.key == sought.key for function, _ in functions_before(frame, node)):
        return True
    routers = [router for _, router in _called_decorators(frame, node) if router is not None]
    ways = [way for router in routers for way in applications.dependencies_around(frame.ctx, router)]
    return bool(ways) and all(_calls(frame, way, sought) for way in ways)


def _calls(frame: Frame, given: Iterable[Value], sought: Function) -> bool:
    found = (dependency for value in given for dependency in _dependencies_in(value))
    called = (function for dependency in found for function, _ in _functions_of(frame, dependency, 0))
    return any(function.key == sought.key for function in called)


def _decorated_dependencies(frame: Frame, node: tree.FunctionDef) -> Iterator[Dependency]:
    """The dependencies in the ``dependencies=`` of a route and of its router."""
    for decorator, router in _called_decorators(frame, node):
        given = [router.argument("dependencies")] if router is not None else []
        given += [
            expressions.evaluate(frame, State(), keyword.value)
            for keyword in decorator.keywords
            if keyword.name == "dependencies"
        ]
        for value in given:
            yield from _dependencies_in(value)


def _called_decorators(frame: Frame, node: tree.FunctionDef) -> Iterator[tuple[tree.Call, Object | None]]:
    """The decorators of a function that are calls, each with the router or application whose method it is."""
    for decorator in node.decorators:
        if isinstance(decorator, tree.Call):
            route = expressions.evaluate(frame, State(), decorator.func)
            yield decorator, route.receiver if isinstance(route, Member) else None


def _dependencies_in(given: Value | None) -> Iterator[Dependency]:
    """The dependencies in the value of ``dependencies=``."""
    items = given.items if isinstance(given, Collection) and given.items is not None else ()
    yield from (found for item in items if (found := _dependency_in(item)) is not None)


def provide_dependency(frame: Frame, marker: Object, annotation: Expr | None) -> Value:
    """The value that FastAPI passes for a dependency: what it returns or yields."""
    assert isinstance(marker.detail, Dependency)
    target = marker.detail.target
    if is_none(target):
        declared = UNKNOWN if annotation is None else type_hints.declared_value(frame, State(), annotation)
        if not isinstance(declared, Instance):
            return declared
        target = declared.cls
    origin = _place_of(target)
    given_value = functions.quiet_result(frame, target, Arguments(), origin)
    if isinstance(given_value, Generator):
        given_value = given_value.item
    if isinstance(given_value, Coroutine):
        if given_value.function is not None and given_value.call is not None:
            called, call = given_value.function, given_value.call
            given_value = functions.result_of_call(frame, called, call, origin or called.key)
        else:
            given_value = given_value.result
    given_value = without_none(given_value)
    if marker.detail.is_fresh and origin is not None:
        given_value = _with_sessions_of_its_own(frame, given_value, origin)
    if holds_coroutine(given_value) or isinstance(given_value, (Const, Manager)) or _says_little(given_value):
        return UNKNOWN
    return given_value


def _with_sessions_of_its_own(frame: Frame, value: Value, key: Place) -> Value:
    """The value of a dependency that is called anew: it has its own sessions."""
    models = frame.ctx.hooks.models

    def rename(inner: Value) -> Value:
        if isinstance(inner, Object) and inner.origin is not None and models.resource(inner.type) is not None:
            return replace(inner, origin=key)
        return inner

    return map_values(value, rename)


def _place_of(target: Value) -> Place | None:
    """The place of a dependency's function, once for a request. The objects that it makes are named by it."""
    if isinstance(target, Function):
        return target.key
    cls = target.cls if isinstance(target, Instance) else target
    return Place(cls.path, cls.node.line, cls.node.col) if isinstance(cls, ClassValue) else None


def without_none(value: Value) -> Value:
    """The object of a type ``Model | None``, or a session: the code relies on it."""
    if isinstance(value, OneOf):
        there = [option for option in value.values if not is_none(option)]
        is_mapped = len(there) == 1 and isinstance(there[0], Instance) and there[0].location is not None
        if is_mapped or (len(there) == 1 and isinstance(there[0], Object)):
            return there[0]
    return value


def _says_little(value: Value) -> bool:
    """Whether the annotation says more: of an object of any type, such as a row's, or an object or None."""
    if isinstance(value, Plain):
        return value.kind == "object"
    return isinstance(value, OneOf) and any(is_none(option) for option in value.values)
