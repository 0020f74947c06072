"""Coroutines that are kept and used again: by a decorator, or by code with its own cache."""

from __future__ import annotations

from typing import Final

from flake8_async_fastapi.domains.threads.decorators import decorated_value, names_of_decorator
from flake8_async_fastapi.domains.threads.events import CoroutineCached
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.text import for_message, path_of
from flake8_async_fastapi.engine.values import Coroutine, Function, Value, alternatives
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import bound_names, flat, nodes_in
from flake8_async_fastapi.knowledge.runners import CACHES

_TAKEN_OUT: Final = frozenset({"pop", "popitem", "clear"})


def check_decorator(frame: Frame, decorator: Value, function: Function, node: Expr) -> None:
    """Report a decorator that caches the coroutine of its function."""
    if frame.emit and any(name in CACHES for name in names_of_decorator(decorator)):
        given = decorated_value(frame, function, node)
        if isinstance(given, Function) and given.is_async and not given.wrapped:
            keeper = f"@{for_message(node.func if isinstance(node, tree.Call) else node)}"
            event = CoroutineCached(*frame.at(node), function.name, keeper, given.is_generator)
            frame.emit_event(event)


def kept_coroutine(frame: Frame, node: tree.Assign, value: Value) -> tuple[Coroutine, str] | None:
    """The coroutine that an assignment puts into a cache, with its text; None for other assignments.

    A cache outlives the call, is checked before it is filled, and its value is returned or awaited.
    """
    target = node.targets[0]
    held = [option for option in alternatives(value) if isinstance(option, Coroutine)]
    if not held or len(held) < len(alternatives(value)):
        return None
    cache = path_of(target.value if isinstance(target, tree.Subscript) else target)
    function = frame.node
    if not cache or not isinstance(function, tree.FunctionDef) or not _outlives_call(cache, frame, function):
        return None
    if _is_looked_into(cache, function) and _gives_away(cache, function):
        return held[0], cache
    return None


def _outlives_call(cache: str, frame: Frame, function: tree.FunctionDef) -> bool:
    """Whether a variable or attribute outlives a call of a function."""
    root = cache.partition(".")[0]
    if root == frame.receiver_name or (root in ("self", "cls") and "." in cache):
        return "." in cache
    if any(isinstance(node, tree.Scope) and root in node.names for node in nodes_in(function.body)):
        return True
    local = {name for statement in flat(function.body) for name in bound_names(statement)}
    return root not in local and not any(param.name == root for param in function.params)


def _is_looked_into(cache: str, function: tree.FunctionDef) -> bool:
    """Whether code checks a cache before it fills it, or tries to read it."""
    for node in nodes_in(function.body):
        if isinstance(node, (tree.If, tree.IfExp)) and _mentions(node.test, cache):
            return True
        if isinstance(node, tree.Try) and _mentions(node.body, cache):
            return True
    return False


def _gives_away(cache: str, function: tree.FunctionDef) -> bool:
    """Whether code returns or awaits a cached value, and never removes one."""
    given = False
    for node in nodes_in(function.body):
        match node:
            case tree.Return(value=part) | tree.Await(value=part):
                given |= part is not None and _reads(part, cache)
            case tree.Call(func=tree.Attr(value=owner, name=name)) if name in _TAKEN_OUT:
                if path_of(owner) == cache:
                    return False
            case tree.Delete() if _mentions(node, cache):
                return False
    return given


def _reads(part: Expr, cache: str) -> bool:
    """Whether an expression reads the cached value."""
    match part:
        case tree.Await(value=inner):
            return _reads(inner, cache)
        case tree.Subscript(value=owner) | tree.Call(func=tree.Attr(value=owner, name="get" | "setdefault")):
            return path_of(owner) == cache
    return path_of(part) == cache


def _mentions(code: object, cache: str) -> bool:
    return any(isinstance(node, (tree.Name, tree.Attr)) and path_of(node) == cache for node in nodes_in(code))
