"""The places where a function uses the database, or another function that does."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeGuard

from flake8_async_fastapi.convert.infer import Inference
from flake8_async_fastapi.convert.libraries import (
    AWAITED,
    BULK,
    TERMINALS,
    THREAD_CALLERS,
)
from flake8_async_fastapi.convert.names import COMPREHENSIONS
from flake8_async_fastapi.convert.texts import FUNCTIONS, Function, Source, is_property
from flake8_async_fastapi.convert.values import (
    CLIENT,
    CONNECTION,
    ENGINE,
    SESSION,
    TRANSACTION,
    Callee,
    Class,
    Instance,
    Known,
    Library,
    Many,
    Query,
    is_client,
)

CREATES: Final = frozenset({"create_all", "drop_all", "reflect"})
_CREATES_ONE: Final = frozenset({"create", "drop"})
"""Methods of a table, an index or a sequence."""
_ITERATED_BY: Final = frozenset(
    "list set tuple sorted enumerate len sum min max any all zip map filter dict".split()
)
_ENTERED: Final = frozenset({SESSION.kind, CONNECTION.kind, TRANSACTION.kind, CLIENT.kind})


@dataclass(frozen=True)
class Site:
    """One place in a function that has to change if the function becomes async.

    ``kind`` says how:

    * ``await``: a call of a library whose async counterpart is a coroutine;

    * ``bulk``: a call that only a synchronous session has;

    * ``query``: a legacy query is run, by a call, an iteration or a slice;

    * ``ddl``: ``create_all()`` and similar calls;

    * ``with``: a context manager of a library;

    * ``call``, ``iterate``, ``enter``, ``next``, ``collect``, ``delegate``, ``thread``, ``read``, ``pass``:
    a function of the project, the ``target``, is called, iterated over, entered, and so on;

    * ``finish``: a generator, the ``target``, is closed;

    * ``fixture``: pytest passes a test the value of the ``target``; nothing is written there;

    * ``ask``: ``request.getfixturevalue()`` may give the value of the ``target``.
    """

    kind: str
    node: ast.AST
    target: Function | None = None

    @property
    def is_io(self) -> bool:
        """Whether this site alone makes its function async."""
        return self.target is None


class Sites:
    """Finds the sites of a project."""

    def __init__(self, inference: Inference) -> None:
        self.inference = inference
        self.program = inference.program

    def of(self, source: Source, node: ast.AST) -> Iterator[Site]:
        """The sites at a node itself, not below it."""
        if isinstance(node, ast.Call):
            yield from self._of_call(source, node)
        elif isinstance(node, (ast.With, ast.AsyncWith)):
            yield from self._of_with(source, node)
        elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice):
            if isinstance(self.inference.value(source, node.value), Query):
                yield Site("query", node)
        elif isinstance(node, (ast.For, ast.comprehension)):
            yield from self._of_iteration(source, node.iter)
        elif isinstance(node, ast.YieldFrom):
            target = self.callee(source, node.value)
            yield Site("delegate", node, target)
        elif isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Load):
            yield from self._of_reading(source, node)

    # --- calls ----------------------------------------------------------------------------

    def _is_bound(self, source: Source, node: ast.Call) -> bool:
        """Whether a call gets an engine or a connection to work with."""
        given = [word.value for word in node.keywords if word.arg == "bind"] or node.args[:1]
        return any(self.inference.value(source, bind) in (ENGINE, CONNECTION) for bind in given)

    def _of_call(self, source: Source, node: ast.Call) -> Iterator[Site]:
        function = node.func
        if isinstance(function, ast.Attribute):
            is_of_metadata = function.attr in CREATES and _is_metadata(function.value)
            if is_of_metadata or (function.attr in _CREATES_ONE and self._is_bound(source, node)):
                yield Site("ddl", node)
                return
            base = self.inference.value(source, function.value)
            if isinstance(base, Known):
                if function.attr in AWAITED.get(base.kind, ()) and not is_entered(source, node):
                    yield Site("await", node)
                elif base == SESSION and function.attr in BULK:
                    yield Site("bulk", node)
                return
            if isinstance(base, Query):
                if function.attr in TERMINALS:
                    yield Site("query", node)
                return
            made = self.callee(source, function.value) if function.attr == "close" else None
            if made is not None:
                yield Site("finish", node, made)
                return
        elif isinstance(function, ast.Name) and not self.program.lookup(source, function.id, node):
            yield from self._of_builtin(source, node, function.id)
            return
        if _is_chosen(function) and is_client(self.inference.value(source, function.args[0])):
            yield Site("await", node)
            return
        value = self.inference.value(source, function)
        if isinstance(value, Library) and value.name in THREAD_CALLERS and node.args:
            yield from self._in_thread(source, node)
            return
        target = self.target_of(source, node)
        if target is not None and not self._is_taken(source, node):
            yield Site("call", node, target)

    def _in_thread(self, source: Source, node: ast.Call) -> Iterator[Site]:
        target = self.function(source, node.args[0])
        if target is not None:
            yield Site("thread", node, target)

    def _of_builtin(self, source: Source, node: ast.Call, name: str) -> Iterator[Site]:
        if not node.args:
            return
        first = self.inference.value(source, node.args[0])
        if isinstance(first, Query) and name in _ITERATED_BY:
            yield Site("query", node.args[0])
        target = self.callee(source, node.args[0])
        if target is not None and name in ("next", "list", "set", "tuple", "sorted"):
            yield Site("next" if name == "next" else "collect", node, target)

    def _is_taken(self, source: Source, node: ast.Call) -> bool:
        """Whether the code around a call decides how it is converted."""
        parent = source.parents[node]
        if isinstance(parent, (ast.For, ast.AsyncFor, ast.comprehension)):
            return parent.iter is node and self._yields(source, node)
        if isinstance(parent, ast.Call) and isinstance(parent.func, ast.Name) and self._yields(source, node):
            return parent.func.id in ("next", "list", "set", "tuple", "sorted") and parent.args[:1] == [node]
        return isinstance(parent, (ast.withitem, ast.YieldFrom)) and self._yields(source, node)

    def _yields(self, source: Source, node: ast.Call) -> bool:
        return self.inference.is_generator(self.inference.value(source, node.func))

    def target_of(self, source: Source, node: ast.Call) -> Function | None:
        """The function of the project that a call runs."""
        return self.function(source, node.func)

    def callee(self, source: Source, node: ast.expr) -> Function | None:
        """The project's generator that an expression calls, or that its variable was assigned."""
        if isinstance(node, ast.Name):
            bounds = self.program.lookup(source, node.id, node)
            made = bounds[0].node if len(bounds) == 1 and bounds[0].kind == "value" else None
            node = made if isinstance(made, ast.Call) else node
        if isinstance(node, ast.Call) and self._yields(source, node):
            return self.target_of(source, node)
        return None

    def function(self, source: Source, node: ast.expr) -> Function | None:
        """The project's function that an expression names."""
        value = self.inference.value(source, node)
        if isinstance(value, Instance):
            value = self.inference.member(value, "__call__")
        elif isinstance(value, Class):
            value = self.inference.member(value, "__init__")
        if not isinstance(value, Callee):
            return None
        found = self.program.definition(value.path, value.name)
        return found if isinstance(found, FUNCTIONS) else None

    # --- contexts, iterations, reads ------------------------------------------------------

    def _of_with(self, source: Source, node: ast.With | ast.AsyncWith) -> Iterator[Site]:
        for item in node.items:
            expression = item.context_expr
            value = self.inference.value(source, expression)
            inner = value.item if isinstance(value, Many) and _is_closing(expression) else value
            if isinstance(inner, Known) and inner.kind in _ENTERED or self._is_stream(source, expression):
                yield Site("with", node)
                continue
            target = self.callee(source, expression)
            if isinstance(value, Instance):
                target = self._method(value, "__enter__")
            if target is not None:
                yield Site("enter", node, target)

    def _is_stream(self, source: Source, node: ast.expr) -> bool:
        """Whether an expression is ``client.stream(...)``."""
        function = node.func if isinstance(node, ast.Call) else None
        if not (isinstance(function, ast.Attribute) and function.attr == "stream"):
            return False
        return is_client(self.inference.value(source, function.value))

    def _method(self, owner: Instance, name: str) -> Function | None:
        value = self.inference.member(owner, name)
        found = self.program.definition(value.path, value.name) if isinstance(value, Callee) else None
        return found if isinstance(found, FUNCTIONS) else None

    def _of_iteration(self, source: Source, node: ast.expr) -> Iterator[Site]:
        if isinstance(self.inference.value(source, node), Query):
            yield Site("query", node)
        target = self.callee(source, node)
        if target is not None:
            yield Site("iterate", source.parents[node], target)

    def _of_reading(self, source: Source, node: ast.Name | ast.Attribute) -> Iterator[Site]:
        parent = source.parents[node]
        if isinstance(parent, ast.Call) and parent.func is node:
            return
        if isinstance(node, ast.Attribute):
            owner = self.inference.value(source, node.value)
            if isinstance(owner, Instance):
                target = self._property(owner, node.attr)
                if target is not None:
                    yield Site("read", node, target)
                    return
        if isinstance(self.inference.value(source, node), Callee):
            target = self.function(source, node)
            if target is not None:
                yield Site("pass", node, target)

    def _property(self, owner: Instance, name: str) -> Function | None:
        node = self.program.definition(owner.path, owner.name)
        if isinstance(node, ast.ClassDef):
            for part in node.body:
                if isinstance(part, FUNCTIONS) and part.name == name and is_property(part):
                    return part
        return None


