"""Which of the objects that matter an expression gives."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from flake8_async_fastapi.convert.libraries import (
    BUILDERS,
    CLASSES,
    REPEATING,
)
from flake8_async_fastapi.convert.libraries import FUNCTIONS as MAKERS
from flake8_async_fastapi.convert.names import Bound, Program, defaults_of
from flake8_async_fastapi.convert.texts import FUNCTIONS, Function, Source, nodes_of
from flake8_async_fastapi.convert.values import (
    CONNECTION,
    ENGINE,
    FACTORY,
    OTHER,
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
    Value,
)

_MOST_NESTED: Final = 60

_ITERABLES: Final = frozenset(
    "list List Sequence Iterator Iterable Generator AsyncIterator AsyncGenerator AsyncIterable Collection"
    " set Set tuple Tuple ContextManager AbstractContextManager AsyncContextManager"
    " AbstractAsyncContextManager".split()
)
_TAKERS: Final = frozenset("first one one_or_none pop fetchone scalar scalar_one".split())
_LITERALS: Final = (ast.Constant, ast.JoinedStr, ast.List, ast.Dict, ast.Set, ast.Tuple, ast.Compare)
_SAME: Final = frozenset("list sorted set tuple iter reversed".split())
_DEPENDS: Final = ("fastapi.Depends", "fastapi.Security", "fastapi.params.Depends")
_QUERIES: Final = ("sqlalchemy.orm.Query", "sqlalchemy.orm.query.Query")
_AGGREGATES: Final = frozenset("count sum max min avg exists coalesce".split())


@dataclass
class Inference:
    """Answers what expressions give; answers are kept."""

    program: Program
    given: dict[tuple[str, str, str], Value] = field(default_factory=dict)
    """What calls pass to parameters that say nothing of themselves: by path, function and parameter."""
    _known: dict[ast.AST, Value | None] = field(default_factory=dict)
    _names: dict[tuple[int, str], Value | None] = field(default_factory=dict)
    _running: set[object] = field(default_factory=set)
    _circles: int = 0

    def forget(self) -> None:
        """Forget all answers: more is given now."""
        self._known.clear()

    # --- expressions ----------------------------------------------------------------------

    def value(self, source: Source, node: ast.expr) -> Value | None:
        """What an expression gives, or None."""
        if node in self._known:
            return self._known[node]
        if node in self._running or len(self._running) > _MOST_NESTED:
            self._circles += 1
            return None
        self._running.add(node)
        before = self._circles
        try:
            found = self._evaluate(source, node)
        finally:
            self._running.discard(node)
        if found is not None or before == self._circles:
            self._known[node] = found
        return found

    def _evaluate(self, source: Source, node: ast.expr) -> Value | None:
        if isinstance(node, ast.Name):
            return self._name(source, node.id, node)
        if isinstance(node, ast.Attribute):
            return self._attribute(source, node)
        if isinstance(node, ast.Call):
            return self._call(source, node)
        if isinstance(node, (ast.Await, ast.NamedExpr, ast.Starred)):
            return self.value(source, node.value)
        if isinstance(node, ast.IfExp):
            return self._first(source, (node.body, node.orelse))
        if isinstance(node, ast.BoolOp):
            return self._first(source, node.values)
        if isinstance(node, (ast.ListComp, ast.GeneratorExp, ast.SetComp)):
            return Many(self.value(source, node.elt))
        if isinstance(node, ast.Subscript):
            base = self.value(source, node.value)
            return self.item(base) if isinstance(base, (Many, Query)) else self._subscripted(base)
        is_none = isinstance(node, ast.Constant) and node.value is None
        return OTHER if isinstance(node, _LITERALS) and not is_none else None

    def _subscripted(self, base: Value | None) -> Value | None:
        return base if isinstance(base, (Class, Library)) else None

    def _first(self, source: Source, nodes: Iterable[ast.expr]) -> Value | None:
        return _best(self.value(source, node) for node in nodes)

    def _name(self, source: Source, name: str, at: ast.AST) -> Value | None:
        found = [self._bound(bound) for bound in self.program.lookup(source, name, at)]
        queries = [value for value in found if isinstance(value, Query)]
        if queries:
            return replace(
                queries[0],
                unique=any(query.unique for query in queries),
                filtered=any(query.filtered for query in queries),
            )
        return _best(found)

    def _bound(self, bound: Bound) -> Value | None:
        source, node = bound.source, bound.node
        if bound.kind == "parameter":
            return self._parameter(bound)
        if bound.kind == "import":
            return self._imported(bound)
        if bound.kind == "definition":
            assert isinstance(node, (*FUNCTIONS, ast.ClassDef))
            name = source.qualname(node)
            return Class(source.path, name) if isinstance(node, ast.ClassDef) else Callee(source.path, name)
        if bound.annotation is not None:
            declared = self.annotation(source, bound.annotation, bound.annotation)
            if declared is not None:
                return declared
        if bound.kind == "unknown" or not isinstance(node, ast.expr):
            return None
        value = self.value(source, node)
        if bound.kind == "enter":
            return self.entered(value)
        return self.item(value) if bound.kind == "item" else value

    def _parameter(self, bound: Bound) -> Value | None:
        source, argument, function = bound.source, bound.node, bound.function
        assert isinstance(argument, ast.arg) and function is not None
        if argument.annotation is not None:
            declared = self.annotation(source, argument.annotation, argument.annotation)
            if declared is not None:
                return declared
        default = defaults_of(function.args).get(argument.arg)
        if default is not None:
            value = self.value(source, default)
            if value is not None:
                return value
        parent = source.parents[function]
        first = [*function.args.posonlyargs, *function.args.args][:1]
        if isinstance(parent, ast.ClassDef) and first == [argument] and not _is_static(function):
            made = Instance if not _has_decorator(function, "classmethod") else Class
            return made(source.path, source.qualname(parent))
        return self.given.get((source.path, source.qualname(function), argument.arg))

    def _imported(self, bound: Bound, depth: int = 0) -> Value | None:
        importer = bound.source.path
        target = self.program.imported_file(importer, bound.module, bound.level)
        if not bound.imported:
            return Library(bound.module) if target is None else Module(target.path)
        if target is not None:
            return self._global(target, bound.imported)
        module = f"{bound.module}.{bound.imported}" if bound.module else bound.imported
        below = self.program.imported_file(importer, module, bound.level)
        if below is not None:
            return Module(below.path)
        return None if bound.level else Library(module)

    def _global(self, source: Source, name: str) -> Value | None:
        key = (id(source), name)
        if key in self._running:
            self._circles += 1
            return None
        self._running.add(key)
        try:
            bounds = self.program.globals(source, name)
            if not bounds:
                below = self.program.submodule(source.path, name)
                return None if below is None else Module(below.path)
            return _best(self._bound(bound) for bound in bounds)
        finally:
            self._running.discard(key)

    def _attribute(self, source: Source, node: ast.Attribute) -> Value | None:
        base = self.value(source, node.value)
        if isinstance(base, Module):
            return self._global(self.program.sources[base.path], node.attr)
        if isinstance(base, Library):
            return self._of_library(source, f"{base.name}.{node.attr}")
        if isinstance(base, (Instance, Class)):
            return self.member(base, node.attr)
        return None

    def _of_library(self, source: Source, dotted: str) -> Value:
        target = self.program.imported_file(source.path, dotted, 0)
        return Library(dotted) if target is None else Module(target.path)

    # --- calls ----------------------------------------------------------------------------

    def _call(self, source: Source, node: ast.Call) -> Value | None:
        if isinstance(node.func, ast.Attribute):
            base = self.value(source, node.func.value)
            if isinstance(base, Known):
                return self._method_of_known(source, node, base, node.func.attr)
            if isinstance(base, Query):
                return self._method_of_query(source, node, base, node.func.attr)
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
        """What calling a value gives."""
        if isinstance(function, Library):
            return self._call_library(source, node, function.name)
        if isinstance(function, Class):
            return Instance(function.path, function.name)
        if isinstance(function, Maker):
            return function.made
        if function == FACTORY:
            return SESSION
        if isinstance(function, Instance):
            function = self.member(function, "__call__")
        return self.result(function, source, node) if isinstance(function, Callee) else None

    def _call_library(self, source: Source, node: ast.Call, name: str) -> Value | None:
        if name in CLASSES or name in MAKERS:
            return CLASSES.get(name) or MAKERS[name]
        if name in _DEPENDS:
            return self.depended(source, node)
        if name == "contextlib.closing" and node.args:
            return Many(self.value(source, node.args[0]))
        if name == "typing.cast" and node.args:
            return self.annotation(source, node.args[0], node)
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
        """What a ``Depends(...)`` gives to its parameter."""
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
                return self._query(source, node)
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
        return OTHER if base == OTHER else None

    # --- legacy queries -------------------------------------------------------------------

    def _query(self, source: Source, node: ast.Call) -> Query | None:
        assert isinstance(node.func, ast.Attribute)
        session = node.func.value
        text = source.code(session) if _is_plain(session) else ""
        return self._selecting(source, Query(text, "row"), node)

    def _selecting(self, source: Source, query: Query, node: ast.Call) -> Query:
        """A query for what the arguments of a call name."""
        entities = [self._is_entity(source, argument) for argument in node.args]
        if len(entities) == 1 and entities[0] and not node.keywords:
            model = self.value(source, node.args[0])
            made = Instance(model.path, model.name) if isinstance(model, Class) else None
            return replace(query, kind="entity", entity=source.code(node.args[0]), model=made)
        single = len(node.args) == 1 and _is_aggregate(node.args[0])
        return replace(query, kind="value" if single else "row", entity="", model=None)

    def _is_entity(self, source: Source, node: ast.expr) -> bool:
        value = self.value(source, node)
        if isinstance(value, (Class, Instance)):
            return True
        if isinstance(node, ast.Name):
            return node.id[:1].isupper() or "model" in node.id or node.id in ("cls", "entity")
        if isinstance(node, ast.Attribute):
            base = self.value(source, node.value)
            return isinstance(base, (Module, Library)) or "model" in node.attr or node.attr == "entity"
        return False

    def _method_of_query(self, source: Source, node: ast.Call, base: Query, method: str) -> Value | None:
        if method in ("with_entities", "add_columns", "add_column", "add_entity"):
            changed = self._selecting(source, base, node) if method == "with_entities" else base
            return replace(changed if method == "with_entities" else replace(base, kind="row"), filtered=True)
        if method in BUILDERS or method == "populate_existing":
            return base.after(unique=method in REPEATING or self._names_others(source, node, base))
        if method == "all":
            return Many(base.model)
        return base.model if method in ("first", "one", "one_or_none", "get") else None

    def _names_others(self, source: Source, node: ast.Call, base: Query) -> bool:
        """Whether a condition joins another table by naming it."""
        for argument in node.args:
            for part in ast.walk(argument):
                if isinstance(part, ast.Compare) and isinstance(part.comparators[0], ast.Attribute):
                    other = self.value(source, part.comparators[0].value)
                    if isinstance(other, Class) and base.model != Instance(other.path, other.name):
                        return True
        return False

    # --- what values give -----------------------------------------------------------------

    def item(self, value: Value | None) -> Value | None:
        """What iterating over a value gives."""
        if isinstance(value, Query):
            return value.model
        return value.item if isinstance(value, Many) else None

    def entered(self, value: Value | None) -> Value | None:
        """What ``with value as`` gives."""
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
            value = self._bound(bound)
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
        for method in node.body:
            if isinstance(method, FUNCTIONS):
                for part in nodes_of(method):
                    value = self._assigned(source, part, name)
                    if value is not None:
                        return value
        return None

    def _assigned(self, source: Source, part: ast.AST, name: str) -> Value | None:
        if isinstance(part, ast.AnnAssign) and _is_self(part.target, name):
            declared = self.annotation(source, part.annotation, part)
            if declared is not None:
                return declared
            return None if part.value is None else self.value(source, part.value)
        if isinstance(part, ast.Assign) and any(_is_self(target, name) for target in part.targets):
            return self.value(source, part.value)
        return None

    def result(
        self, callee: Callee, source: Source | None = None, call: ast.Call | None = None
    ) -> Value | None:
        """What a function gives when it is called; a generator gives many."""
        node = self.program.definition(callee.path, callee.name)
        if not isinstance(node, FUNCTIONS) or node in self._running:
            return None
        home = self.program.sources[callee.path]
        self._running.add(node)
        try:
            declared = None if node.returns is None else self.annotation(home, node.returns, node.returns)
            if isinstance(declared, Many) and declared.item is None:
                declared = None
            if declared is not None and not isinstance(declared, Query):
                return declared
            yielded = [part.value for part in yields_of(node) if isinstance(part, ast.Yield) and part.value]
            if yields_of(node):
                return Many(self._first(home, yielded))
            returned = [part.value for part in nodes_of(node) if isinstance(part, ast.Return) and part.value]
            value = self._first(home, returned)
            return self._query_of(value, node, source, call) if isinstance(value, Query) else value
        finally:
            self._running.discard(node)

    def _query_of(self, query: Query, node: Function, source: Source | None, call: ast.Call | None) -> Query:
        """A query that a helper made, with its session as its caller would write it."""
        if source is None or call is None:
            return replace(query, session="")
        if query.session.startswith("self.") and _is_own_method(call):
            return query
        names = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args)]
        passed = dict(zip(names[1:] if names[:1] in (["self"], ["cls"]) else names, call.args, strict=False))
        passed |= {word.arg: word.value for word in call.keywords if word.arg}
        session = passed.get(query.session)
        if session is not None and _is_plain(session):
            return replace(query, session=source.code(session))
        given = [
            value
            for value in (self.value(source, part) for part in passed.values())
            if isinstance(value, Query)
        ]
        return replace(query, session=given[0].session if given else "")

    # --- annotations ----------------------------------------------------------------------

    def annotation(self, source: Source, node: ast.expr, at: ast.AST) -> Value | None:
        """What an annotation says of what it annotates."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            try:
                return self.annotation(source, ast.parse(node.value, mode="eval").body, at)
            except SyntaxError:
                return None
        if isinstance(node, ast.BinOp):
            return _best(self.annotation(source, side, at) for side in (node.left, node.right))
        if isinstance(node, ast.Subscript):
            return self._generic(source, node, at)
        if isinstance(node, ast.Name):
            return self._named(source, node.id, at)
        if isinstance(node, ast.Attribute):
            return _instance_of(self._dotted(source, node, at))
        return None

    def _dotted(self, source: Source, node: ast.expr, at: ast.AST) -> Value | None:
        """The value of a dotted name, which need not stand in the file itself."""
        if isinstance(node, ast.Name):
            return self._name(source, node.id, at)
        if not isinstance(node, ast.Attribute):
            return None
        base = self._dotted(source, node.value, at)
        if isinstance(base, Module):
            return self._global(self.program.sources[base.path], node.attr)
        return self._of_library(source, f"{base.name}.{node.attr}") if isinstance(base, Library) else None

    def _named(self, source: Source, name: str, at: ast.AST) -> Value | None:
        key = ("annotation", id(source), name)
        if key in self._running:
            return None
        self._running.add(key)
        try:
            for bound in self._followed(self.program.lookup(source, name, at)):
                if bound.kind == "value" and isinstance(bound.node, ast.expr):
                    return self.annotation(bound.source, bound.node, bound.node)
                value = _instance_of(self._bound(bound))
                if value is not None:
                    return value
        finally:
            self._running.discard(key)
        return None

    def _followed(self, bounds: list[Bound], depth: int = 0) -> list[Bound]:
        """What binds names, imports from the project's own files followed."""
        found = []
        for bound in bounds:
            target = None
            if bound.kind == "import" and bound.imported and depth < 8:
                target = self.program.imported_file(bound.source.path, bound.module, bound.level)
            if target is None:
                found.append(bound)
            else:
                found += self._followed(self.program.globals(target, bound.imported), depth + 1)
        return found

    def _generic(self, source: Source, node: ast.Subscript, at: ast.AST) -> Value | None:
        last = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if last == "Annotated":
            declared = self.annotation(source, parts[0], at)
            return _best([declared, *(self._depends(source, part) for part in parts[1:])])
        if last in ("Optional", "Union", "Final", "ClassVar", "Mapped"):
            return _best(self.annotation(source, part, at) for part in parts)
        if last in _ITERABLES:
            return Many(self.annotation(source, parts[0], at))
        if last in ("type", "Type"):
            made = self.annotation(source, parts[0], at)
            return Class(made.path, made.name) if isinstance(made, Instance) else None
        if last == "Callable":
            return Maker(self.annotation(source, parts[-1], at))
        return self.annotation(source, node.value, at)

    def _depends(self, source: Source, node: ast.expr) -> Value | None:
        return self.depended(source, node) if isinstance(node, ast.Call) else None


