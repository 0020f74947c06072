"""The bindings of names, in any file."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from flake8_async_fastapi.convert.texts import FUNCTIONS, Function, Source, nodes_of
from flake8_async_fastapi.project.modules import Modules, index_modules

COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)


@dataclass(frozen=True)
class Bound:
    """One binding of a name.

    ``kind`` is ``value``, ``enter`` or ``item`` (of the expression ``node``), ``part`` (at a ``place`` of its
    value), ``parameter``, ``definition``, ``import``, or ``unknown``.
    """

    source: Source
    kind: str
    node: ast.AST
    annotation: ast.expr | None = None
    function: Function | None = None
    module: str = ""
    imported: str = ""
    level: int = 0
    place: int = 0


@dataclass
class Program:
    """All files of a project, and the bindings of its names."""

    sources: Mapping[str, Source]
    modules: Modules
    _scopes: dict[int, dict[str, list[Bound]]] = field(default_factory=dict)
    _definitions: dict[str, dict[str, Function | ast.ClassDef]] = field(default_factory=dict)

    def bindings(self, source: Source, scope: ast.AST) -> dict[str, list[Bound]]:
        """The bindings of the names of a scope, in order."""
        known = self._scopes.get(id(scope))
        if known is None:
            known = self._scopes[id(scope)] = {}
            for name, bound in _bindings_in(source, scope):
                known.setdefault(name, []).append(bound)
        return known

    def lookup(self, source: Source, name: str, at: ast.AST) -> list[Bound]:
        """The bindings of a name that is read at a node; empty for a builtin or an unknown name."""
        child, below_function = at, False
        for parent in source.above(at):
            scope = self._scope_for(source, parent, child, below_function)
            if name in scope:
                return scope[name]
            below_function = below_function or isinstance(parent, (*FUNCTIONS, ast.Lambda))
            child = parent
        return self.globals(source, name)

    def _scope_for(
        self, source: Source, parent: ast.AST, child: ast.AST, below_function: bool
    ) -> Mapping[str, list[Bound]]:
        if isinstance(parent, COMPREHENSIONS):
            return _comprehension_bindings(source, parent)
        if isinstance(parent, ast.Lambda) and child is parent.body:
            return {name: [Bound(source, "unknown", parent)] for name in _parameter_names(parent.args)}
        if isinstance(parent, FUNCTIONS) and child in parent.body:
            return self.bindings(source, parent)
        if isinstance(parent, ast.ClassDef) and child in parent.body and not below_function:
            return self.bindings(source, parent)
        return {}

    def globals(self, source: Source, name: str, depth: int = 0) -> list[Bound]:
        """The bindings of a name of a module, with star imports followed."""
        found = self.bindings(source, source.tree)
        if name in found:
            return found[name]
        if depth < 5:
            for star in found.get("*", []):
                target = self.imported_file(source.path, star.module, star.level)
                if target is not None and target.path != source.path:
                    through = self.globals(target, name, depth + 1)
                    if through:
                        return through
        return []

    def imported_file(self, importer: str, module: str, level: int) -> Source | None:
        """The file of a module's name."""
        if level:
            dotted = self.modules.relative(importer, level, module)
            path = None if dotted is None else self.modules.at(dotted)
        else:
            path = self.modules.find(module, importer)
        return None if path is None else self.sources.get(path)

    def submodule(self, path: str, name: str) -> Source | None:
        """The file ``name`` in the package at ``path``."""
        if not path.endswith("__init__.py"):
            return None
        folder = path.removesuffix("__init__.py")
        for candidate in (f"{folder}{name}.py", f"{folder}{name}/__init__.py"):
            if candidate in self.sources:
                return self.sources[candidate]
        return None

    def module_name(self, importer: Source, home: Source) -> str:
        """The name by which a file imports another, in the style of the project."""
        for other in (importer, *self.sources.values()):
            for node in ast.walk(other.tree):
                if isinstance(node, ast.ImportFrom) and not node.level and node.module:
                    target = self.imported_file(other.path, node.module, 0)
                    if target is not None and target.path == home.path:
                        return node.module
        return home.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    def definition(self, path: str, name: str) -> Function | ast.ClassDef | None:
        """A function or class by its name, with those around it."""
        known = self._definitions.get(path)
        if known is None:
            known = self._definitions[path] = {}
            source = self.sources[path]
            for node in ast.walk(source.tree):
                if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
                    known[source.qualname(node)] = node
        return known.get(name)

    def classes(self, name: str) -> list[ast.ClassDef]:
        """All classes of a name, in whatever file."""
        found = (self.definition(path, name) for path in self.sources)
        return [node for node in found if isinstance(node, ast.ClassDef)]


