"""The name of a project's class in a file, and the import that it needs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath

import libcst as cst

from flake8_async_fastapi.fixes.code import Code
from flake8_async_fastapi.fixes.edits import Edit
from flake8_async_fastapi.fixes.imports import dotted, imported, run_time_imports


def class_name(code: Code, file: str, name: str) -> tuple[str, list[Edit]]:
    """The name of a class from another file, and the edits that import it, if any."""
    if PurePath(code.path) == PurePath(file):
        return name, []
    known = _imported_name(code, file, name) or _name_in_module(code, name)
    if known:
        return known, []
    return imported(code, _module_of(code, file), name)


def _imported_name(code: Code, file: str, name: str) -> str:
    """The name under which a file imports a class from the file that defines it, or from a package above."""
    for origin, alias in _aliases(code):
        if alias.evaluated_name == name and _leads_to(code, origin, file):
            return alias.evaluated_alias or name
    return ""


def _name_in_module(code: Code, name: str) -> str:
    """A class as an attribute of an imported module, if the file writes it so elsewhere."""
    modules = {
        alias.evaluated_alias or alias.evaluated_name
        for statement in run_time_imports(code)
        if not isinstance(statement.names, cst.ImportStar)
        for alias in statement.names
    }
    found = (dotted(node) for node in code.nodes(cst.Attribute) if node.attr.value == name)
    return next((text for text in found if text.rpartition(".")[0] in modules), "")


def _aliases(code: Code) -> Iterator[tuple[str, cst.ImportAlias]]:
    """The names that a file imports at run time, each with the module, including leading dots."""
    for statement in run_time_imports(code):
        if isinstance(statement, cst.ImportFrom) and not isinstance(statement.names, cst.ImportStar):
            module = "" if statement.module is None else dotted(statement.module)
            for alias in statement.names:
                yield "." * len(statement.relative) + module, alias


def _leads_to(code: Code, origin: str, file: str) -> bool:
    """Whether a module may be a file, or a package that contains the file."""
    wanted = PurePath(file).with_suffix("").parts
    named = tuple(filter(None, origin.lstrip(".").split(".")))
    dots = len(origin) - len(origin.lstrip("."))
    if dots:
        parents = PurePath(code.path).parent.parts
        named = parents[: len(parents) - dots + 1] + named
        return wanted[: len(named)] == named
    return any(wanted[start : start + len(named)] == named for start in range(len(wanted)))


def _module_of(code: Code, file: str) -> str:
    """The dotted name by which a file imports another, in the style of its other imports."""
    parts = PurePath(file).with_suffix("").parts
    parts = parts[:-1] if parts[-1] == "__init__" else parts
    origins = [origin for origin, _ in _aliases(code)]
    exact = [origin for origin in origins if _names_exactly(code, origin, parts)]
    if exact:
        return exact[0]
    tops = {origin.partition(".")[0] for origin in origins if not origin.startswith(".")}
    below = next((number for number, part in enumerate(parts) if part in tops), None)
    if below is not None:
        return ".".join(parts[below:])
    here = PurePath(code.path).parent.parts
    shared = 0
    while shared < min(len(here), len(parts)) and here[shared] == parts[shared]:
        shared += 1
    if any(origin.startswith(".") for origin in origins):
        return "." * (len(here) - shared + 1) + ".".join(parts[shared:])
    return ".".join(parts[shared:]) if shared == len(here) else ".".join(parts)


def _names_exactly(code: Code, origin: str, parts: tuple[str, ...]) -> bool:
    named = tuple(filter(None, origin.lstrip(".").split(".")))
    dots = len(origin) - len(origin.lstrip("."))
    if dots:
        parents = PurePath(code.path).parent.parts
        return parts == parents[: len(parents) - dots + 1] + named
    return bool(named) and parts[-len(named) :] == named
