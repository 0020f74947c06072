"""Tests that become async: AnyIO, which Starlette depends on, or pytest-asyncio runs them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from flake8_async_fastapi.convert.colour import Colours
from flake8_async_fastapi.convert.imports import Imports
from flake8_async_fastapi.convert.texts import FUNCTIONS, Edit, Source
from flake8_async_fastapi.project.modules import is_test

_BACKEND: Final = """


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session", autouse=True)
async def one_event_loop(anyio_backend: str) -> {given}[None]:
    \"\"\"All tests run on one event loop: the connections of a pool stay with theirs.\"\"\"
    yield
"""


@dataclass(frozen=True)
class TestWays:
    """How the tests of a project are run, and which library sends their requests."""

    plugin: str = "anyio"
    """``anyio`` or ``asyncio``."""
    http: str = "httpx"

    __test__ = False

    @staticmethod
    def of(texts: Iterable[str]) -> TestWays:
        """The statements of some requirements, settings and tests."""
        whole = "\n".join(texts)
        old = re.search(r"pytest-asyncio *[=~<]= *0\.(\d+)", whole)
        knows_scopes = old is None or int(old[1]) >= 24
        is_asyncio = re.search(r"\bpytest[-_]asyncio\b|\basyncio_mode\b", whole) is not None
        newer = re.search(r"\bhttpx2\b", whole) and not re.search(r"\bhttpx\b", whole)
        return TestWays("asyncio" if is_asyncio and knows_scopes else "anyio", "httpx2" if newer else "httpx")


ANYIO: Final = TestWays()


def testing_edits(
    colours: Colours, source: Source, imports: Imports, sources: Iterable[Source], ways: TestWays
) -> Iterator[Edit]:
    """The edits of a test file, or of a ``conftest.py`` around such tests."""
    if not is_test(source.path):
        return
    is_async = _has_async_tests(colours, source)
    if ways.plugin == "asyncio":
        if is_async:
            yield from _mark(source, f'{imports.need_module("pytest")}.mark.asyncio(loop_scope="session")')
            yield from _without_marks(source)
        yield from _async_fixtures(colours, source, imports)
        return
    if is_async:
        yield from _mark(source, f"{imports.need_module('pytest')}.mark.anyio")
    every = list(sources)
    is_needed = any(
        _home(other.path, every) == source.path for other in every if _has_async_tests(colours, other)
    )
    if is_needed and not colours.inference.program.globals(source, "anyio_backend"):
        imports.need_module("pytest")
        given = imports.need("collections.abc", "AsyncIterator")
        end = len(source.text.rstrip("\n"))
        yield Edit(end, len(source.text), 0, _BACKEND.format(given=given))


def _home(path: str, sources: Iterable[Source]) -> str:
    """The file for the fixtures that a test file needs: the topmost ``conftest.py`` around it, or itself."""
    around = [
        other.path
        for other in sources
        if other.path.rpartition("/")[2] == "conftest.py"
        and path.startswith(other.path.removesuffix("conftest.py"))
    ]
    return min(around, key=len, default=path)


def _async_fixtures(colours: Colours, source: Source, imports: Imports) -> Iterator[Edit]:
    """The decorator that pytest-asyncio has for async fixtures; all run on the loop of the tests."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef) and node in colours.asynchronous:
            for decorator in node.decorator_list:
                call = decorator if isinstance(decorator, ast.Call) else None
                name = decorator if call is None else call.func
                if ast.unparse(name) not in ("pytest.fixture", "fixture"):
                    continue
                made = f"{imports.need_module('pytest_asyncio')}.fixture"
                yield source.instead(name, made)
                if call is None:
                    yield source.after(decorator, '(loop_scope="session")')
                else:
                    at = source.end(call) - 1
                    lead = ", " if call.args or call.keywords else ""
                    yield Edit(at, at, 0, f'{lead}loop_scope="session"')


def _without_marks(source: Source) -> Iterator[Edit]:
    """Take away marks of single tests, which have a loop of their own."""
    for node in ast.walk(source.tree):
        for decorator in node.decorator_list if isinstance(node, FUNCTIONS) else ():
            if ast.unparse(decorator) == "pytest.mark.asyncio":
                line = decorator.lineno
                yield Edit(source.line_start(line), source.line_start(line + 1), 0, "")


def _mark(source: Source, mark: str) -> Iterator[Edit]:
    """Mark all tests of a file, in addition to their existing marks."""
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
    above = "\n" if line > 1 else ""  # otherwise there are only new imports, which end with an empty line
    below = "" if source.text[at:].startswith("\n") else "\n\n"
    yield Edit(at, at, -1, f"{above}pytestmark = {mark}\n{below}")


def _has_async_tests(colours: Colours, source: Source) -> bool:
    """Whether tests of a file become async."""
    return is_test(source.path) and any(
        isinstance(node, FUNCTIONS) and node.name.startswith("test") and node in colours.asynchronous
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