def _instance_of(value: Value | None) -> Value | None:
    if isinstance(value, Class):
        return Instance(value.path, value.name)
    if isinstance(value, Library):
        return Query("", "entity") if value.name in _QUERIES else CLASSES.get(value.name, _other(value.name))
    return None


def _other(name: str) -> Value | None:
    return None if name in ("typing.Any", "object") else OTHER


def _best(found: Iterable[Value | None]) -> Value | None:
    """The first value that says something; one that does not matter only if no other does."""
    known = [value for value in found if value is not None]
    return next((value for value in known if value != OTHER), known[0] if known else None)


def yields_of(function: Function) -> list[ast.Yield | ast.YieldFrom]:
    """The places where a function yields."""
    return [node for node in nodes_of(function) if isinstance(node, (ast.Yield, ast.YieldFrom))]


def decorator_names(function: Function) -> list[str]:
    """The last names of a function's decorators."""
    found = []
    for decorator in function.decorator_list:
        target = decorator.func if isinstance(decorator, ast.Call) else decorator
        found.append(target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", ""))
    return found


def _has_decorator(function: Function, *names: str) -> bool:
    return any(name in names for name in decorator_names(function))


def is_property(function: Function) -> bool:
    """Whether a method is read like an attribute."""
    return _has_decorator(function, "property", "cached_property", "hybrid_property")


def _is_static(function: Function) -> bool:
    return _has_decorator(function, "staticmethod")


def _is_self(node: ast.expr, name: str) -> bool:
    own = isinstance(node, ast.Attribute) and node.attr == name
    return own and isinstance(node.value, ast.Name) and node.value.id == "self"  # type: ignore[attr-defined]


def _is_own_method(call: ast.Call) -> bool:
    own = call.func.value if isinstance(call.func, ast.Attribute) else None
    return isinstance(own, ast.Name) and own.id == "self"


def _is_plain(node: ast.expr) -> bool:
    """Whether an expression is a name or attributes of one: it may be written twice."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name)


def _is_aggregate(node: ast.expr) -> bool:
    function = node.func if isinstance(node, ast.Call) else None
    if isinstance(function, ast.Attribute) and function.attr == "label":
        return _is_aggregate(function.value)
    return isinstance(function, ast.Attribute) and function.attr in _AGGREGATES
