"""Tests that became async: pytest runs them with anyio, which Starlette brings along."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import Final

from flake8_async_fastapi.convert.colour import Colours
from flake8_async_fastapi.convert.imports import Imports
from flake8_async_fastapi.convert.texts import Edit, Source
from flake8_async_fastapi.project.modules import is_test

_BACKEND: Final = """


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"
"""


def testing_edits(
    colours: Colours, source: Source, imports: Imports, sources: Iterable[Source]
) -> Iterator[Edit]:
    """The edits of a test file, or of the ``conftest.py`` of a project with such tests."""
    if not is_test(source.path):
        return
    conftests = sorted(
        (other.path for other in sources if _is_conftest(other.path)), key=lambda p: p.count("/")
    )
    home = conftests[0] if conftests else ""
    is_async = _has_async_tests(colours, source)
    if source.path == home:
        is_needed = any(_has_async_tests(colours, other) for other in sources)
    else:
        is_needed = is_async and not home
    program = colours.inference.program
    if is_async:
        yield from _mark(source, f"{imports.need_module('pytest')}.mark.anyio")
    if is_needed and not program.globals(source, "anyio_backend"):
        imports.need_module("pytest")
        end = len(source.text.rstrip("\n"))
        yield Edit(end, len(source.text), 0, _BACKEND)


def _mark(source: Source, mark: str) -> Iterator[Edit]:
    """Mark all tests of a file, besides the marks that they have."""
    for node in source.tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "pytestmark":
            if isinstance(node.value, ast.List):
                at = source.end(node.value) - 1
                lead = ", " if node.value.elts and source.text[:at].rstrip()[-1] != "," else ""
                yield Edit(at, at, 0, f"{lead}{mark}")
            else:
                yield source.before(node.value, "[")
                yield source.after(node.value, f", {mark}]")
            return
    line = _after_imports(source)
    at = source.line_start(line)
    above = "\n" if line > 1 else ""  # else there are only new imports, which end in an empty line
    below = "" if source.text[at:].startswith("\n") else "\n\n"
    yield Edit(at, at, -1, f"{above}pytestmark = {mark}\n{below}")


def _is_conftest(path: str) -> bool:
    return path.rpartition("/")[2] == "conftest.py"


def _has_async_tests(colours: Colours, source: Source) -> bool:
    """Whether tests of a file become async."""
    return is_test(source.path) and any(
        isinstance(node, ast.FunctionDef) and node.name.startswith("test") and node in colours.asynchronous
        for node in ast.walk(source.tree)
    )


def _after_imports(source: Source) -> int:
    """The line after the imports at the top of a file."""
    line = 1
    for node in source.tree.body:
        is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if not (is_text or isinstance(node, (ast.Import, ast.ImportFrom))):
            break
        line = (node.end_lineno or node.lineno) + 1
    return line
