"""A copy of a project to make changes in: which modules to change, and how.

The choice depends on the texts of the project only, so each run makes the same changes.
"""

from __future__ import annotations

import ast
import os
import shutil
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from flake8_async_fastapi.store.root import find_root
from flake8_async_fastapi.store.sources import python_files

ADDED = "added_by_the_benchmark"
NOT_COPIED = (".git", ".hg", ".venv", "venv", "node_modules", "__pycache__")
ROUTE_METHODS = frozenset({"get", "post", "put", "patch", "delete", "websocket"})


@dataclass(frozen=True)
class Module:
    """A file of the project, its path relative to the root; ``importers`` counts the files that import it."""

    path: str
    text: str
    importers: int
    has_functions: bool
    has_classes: bool
    has_routes: bool

    @property
    def is_test(self) -> bool:
        *folders, name = PurePosixPath(self.path).parts
        return name.startswith("test_") or name == "conftest.py" or not {"test", "tests"}.isdisjoint(folders)


@dataclass(frozen=True)
class Import:
    """A module that is imported, by its dotted name, or one name of it."""

    module: str
    name: str = ""

    @property
    def dotted(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass(frozen=True)
class Copy:
    """A copy of a project: its root, the folder to lint, and the modules in that folder."""

    root: Path
    tree: Path
    modules: tuple[Module, ...]


def copy_project(tree: Path, folder: Path) -> Copy:
    """Copy the project that a tree is a part of, or is, and return the copy."""
    source = find_root(tree / "x.py", arguments=[str(tree)], cwd=tree)
    root = folder / source.name
    shutil.copytree(source, root, symlinks=True, ignore=shutil.ignore_patterns(*NOT_COPIED))
    # So that the copy begins where the project began, also where that was a repository's folder.
    (root / ".git").mkdir()
    linted = root / tree.relative_to(source)
    modules = read_modules(root)
    return Copy(
        root, linted, tuple(module for module in modules if (root / module.path).is_relative_to(linted))
    )


def read_modules(root: Path) -> list[Module]:
    """Read the modules of a project; those that are no UTF-8 or do not parse are left out."""
    trees: dict[str, ast.Module] = {}
    texts: dict[str, str] = {}
    for path in python_files(root):
        try:
            texts[path] = (root / path).read_text(encoding="utf-8")
            trees[path] = ast.parse(texts[path])
        except (OSError, SyntaxError, ValueError, RecursionError):
            continue
    importers = count_importers(trees)
    return [_module(path, texts[path], tree, importers[path]) for path, tree in trees.items()]


def _module(path: str, text: str, tree: ast.Module, importers: int) -> Module:
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    has_classes = any(isinstance(node, ast.ClassDef) for node in tree.body)
    has_routes = any(_is_route(node) for function in functions for node in function.decorator_list)
    return Module(path, text, importers, bool(functions), has_classes, has_routes)


def _is_route(decorator: ast.expr) -> bool:
    return (
        isinstance(decorator, ast.Call)
        and isinstance(decorator.func, ast.Attribute)
        and decorator.func.attr in ROUTE_METHODS
    )


def count_importers(trees: Mapping[str, ast.Module]) -> Counter[str]:
    """Return for each path how many of the other files import it, or a name of it by way of a package."""
    by_name = _paths_by_name(trees)
    imports = {path: set(_imports(path, tree)) for path, tree in trees.items()}
    importers: Counter[str] = Counter()
    for path, found in imports.items():
        through = {step for one in found for step in _follow(one, by_name, imports)}
        paths = {path for one in through for path in (*by_name[one.module], *by_name[one.dotted])}
        importers.update(paths - {path})
    return importers


def _follow(
    one: Import, by_name: Mapping[str, set[str]], imports: Mapping[str, set[Import]]
) -> Iterator[Import]:
    """An import, and what gives the name to the packages that it comes from, and so on."""
    pending, seen = [one], {one}
    while pending:
        step = pending.pop()
        yield step
        for path in by_name[step.module] if step.name else ():
            if path.endswith("__init__.py"):
                sources = {origin for origin in imports[path] if origin.name == step.name} - seen
                seen |= sources
                pending += sources


def _paths_by_name(paths: Mapping[str, object]) -> defaultdict[str, set[str]]:
    """The files that a dotted name may mean: imports start in any folder that is no package."""
    packages = {os.path.dirname(path) for path in paths if os.path.basename(path) == "__init__.py"}
    found: defaultdict[str, set[str]] = defaultdict(set)
    for path in paths:
        parts = path.removesuffix(".py").removesuffix("/__init__").split("/")
        found["/" + ".".join(parts)].add(path)  # for relative imports, which say where they start
        for start in range(len(parts)):
            if "/".join(parts[:start]) not in packages:
                found[".".join(parts[start:])].add(path)
    return found


def _imports(path: str, tree: ast.Module) -> Iterator[Import]:
    folders = path.split("/")[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (Import(alias.name) for alias in node.names if not _is_standard(alias.name))
        elif isinstance(node, ast.ImportFrom) and (node.level or not _is_standard(node.module or "")):
            start = "/" + ".".join(folders[: len(folders) - node.level + 1]) if node.level else ""
            module = ".".join(filter(None, (start, node.module))).replace("/.", "/")
            yield from (Import(module, alias.name) for alias in node.names)


def _is_standard(name: str) -> bool:
    return name.partition(".")[0] in sys.stdlib_module_names


def choose_leaf(modules: tuple[Module, ...]) -> Module | None:
    """Return a module whose change concerns nobody else: of the least imported ones that of median size.

    One with routes if there are any, otherwise one with functions, and none of the tests if possible.
    """
    code = _own_code(modules)
    candidates = [module for module in code if module.has_routes] or code
    fewest = min((module.importers for module in candidates), default=0)
    leaves = [module for module in candidates if module.importers == fewest]
    return _by_size(leaves)[len(leaves) // 2] if leaves else None


def choose_hub(modules: tuple[Module, ...]) -> Module | None:
    """Return the module with classes or functions that most files import, no test if possible."""
    definers = [module for module in modules if module.has_classes or module.has_functions]
    candidates = [module for module in definers if not module.is_test] or definers
    return min(candidates, key=lambda module: (-module.importers, module.path), default=None)


def choose_five(modules: tuple[Module, ...]) -> list[Module]:
    """Return five modules with functions, from small to large ones; all, if there are no more."""
    code = _by_size(_own_code(modules))
    return [code[len(code) * place // 6] for place in range(1, 6)] if len(code) > 5 else code


def _own_code(modules: tuple[Module, ...]) -> list[Module]:
    code = [module for module in modules if module.has_functions]
    return [module for module in code if not module.is_test] or code


def _by_size(modules: list[Module]) -> list[Module]:
    return sorted(modules, key=lambda module: (len(module.text), module.path))


def change_function(text: str) -> str:
    """Return the text with a line more in its first function."""
    lines = text.split("\n")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            last = node.body[-1]
            first_line = min(part.lineno for part in (last, *getattr(last, "decorator_list", ())))
            indent = lines[first_line - 1][: last.col_offset]
            if indent.isspace():  # and not `def f(): ...` on one line
                return "\n".join((*lines[: first_line - 1], f"{indent}{ADDED} = 1", *lines[first_line - 1 :]))
    return f"{text}\n{ADDED} = 1\n"


def change_definitions(text: str) -> str:
    """Return the text with an attribute more in its first class that has any, or with a function more.

    The attribute is another one of the class under a new name: a column in a model, a field in a schema.
    """
    lines = text.split("\n")
    for node in ast.parse(text).body:
        for statement in reversed(node.body if isinstance(node, ast.ClassDef) else ()):
            name = _attribute(statement)
            first, *rest = lines[statement.lineno - 1 : statement.end_lineno]
            if name is not None and not name.startswith("_") and first.lstrip().startswith(name):
                copied = [first.replace(name, ADDED, 1), *rest]
                return "\n".join((*lines[: statement.end_lineno], *copied, *lines[statement.end_lineno :]))
    return f"{text}\n\ndef {ADDED}() -> None:\n    pass\n"


def _attribute(statement: ast.stmt) -> str | None:
    """The name that a statement of a class gives a value, if it is that of an attribute."""
    target: ast.expr | None = None
    if isinstance(statement, ast.AnnAssign):
        target = statement.target
    elif isinstance(statement, ast.Assign):
        target = statement.targets[0]
    return target.id if isinstance(target, ast.Name) and target.id != "model_config" else None