def _is_metadata(node: ast.expr) -> bool:
    return (isinstance(node, ast.Attribute) and node.attr == "metadata") or (
        isinstance(node, ast.Name) and "metadata" in node.id.lower()
    )


def _is_chosen(node: ast.expr) -> TypeGuard[ast.Call]:
    """Whether an expression is ``getattr(client, method)``."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "getattr"
        and len(node.args) == 2
    )


def _is_closing(node: ast.expr) -> bool:
    function = node.func if isinstance(node, ast.Call) else None
    return (getattr(function, "attr", "") or getattr(function, "id", "")) == "closing"


def is_entered(source: Source, node: ast.AST) -> bool:
    """Whether an expression is entered by a ``with``."""
    return isinstance(source.parents[node], ast.withitem)


def is_script(source: Source, node: ast.AST) -> bool:
    """Whether a node runs only if its file is the main program."""
    return any(
        isinstance(parent, ast.If) and "__name__" in ast.unparse(parent.test) for parent in source.above(node)
    )


def in_lambda(source: Source, node: ast.AST) -> bool:
    """Whether a node is in a lambda of its function."""
    for parent in source.above(node):
        if isinstance(parent, ast.Lambda):
            return True
        if isinstance(parent, FUNCTIONS):
            return False
    return False


def enclosing_comprehension(source: Source, node: ast.AST) -> ast.expr | None:
    """The innermost comprehension that runs a node repeatedly."""
    child = node
    for parent in source.above(node):
        if isinstance(parent, COMPREHENSIONS):
            first = parent.generators[0]
            if not (child is first and _is_in_iterable(source, node, first)):
                return parent
        if isinstance(parent, (ast.stmt, ast.Lambda)):
            return None
        child = parent
    return None


def _is_in_iterable(source: Source, node: ast.AST, generator: ast.comprehension) -> bool:
    return node is generator.iter or any(parent is generator.iter for parent in source.above(node))