def link(sources: Mapping[str, Source]) -> Program:
    """The files of a project, linked."""
    return Program(sources, index_modules(sources))


def _parameter_names(arguments: ast.arguments) -> list[str]:
    every = [
        *arguments.posonlyargs,
        *arguments.args,
        *arguments.kwonlyargs,
        arguments.vararg,
        arguments.kwarg,
    ]
    return [argument.arg for argument in every if argument is not None]


def defaults_of(arguments: ast.arguments) -> dict[str, ast.expr]:
    """The default values of parameters, by name."""
    positional = [*arguments.posonlyargs, *arguments.args]
    found = dict(zip([a.arg for a in positional][::-1], arguments.defaults[::-1], strict=False))
    for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if default is not None:
            found[argument.arg] = default
    return found


def _bindings_in(source: Source, scope: ast.AST) -> Iterator[tuple[str, Bound]]:
    if isinstance(scope, FUNCTIONS):
        arguments = scope.args
        for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
            yield argument.arg, Bound(source, "parameter", argument, argument.annotation, scope)
        for rest in (arguments.vararg, arguments.kwarg):
            if rest is not None:
                yield rest.arg, Bound(source, "unknown", rest)
    for node in nodes_of(scope):
        yield from _bound_by(source, node)


def _bound_by(source: Source, node: ast.AST) -> Iterator[tuple[str, Bound]]:
    if isinstance(node, ast.Assign):
        for target in node.targets:
            yield from _bound_to(source, target, "value", node.value)
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        yield node.target.id, Bound(source, "value", node.value or node, node.annotation)
    elif isinstance(node, ast.NamedExpr):
        yield from _bound_to(source, node.target, "value", node.value)
    elif isinstance(node, (ast.For, ast.AsyncFor)):
        yield from _bound_to(source, node.target, "item", node.iter)
    elif isinstance(node, ast.withitem) and node.optional_vars is not None:
        yield from _bound_to(source, node.optional_vars, "enter", node.context_expr)
    elif isinstance(node, (*FUNCTIONS, ast.ClassDef)):
        yield node.name, Bound(source, "definition", node)
    elif isinstance(node, ast.ExceptHandler) and node.name:
        yield node.name, Bound(source, "unknown", node)
    elif isinstance(node, ast.Import):
        for alias in node.names:
            name = alias.asname or alias.name.partition(".")[0]
            module = alias.name if alias.asname else name
            yield name, Bound(source, "import", node, module=module)
    elif isinstance(node, ast.ImportFrom):
        for alias in node.names:
            bound = Bound(
                source, "import", node, module=node.module or "", imported=alias.name, level=node.level
            )
            yield alias.asname or alias.name, bound


def _bound_to(source: Source, target: ast.expr, kind: str, value: ast.expr) -> Iterator[tuple[str, Bound]]:
    if isinstance(target, ast.Name):
        yield target.id, Bound(source, kind, value)
    elif kind == "value" and isinstance(target, ast.Tuple) and _are_names(target.elts):
        for place, part in enumerate(target.elts):
            yield ast.unparse(part), Bound(source, "part", value, place=place)
    elif isinstance(target, (ast.Tuple, ast.List)):
        for name in ast.walk(target):
            if isinstance(name, ast.Name):
                yield name.id, Bound(source, "unknown", name)


def _are_names(parts: list[ast.expr]) -> bool:
    return all(isinstance(part, ast.Name) for part in parts)


def _comprehension_bindings(source: Source, node: ast.AST) -> dict[str, list[Bound]]:
    found: dict[str, list[Bound]] = {}
    assert isinstance(node, COMPREHENSIONS)
    for generator in node.generators:
        for name, bound in _bound_to(source, generator.target, "item", generator.iter):
            found.setdefault(name, []).append(bound)
    return found
