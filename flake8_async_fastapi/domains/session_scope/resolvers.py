"""Resolvers of Strawberry that share the session of the request's context.

The fields of one query are resolved concurrently; the fields at the root of a mutation, one after the
other.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from flake8_async_fastapi.domains.database.sessions import is_surely_session
from flake8_async_fastapi.domains.session_scope.events import ContextSessionShared
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.machine import attributes, classes, functions, names
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.values import (
    Arguments,
    Collection,
    Coroutine,
    Function,
    Instance,
    Value,
)
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import dotted, flat, nodes_in

_LIBRARY: Final = "strawberry"
_SERIAL: Final = ("Mutation", "Subscription")
"""What the names of types end with whose fields are resolved one by one."""


class Reader(NamedTuple):
    """A resolver that uses a session of the context, and the place of the use."""

    function: Place
    name: str
    use: Place


def report_shared_context(frame: Frame) -> None:
    """Report the first resolver of a file that uses a session which others use concurrently."""
    node = frame.node
    if not isinstance(node, tree.FunctionDef) or not any(param.name == "info" for param in node.params):
        return
    found = _readers(frame.ctx)
    here = [reader for reader in found if reader.function.path == frame.path]
    if len(found) < 2 or not here or here[0].function != Place(frame.path, node.line, node.col):
        return
    first = here[0]
    other = next(reader for reader in found if reader is not first)
    path, line, col = first.use
    frame.emit_event(ContextSessionShared(path, line, col, frame.qualname, (first.name, other.name)))


def _readers(ctx: Context) -> tuple[Reader, ...]:
    """The resolvers of the project that use a session of the context, in the order of the files."""
    return ctx.query(("resolvers",), lambda: tuple(_find_readers(ctx)), ())


def _find_readers(ctx: Context) -> Iterator[Reader]:
    sessions = set(_sessions_of_context(ctx))
    if not sessions:
        return
    for path in ctx.project.mentioning(_LIBRARY):
        for function in _resolvers_in(ctx, path):
            used = None if _takes_turns(function) else _use_of_context(function, sessions)
            if used is not None:
                own = Place(path, function.line, function.col)
                yield Reader(own, function.name, Place(path, used.line, used.col))


def _resolvers_in(ctx: Context, path: str) -> Iterator[tree.FunctionDef]:
    """The async functions of a file that resolve fields concurrently, as methods or by name."""
    for cls in nodes_in(ctx.project.body(path)):
        if not isinstance(cls, tree.ClassDef) or cls.name.endswith(_SERIAL):
            continue
        if not any(_name_of(decorator) == "type" for decorator in cls.decorators):
            continue
        for statement in cls.body:
            if isinstance(statement, tree.FunctionDef) and statement.is_async:
                if any(_name_of(decorator) == "field" for decorator in statement.decorators):
                    yield statement
            elif isinstance(statement, tree.Assign) and isinstance(statement.value, tree.Call):
                for keyword in statement.value.keywords:
                    named = names.dotted_value(ctx, path, dotted(keyword.value))
                    node = named.node if isinstance(named, Function) and named.path == path else None
                    if keyword.name == "resolver" and isinstance(node, tree.FunctionDef) and node.is_async:
                        yield node


def _name_of(decorator: Expr) -> str:
    """The last name of a decorator of Strawberry: ``field`` of ``@strawberry.field(...)``."""
    text = dotted(decorator.func if isinstance(decorator, tree.Call) else decorator)
    return text.rpartition(".")[2] if text.startswith(f"{_LIBRARY}.") else ""


def _takes_turns(function: tree.FunctionDef) -> bool:
    """Whether a function waits for a lock."""
    return any(
        "lock" in dotted(item.context).lower()
        for statement in flat(function.body)
        if isinstance(statement, tree.With)
        for item in statement.items
    )


def _use_of_context(function: tree.FunctionDef, sessions: set[str]) -> Expr | None:
    """The place where a function first uses a session of ``info.context``, directly or by a variable."""
    variables: set[str] = set()
    for statement in flat(function.body):
        match statement:
            case tree.Assign(targets=[tree.Name(id=name)], value=value) if value is not None:
                if _read_of_context(value) in sessions:
                    variables.add(name)
    for node in nodes_in(function.body):
        match node:
            case tree.Attr(value=tree.Name(id=name)) if name in variables:
                return node
            case tree.Attr(value=inner) if _read_of_context(inner) in sessions:
                return node
    return None


def _read_of_context(node: Expr) -> str:
    """The attribute of ``info.context`` that an expression reads; empty for another expression."""
    match node:
        case tree.Subscript(value=tree.Attr(name="context"), index=tree.Const(value=str(name))):
            return name
        case tree.Attr(value=tree.Attr(name="context"), name=name):
            return name
        case tree.Call(func=tree.Attr(value=context, name="get"), args=[tree.Const(value=str(name))]):
            return name if isinstance(context, tree.Attr) and context.name == "context" else ""
    return ""


# --- the context ---------------------------------------------------------------------------------


def _sessions_of_context(ctx: Context) -> Iterator[str]:
    """The names of the sessions in the context of a request."""
    for path in ctx.project.mentioning("context_getter"):
        for node in nodes_in(ctx.project.body(path)):
            if isinstance(node, tree.Call):
                for keyword in node.keywords:
                    if keyword.name == "context_getter" and dotted(keyword.value):
                        getter = names.dotted_value(ctx, path, dotted(keyword.value))
                        yield from _sessions_in(ctx, _given_by(ctx, path, getter))


def _given_by(ctx: Context, path: str, getter: Value) -> Value:
    """The context that a function returns."""
    frame = Frame(ctx, path, "")
    value = functions.quiet_result(frame, getter, Arguments())
    if isinstance(value, Coroutine):
        if value.function is None or value.call is None:
            return value.result
        return functions.result_of_call(frame, value.function, value.call, value.origin)
    return value


def _sessions_in(ctx: Context, context: Value) -> Iterator[str]:
    if isinstance(context, Collection) and context.keys is not None and context.items is not None:
        for name, value in zip(context.keys, context.items, strict=True):
            if name is not None and is_surely_session(ctx, value):
                yield name
    elif isinstance(context, Instance):
        for attribute in sorted(classes.assigned_names(ctx, context.cls)):
            if is_surely_session(ctx, attributes.attribute_of(ctx, context, attribute)):
                yield attribute
