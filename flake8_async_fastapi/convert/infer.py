"""The value of an expression, as far as the conversion needs it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from flake8_async_fastapi.convert.annotations import annotated
from flake8_async_fastapi.convert.libraries import CLASSES
from flake8_async_fastapi.convert.libraries import FUNCTIONS as MAKERS
from flake8_async_fastapi.convert.names import Bound, Program, defaults_of
from flake8_async_fastapi.convert.query_values import method_of_query, query_of_helper, query_of_session
from flake8_async_fastapi.convert.texts import (
    FUNCTIONS,
    Function,
    Source,
    has_decorator,
    is_property,
    nodes_of,
    yields_of,
)
from flake8_async_fastapi.convert.values import (
    APPLICATION,
    CLIENT,
    CONNECTION,
    ENGINE,
    FACTORY,
    OTHER,
    PLAIN_CLIENT,
    SESSION,
    TRANSACTION,
    Callee,
    Class,
    Instance,
    Known,
    Library,
    Maker,
    Many,
    Module,
    Query,
    Several,
    Value,
    best,
    is_client,
    is_plain_client,
)
from flake8_async_fastapi.project.modules import is_test

_MOST_NESTED: Final = 60

_TAKERS: Final = frozenset("first one one_or_none pop fetchone scalar scalar_one".split())
_LITERALS: Final = (ast.Constant, ast.JoinedStr, ast.List, ast.Dict, ast.Set, ast.Tuple, ast.Compare)
_SAME: Final = frozenset("list sorted set tuple iter reversed".split())
_DEPENDS: Final = frozenset(
    f"fastapi.{module}{name}"
    for module in ("", "params.", "param_functions.")
    for name in ("Depends", "Security")
)


@dataclass
class Inference:
    """Infers the values of expressions; the results are kept."""

    program: Program
    given: dict[tuple[str, str, str], Value] = field(default_factory=dict)
    """What calls pass to parameters that say nothing of themselves: by path, function and parameter."""
    taken: dict[ast.expr, Value] = field(default_factory=dict)
    """What expressions have to be that say nothing of themselves, because of what takes their values."""
    plain_clients: frozenset[str] = frozenset()
    """The origins of those that stay a ``TestClient``."""
    _known: dict[ast.AST, Value | None] = field(default_factory=dict)
    running: set[object] = field(default_factory=set)
    _circles: int = 0

    def forget(self) -> None:
        """Forget all results, because more values are known now."""
        self._known.clear()

    # --- expressions ----------------------------------------------------------------------

    def value(self, source: Source, node: ast.expr) -> Value | None:
        """The value of an expression, or None."""
        if node in self._known:
            return self._known[node]
        if node in self.running or len(self.running) > _MOST_NESTED:
            self._circles += 1
            return None
        self.running.add(node)
        before = self._circles
        try:
            found = self._evaluate(source, node) or self.taken.get(node)
        finally:
            self.running.discard(node)
        if found is not None or before == self._circles:
            self._known[node] = found
        return found

    def _evaluate(self, source: Source, node: ast.expr) -> Value | None:
        if isinstance(node, ast.Name):
            return self.name(source, node.id, node)
        if isinstance(node, ast.Attribute):
            return self._attribute(source, node)
        if isinstance(node, ast.Call):
            return self._call(source, node)
        if isinstance(node, (ast.Await, ast.NamedExpr, ast.Starred)):
            return self.value(source, node.value)
        if isinstance(node, ast.IfExp):
            return self.first(source, (node.body, node.orelse))
        if isinstance(node, ast.BoolOp):
            return self.first(source, node.values)
        if isinstance(node, (ast.ListComp, ast.GeneratorExp, ast.SetComp)):
            return Many(self.value(source, node.elt))
        if isinstance(node, ast.Subscript):
            base = self.value(source, node.value)
            if isinstance(base, Several):
                return base.part_at(node.slice)
            return self.item(base) if isinstance(base, (Many, Query)) else self._subscripted(base)
        if isinstance(node, ast.Tuple):
            parts = tuple(self.value(source, part) for part in node.elts)
            return Several(parts) if any(part not in (None, OTHER) for part in parts) else OTHER
        is_none = isinstance(node, ast.Constant) and node.value is None
        return OTHER if isinstance(node, _LITERALS) and not is_none else None

    def _subscripted(self, base: Value | None) -> Value | None:
        return base if isinstance(base, (Class, Library)) else None

    def first(self, source: Source, nodes: Iterable[ast.expr]) -> Value | None:
        return best(self.value(source, node) for node in nodes)

    def name(self, source: Source, name: str, at: ast.AST) -> Value | None:
        found = [self.bound(bound) for bound in self.program.lookup(source, name, at)]
        queries = [value for value in found if isinstance(value, Query)]
        if queries:
            return replace(
                queries[0],
                unique=any(query.unique for query in queries),
                filtered=any(query.filtered for query in queries),
            )
        return best(found)

    def bound(self, bound: Bound) -> Value | None:
        source, node = bound.source, bound.node
        if bound.kind == "parameter":
            return self._parameter(bound)
        if bound.kind == "import":
            return self.imported(bound)
        if bound.kind == "definition":
            assert isinstance(node, (*FUNCTIONS, ast.ClassDef))
            name = source.qualname(node)
            return Class(source.path, name) if isinstance(node, ast.ClassDef) else Callee(source.path, name)
        if bound.annotation is not None:
            declared = annotated(self, source, bound.annotation, bound.annotation)
            if declared is not None and _is_telling(declared):
                return declared
        if bound.kind == "unknown" or not isinstance(node, ast.expr):
            return None
        value = self.value(source, node)
        if bound.kind == "part":
            return value.part(bound.place) if isinstance(value, Several) else None
        if bound.kind == "enter":
            return self.entered(value)
        return self.item(value) if bound.kind == "item" else value

    def _parameter(self, bound: Bound) -> Value | None:
        source, argument, function = bound.source, bound.node, bound.function
        assert isinstance(argument, ast.arg) and function is not None
        if argument.annotation is not None:
            declared = annotated(self, source, argument.annotation, argument.annotation)
            if declared is not None:
                return declared if _is_telling(declared) else self._client_of_parameter(bound)
        default = defaults_of(function.args).get(argument.arg)
        if default is not None:
            value = self.value(source, default)
            if value is not None:
                return value
        parent = source.parents[function]
        first = [*function.args.posonlyargs, *function.args.args][:1]
        if isinstance(parent, ast.ClassDef) and first == [argument] and not _is_static(function):
            made = Instance if not has_decorator(function, "classmethod") else Class
            return made(source.path, source.qualname(parent))
        return self._given(bound)

    def _given(self, bound: Bound) -> Value | None:
        assert isinstance(bound.node, ast.arg) and bound.function is not None
        return self.given.get((bound.source.path, bound.source.qualname(bound.function), bound.node.arg))

    def _client_of_parameter(self, bound: Bound) -> Value:
        """The client that a parameter declares: the one that it is given, if that is known."""
        given = self._given(bound)
        return given if is_client(given) or is_plain_client(given) else self._client("")

    def _client(self, origin: str) -> Known:
        return replace(PLAIN_CLIENT if origin in self.plain_clients else CLIENT, origin=origin)

    def imported(self, bound: Bound) -> Value | None:
        """The value that an import binds to a name."""
        importer = bound.source.path
        target = self.program.imported_file(importer, bound.module, bound.level)
        if not bound.imported:
            return Library(bound.module) if target is None else Module(target.path)
        if target is not None:
            return self.global_value(target, bound.imported)
        module = f"{bound.module}.{bound.imported}" if bound.module else bound.imported
        below = self.program.imported_file(importer, module, bound.level)
        if below is not None:
            return Module(below.path)
        return None if bound.level else Library(module)

    def global_value(self, source: Source, name: str) -> Value | None:
        key = (id(source), name)
        if key in self.running:
            self._circles += 1
            return None
        self.running.add(key)
        try:
            bounds = self.program.globals(source, name)
            if not bounds:
                below = self.program.submodule(source.path, name)
                return None if below is None else Module(below.path)
            return best(self.bound(bound) for bound in bounds)
        finally:
            self.running.discard(key)

    def _attribute(self, source: Source, node: ast.Attribute) -> Value | None:
        base = self.value(source, node.value)
        if isinstance(base, Module):
            return self.global_value(self.program.sources[base.path], node.attr)
        if isinstance(base, Library):
            return self.of_library(source, f"{base.name}.{node.attr}")
        if isinstance(base, (Instance, Class)):
            return self.member(base, node.attr)
        return None

    def of_library(self, source: Source, dotted: str) -> Value:
        target = self.program.imported_file(source.path, dotted, 0)
        return Library(dotted) if target is None else Module(target.path)

    # --- calls ----------------------------------------------------------------------------

    def _call(self, source: Source, node: ast.Call) -> Value | None:
        if isinstance(node.func, ast.Attribute):
            base = self.value(source, node.func.value)
            if isinstance(base, Known):
                return self._method_of_known(source, node, base, node.func.attr)
            if isinstance(base, Query):
                return method_of_query(self, source, node, base, node.func.attr)
            if isinstance(base, Many):
                return base.item if node.func.attr in _TAKERS else base
        if isinstance(node.func, ast.Name) and not self.program.lookup(source, node.func.id, node):
            return self._builtin(source, node, node.func.id)
        return self.called(source, node, self.value(source, node.func))

    def _builtin(self, source: Source, node: ast.Call, name: str) -> Value | None:
        first = self.value(source, node.args[0]) if node.args else None
        if name in ("next", "anext"):
            return self.item(first)
        if name == "super":
            function = source.function_of(node)
            parent = None if function is None else source.parents[function]
            if isinstance(parent, ast.ClassDef):
                return self._first_base(source, parent)
        return first if name in _SAME else None

    def _first_base(self, source: Source, node: ast.ClassDef) -> Value | None:
        for base in node.bases:
            value = self.value(source, base)
            if isinstance(value, Class):
                return Instance(value.path, value.name)
        return None

    def called(self, source: Source, node: ast.Call, function: Value | None) -> Value | None:
        """The result of calling a value."""
        if isinstance(function, Library):
            return self._call_library(source, node, function.name)
        if isinstance(function, Class):
            return Instance(function.path, function.name)
        if isinstance(function, Maker):
            return function.made
        if function in (FACTORY, SESSION):  # a scoped session gives the session of its scope
            return SESSION
        if isinstance(function, Instance):
            method = self.member(function, "__call__")
            if method is None and self._is_wholly_known(function):
                return function  # it can only be the class itself, whatever its annotation says
            function = method
        return self.result(function, source, node) if isinstance(function, Callee) else None

    def _is_wholly_known(self, owner: Instance) -> bool:
        """Whether a class and all its bases are the project's own."""
        node = self.program.definition(owner.path, owner.name)
        if not isinstance(node, ast.ClassDef):
            return False
        bases = [self.value(self.program.sources[owner.path], base) for base in node.bases]
        return all(
            isinstance(base, Class)
            and base != Class(owner.path, owner.name)
            and self._is_wholly_known(Instance(base.path, base.name))
            for base in bases
        )

    def _call_library(self, source: Source, node: ast.Call, name: str) -> Value | None:
        if CLASSES.get(name) == CLIENT:
            return self._client(f"{source.path}:{source.start(node)}") if is_test(source.path) else OTHER
        if name in CLASSES or name in MAKERS:
            return CLASSES.get(name) or MAKERS[name]
        if name in _DEPENDS:
            return self.depended(source, node)
        if name == "contextlib.closing" and node.args:
            return Many(self.value(source, node.args[0]))
        if name == "typing.cast" and node.args:
            return annotated(self, source, node.args[0], node)
        if name == "sqlalchemy.orm.aliased" and node.args:
            return self.value(source, node.args[0])
        if (
            name in ("sqlalchemy.select", "sqlmodel.select", "sqlalchemy.future.select")
            and len(node.args) == 1
        ):
            entity = self.value(source, node.args[0])
            return Many(Instance(entity.path, entity.name)) if isinstance(entity, Class) else None
        return OTHER

    def depended(self, source: Source, node: ast.Call) -> Value | None:
        """The value that a ``Depends(...)`` provides for its parameter."""
        if not node.args:
            return None
        function = self.value(source, node.args[0])
        given = self.called(source, node, function)
        return self.item(given) if isinstance(given, Many) and self.is_generator(function) else given

    def is_generator(self, function: Value | None) -> bool:
        """Whether a function yields."""
        node = self.program.definition(function.path, function.name) if isinstance(function, Callee) else None
        return isinstance(node, FUNCTIONS) and bool(yields_of(node))

    def _method_of_known(self, source: Source, node: ast.Call, base: Known, method: str) -> Value | None:
        first = self.value(source, node.args[0]) if node.args else None
        if base == SESSION:
            if method == "query":
                return query_of_session(self, source, node)
            if method in ("get", "get_one") and isinstance(first, Class):
                return Instance(first.path, first.name)
            if method in ("scalars", "exec") and isinstance(first, Many):
                return first
            if method in ("scalar", "merge"):
                return self.item(first) or (first if isinstance(first, Instance) else None)
            return {"begin": TRANSACTION, "begin_nested": TRANSACTION, "connection": CONNECTION}.get(method)
        if base == ENGINE:
            return CONNECTION if method in ("begin", "connect") else None
        if base == FACTORY:
            return SESSION if method == "begin" else None
        if base == CONNECTION:
            return {"begin": TRANSACTION, "begin_nested": TRANSACTION, "execution_options": CONNECTION}.get(
                method
            )
        return OTHER if base in (OTHER, APPLICATION) else None

    # --- parts of values ------------------------------------------------------------------

    def item(self, value: Value | None) -> Value | None:
        """The value of each item of an iterable."""
        if isinstance(value, Query):
            return value.model
        return value.item if isinstance(value, Many) else None

    def entered(self, value: Value | None) -> Value | None:
        """The value that ``with value as`` binds."""
        if isinstance(value, Instance):
            enter = self.member(value, "__enter__")
            return (self.result(enter) or value) if isinstance(enter, Callee) else value
        return self.item(value) if isinstance(value, Many) else value

    def member(self, owner: Instance | Class, name: str, depth: int = 0) -> Value | None:
        """An attribute of an object or a class of the project."""
        node = self.program.definition(owner.path, owner.name)
        if not isinstance(node, ast.ClassDef) or depth > 8:
            return None
        source = self.program.sources[owner.path]
        for bound in self.program.bindings(source, node).get(name, []):
            if isinstance(bound.node, FUNCTIONS):
                callee = Callee(owner.path, source.qualname(bound.node), owner.name)
                return self.result(callee) if is_property(bound.node) else callee
            value = self.bound(bound)
            if value is not None:
                return value
        value = self._set_on_self(source, node, name)
        if value is not None:
            return value
        for base in node.bases:
            above = self.value(source, base)
            if isinstance(above, Class) and above != Class(owner.path, owner.name):
                value = self.member(type(owner)(above.path, above.name), name, depth + 1)
                if value is not None:
                    return value
        return None

    def _set_on_self(self, source: Source, node: ast.ClassDef, name: str) -> Value | None:
        for part in assignments_to_self(node, name):
            declared = None
            if isinstance(part, ast.AnnAssign):
                declared = annotated(self, source, part.annotation, part)
            value = declared if declared is not None or part.value is None else self.value(source, part.value)
            if value is not None:
                return value
        return None

    def result(
        self, callee: Callee, source: Source | None = None, call: ast.Call | None = None
    ) -> Value | None:
        """The result of a function when it is called; a generator yields many."""
        node = self.program.definition(callee.path, callee.name)
        if not isinstance(node, FUNCTIONS) or node in self.running:
            return None
        home = self.program.sources[callee.path]
        self.running.add(node)
        try:
            declared = None if node.returns is None else annotated(self, home, node.returns, node.returns)
            if isinstance(declared, Many) and declared.item is None:
                declared = None
            if declared is not None and not isinstance(declared, Query) and _is_telling(declared):
                return declared
            yielded = [part.value for part in yields_of(node) if isinstance(part, ast.Yield) and part.value]
            if yields_of(node):
                return Many(self.first(home, yielded))
            returned = [part.value for part in nodes_of(node) if isinstance(part, ast.Return) and part.value]
            value = self.first(home, returned)
            return query_of_helper(self, value, node, source, call) if isinstance(value, Query) else value
        finally:
            self.running.discard(node)


def assignments_to_self(node: ast.ClassDef, name: str) -> Iterator[ast.Assign | ast.AnnAssign]:
    """The assignments of an attribute in the methods of a class."""
    for method in node.body:
        for part in nodes_of(method) if isinstance(method, FUNCTIONS) else ():
            if isinstance(part, (ast.Assign, ast.AnnAssign)):
                targets = part.targets if isinstance(part, ast.Assign) else [part.target]
                if any(_is_self(target, name) for target in targets):
                    yield part


def _is_telling(declared: Value) -> bool:
    """Whether an annotation says all: it does not say which client."""
    parts = declared.items if isinstance(declared, Several) else (declared,)
    return CLIENT not in parts and declared != Many(CLIENT)


def _is_static(function: Function) -> bool:
    return has_decorator(function, "staticmethod")


def _is_self(node: ast.expr, name: str) -> bool:
    own = isinstance(node, ast.Attribute) and node.attr == name
    return own and isinstance(node.value, ast.Name) and node.value.id == "self"  # type: ignore[attr-defined]
