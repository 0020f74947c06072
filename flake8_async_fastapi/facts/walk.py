"""Small walks over the reduced tree that several layers need."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import repeat
from typing import Any, Final, get_args

import msgspec.structs

from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr, Stmt


def flat(body: list[Stmt]) -> Iterator[Stmt]:
    """All statements that run in the same scope, including those of inner blocks."""
    pending = body[::-1]
    while pending:  # no recursion: there are very many statements
        statement = pending.pop()
        yield statement
        if isinstance(statement, _WITH_BLOCKS):
            for block in reversed(blocks(statement)):
                pending.extend(reversed(block))


_WITH_BLOCKS: Final = (tree.If, tree.For, tree.While, tree.With, tree.Try, tree.Match)


def blocks(statement: Stmt) -> list[list[Stmt]]:
    """The blocks of a statement that run in its own scope."""
    match statement:
        case tree.If() | tree.For() | tree.While():
            return [statement.body, statement.orelse]
        case tree.With():
            return [statement.body]
        case tree.Try():
            handled = [handler.body for handler in statement.handlers]
            return [statement.body, *handled, statement.orelse, statement.final]
        case tree.Match():
            return [case.body for case in statement.cases]
    return []


def colour_of(function: tree.FunctionDef) -> tree.Colour:
    """The colour of a function: how its call is used.

    A stub that returns an iterator counts as a generator.
    """
    if not function.is_async:
        return "sync"
    promised = dotted(function.returns).rpartition(".")[2] if function.is_stub and function.returns else ""
    is_generator = function.is_generator or promised in ("AsyncGenerator", "AsyncIterable", "AsyncIterator")
    return "async generator" if is_generator else "async"


def cannot_raise(statement: Stmt) -> bool:
    """Whether a statement only leaves a block, with a value that exists already or its own exception."""
    if isinstance(statement, tree.Return):
        return statement.value is None or isinstance(statement.value, (tree.Name, tree.Const))
    return isinstance(statement, (tree.Jump, tree.Raise))


def raises_at_end(body: list[Stmt]) -> bool:
    """Whether a block ends with a ``raise``."""
    return bool(body) and isinstance(body[-1], tree.Raise)


def never_completes(body: list[Stmt]) -> bool:
    """Whether code certainly ends with a ``raise``, on all its paths."""
    return _raises_last(body) and not any(isinstance(one, tree.Return) for one in nodes_in(body))


def _raises_last(body: list[Stmt]) -> bool:
    last = body[-1] if body else None
    if isinstance(last, tree.If):
        return _raises_last(last.body) and _raises_last(last.orelse)
    return isinstance(last, tree.Raise)


def bound_names(statement: Stmt) -> Iterator[str]:
    """The names that a statement itself binds in its scope."""
    if isinstance(statement, (tree.FunctionDef, tree.ClassDef)):
        yield statement.name
    elif isinstance(statement, tree.Import):
        yield from (binding.local for binding in statement.bindings)
    elif isinstance(statement, tree.Assign):
        for target in statement.targets:
            yield from target_names(target)
    elif isinstance(statement, (tree.For, tree.AugAssign)):
        yield from target_names(statement.target)
    elif isinstance(statement, tree.With):
        for item in statement.items:
            if item.target is not None:
                yield from target_names(item.target)


def names_bound_by(scope: tree.FunctionDef | tree.Lambda | tree.Comp) -> Iterator[str]:
    """The names that a function or a comprehension binds for itself."""
    if isinstance(scope, tree.Comp):
        for loop in scope.loops:
            yield from target_names(loop.target)
        return
    yield from (param.name for param in scope.params)
    for statement in flat(scope.body) if isinstance(scope, tree.FunctionDef) else ():
        yield from bound_names(statement)


def target_names(target: Expr) -> Iterator[str]:
    """The names in an assignment's target."""
    if isinstance(target, tree.Name):
        yield target.id
    elif isinstance(target, tree.Starred):
        yield from target_names(target.value)
    elif isinstance(target, tree.Display):
        for item in target.items:
            yield from target_names(item)


