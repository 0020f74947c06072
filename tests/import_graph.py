"""The modules of a package, what each imports, and which import each other in a circle."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

Graph = Mapping[str, frozenset[str]]
"""For each module, by its dotted name below the package, those that it imports."""


def read_imports(path: Path, package: Path, *, types: bool = True) -> Iterator[tuple[int, str]]:
    """Yield line and full dotted name of all imports, at whatever depth in the code.

    Without ``types``, those are left out that never run, since only type checkers read them.
    """
    parents = path.relative_to(package.parent).parent.parts
    for node in _walk(ast.parse(path.read_bytes()), types=types):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(parents[: len(parents) - node.level + 1]) if node.level else ""
            module = ".".join(filter(None, (base, node.module)))
            for alias in node.names:
                # `from package import part` names a part, `from part import name` is in one already.
                yield node.lineno, f"{module}.{alias.name}"


def _walk(tree: ast.AST, *, types: bool) -> Iterator[ast.AST]:
    pending = [tree]
    while pending:
        node = pending.pop()
        yield node
        if types or not (isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")):
            pending.extend(ast.iter_child_nodes(node))


def import_graph(package: Path, outside: set[str], *, types: bool = True) -> Graph:
    """The imports between the modules of a package, but for the parts ``outside``."""
    paths = {module_name(path, package): path for path in sorted(package.rglob("*.py"))}
    modules = {name: path for name, path in paths.items() if name.partition(".")[0] not in outside}
    graph = {}
    for name, path in modules.items():
        found = {
            _module_of(dotted, package.name, modules)
            for _, dotted in read_imports(path, package, types=types)
        }
        graph[name] = frozenset(found - {"", name})
    return graph


def module_name(path: Path, package: Path) -> str:
    """The dotted name of a file below its package; a folder's ``__init__`` has the folder's name."""
    parts = path.relative_to(package).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def _module_of(dotted: str, package: str, modules: Mapping[str, Path]) -> str:
    """The module of the package that an imported name is, or lies in; empty for a foreign one."""
    top, _, below = dotted.partition(".")
    while top == package and below and below not in modules:
        below = below.rpartition(".")[0]
    return below if top == package else ""


def circles(graph: Graph) -> list[frozenset[str]]:
    """The strongly connected components with more than one member (Tarjan's algorithm), largest first."""
    index: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    found: list[frozenset[str]] = []

    def visit(node: str) -> None:
        index[node] = lowest[node] = len(index)
        stack.append(node)
        for target in sorted(graph.get(node, ())):
            if target not in index:
                visit(target)
                lowest[node] = min(lowest[node], lowest[target])
            elif target in stack:
                lowest[node] = min(lowest[node], index[target])
        if lowest[node] == index[node]:
            place = stack.index(node)
            found.append(frozenset(stack[place:]))
            del stack[place:]

    for node in sorted(graph):
        if node not in index:
            visit(node)
    return sorted((one for one in found if len(one) > 1), key=lambda one: (-len(one), sorted(one)))