def dotted(expression: Expr) -> str:
    """``a.b.c`` as text, subscripts dropped; empty for anything else."""
    if isinstance(expression, tree.Name):
        return expression.id
    if isinstance(expression, tree.Attr):
        owner = dotted(expression.value)
        return f"{owner}.{expression.name}" if owner else ""
    if isinstance(expression, tree.Subscript):
        return dotted(expression.value)
    return ""


def subscript_parts(node: tree.Subscript) -> list[Expr]:
    """The expressions between the brackets: ``a`` and ``b`` of ``x[a, b]``."""
    return node.index.items if isinstance(node.index, tree.Display) else [node.index]


def written_argument(call: tree.Call, place: int, name: str) -> Expr | None:
    """The expression that a call passes by a name or at a place; None if there is none."""
    for keyword in call.keywords:
        if keyword.name == name:
            return keyword.value
    return call.args[place] if place < len(call.args) else None


def names_in(code: object) -> Iterator[str]:
    """All names that code mentions, including nested functions."""
    return (node.id for node in nodes_in(code) if isinstance(node, tree.Name))


def nodes_in(code: object) -> Iterator[msgspec.Struct]:
    """All nodes of code, including nested functions."""
    pending: list[Any] = [code]
    while pending:
        node = pending.pop()
        if type(node) is list:
            pending.extend(node)
        elif (fields := _fields_of(type(node))) is not None:
            yield node
            for name in fields:
                pending.append(getattr(node, name))


def all_nodes(code: object) -> list[msgspec.Struct]:
    """As ``nodes_in``, for callers that use all nodes: it avoids a generator step for each."""
    found: list[msgspec.Struct] = []
    pending: list[Any] = [code]
    while pending:
        node = pending.pop()
        if type(node) is list:
            pending.extend(node)
        elif (fields := _fields_of(type(node))) is not None:
            found.append(node)
            for name in fields:
                pending.append(getattr(node, name))
    return found


def parts_of(code: object) -> Iterable[object]:
    """The parts of a list or a node: nodes, lists of them, and None for missing ones; otherwise nothing."""
    if type(code) is list:
        return code
    return [*map(getattr, repeat(code), _fields_of(type(code)) or ())]


def _find_fields(kind: type) -> tuple[str, ...] | None:
    """The fields of a node type that may hold other nodes; None for a type that is not a node."""
    if not issubclass(kind, msgspec.Struct):
        return None
    return tuple(field.name for field in msgspec.structs.fields(kind) if not _is_leaf(field.type))


_fields_of: Final[Callable[[type], tuple[str, ...] | None]] = cache(_find_fields)


def _is_leaf(kind: object) -> bool:
    """Whether a field of a type holds no nodes."""
    return kind in _LEAVES or all(inner in _LEAVES for inner in get_args(kind) or (None,))


_LEAVES: Final = (int, str, bool, float, type(None))


def shared_names(body: list[Stmt]) -> Iterator[str]:
    """The names that a nested function declares ``nonlocal`` (or ``global``)."""
    for statement in flat(body):
        if isinstance(statement, tree.Scope):
            yield from statement.names
        elif isinstance(statement, tree.FunctionDef):
            yield from shared_names(statement.body)


def starred_choice_in(node: Expr) -> Expr | None:
    """The condition of a ``*(a if condition else b)`` in a call, or in a chain or nest of calls."""
    pending: list[Expr] = [node]
    while pending:
        part = pending.pop()
        if isinstance(part, tree.Call):
            pending += (part.func, *part.args)
        elif isinstance(part, (tree.Await, tree.Attr)):
            pending.append(part.value)
        elif isinstance(part, tree.Starred) and isinstance(part.value, tree.IfExp):
            return part.value.test
    return None


def registrations_of_class(node: tree.FunctionDef) -> Iterator[tuple[tree.Attr, Expr | None]]:
    """The decorators ``name.register`` and ``name.register(Class)`` of a function, with the class written."""
    first = node.params[1 if node.params and node.params[0].name in ("self", "cls") else 0 :][:1]
    for decorator in node.decorators:
        match decorator:
            case tree.Attr(name="register"):
                yield decorator, first[0].annotation if first else None
            case tree.Call(func=tree.Attr(name="register") as func, args=[asked, *_]):
                yield func, asked
