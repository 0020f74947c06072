"""Alembic's ``env.py``: migrations run on an async engine if their URL is now async."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from flake8_async_fastapi.convert.imports import Imports
from flake8_async_fastapi.convert.infer import Inference
from flake8_async_fastapi.convert.libraries import FUNCTIONS as MAKERS
from flake8_async_fastapi.convert.texts import Edit, Source, nodes_of
from flake8_async_fastapi.convert.urls import url_edits
from flake8_async_fastapi.convert.values import ENGINE, Library
from flake8_async_fastapi.fixes.migrations import takes_url_of_ini, urls_in_environment
from flake8_async_fastapi.fixes.settings import is_option, with_async_urls
from flake8_async_fastapi.fixes.urls import with_async_drivers
from flake8_async_fastapi.knowledge.async_twins import TWINS
from flake8_async_fastapi.project.modules import is_test
from flake8_async_fastapi.rules.left_open import MARK

_OF_MIGRATIONS: Final = frozenset({"op", "context"})
_NAMES: Final = ("run_migrations", "migrate")
_LEFT: Final = "the migrations take the URL of the application, and its driver is async now"


def is_migration(source: Source) -> bool:
    """Whether a file is one of Alembic's: it runs on a synchronous connection."""
    return any(
        isinstance(node, ast.ImportFrom)
        and node.module == "alembic"
        and any(alias.name in _OF_MIGRATIONS for alias in node.names)
        for node in ast.walk(source.tree)
    )


def is_environment(source: Source) -> bool:
    """Whether a file is Alembic's ``env.py``, which connects to the database."""
    return is_migration(source) and any(
        isinstance(node, ast.Attribute) and node.attr == "run_migrations" for node in ast.walk(source.tree)
    )


def migration_edits(
    inference: Inference,
    source: Source,
    imports: Imports,
    inis: Iterable[str],
    drivers: Mapping[str, tuple[str, str]],
) -> Iterator[Edit]:
    """The edits of an ``env.py`` whose URL is now async; none for another."""
    blocks = [node for node in ast.walk(source.tree) if isinstance(node, ast.With)]
    opened = [node for node in blocks if _opens(inference, source, node)]
    urls = list(urls_in_environment(source.tree))
    is_application = any(_is_of_application(inference, source, url) for url in urls) or any(
        _is_imported(inference, source, node) for node in opened
    )
    is_async = is_application or any(_is_literal(inference, source, url) for url in urls)
    if takes_url_of_ini(source.tree):
        is_async = any(with_async_urls(text, is_option) != text for text in inis)
    if not is_async:
        return
    if len(opened) != 1 or not _is_simple(inference, source, opened[0]):
        if is_application:
            yield Edit(0, 0, -9, f"{MARK}{_LEFT}\n")
        return
    yield from url_edits(source, drivers)
    yield from _connected(source, opened[0], imports)
    for node in ast.walk(source.tree):
        if isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Load):
            value = inference.value(source, node)
            if isinstance(value, Library) and value.name in MAKERS:
                yield imports.rename(node, *TWINS[value.name])


def _parts(inference: Inference, source: Source, url: ast.expr) -> Iterator[ast.AST]:
    """The nodes of a URL, and of the functions and variables of the file that it is built from."""
    pending: list[ast.AST] = [url]
    seen: set[ast.AST] = set()
    while pending:
        for node in ast.walk(pending.pop()):
            if node in seen:
                continue
            seen.add(node)
            yield node
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                bounds = inference.program.lookup(source, node.id, node)
                pending += [bound.node for bound in bounds if bound.kind in ("value", "definition")]


def _is_of_application(inference: Inference, source: Source, url: ast.expr) -> bool:
    """Whether a URL comes from the application, or from an environment variable that it reads."""
    parts = list(_parts(inference, source, url))
    for node in parts:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            for bound in inference.program.lookup(source, node.id, node):
                if bound.kind == "import" and _is_own(
                    inference, source, bound.module, bound.imported, bound.level
                ):
                    return True
    read = {name for node in parts for name in _environment(node)}
    return bool(read) and any(
        name in read
        for other in inference.program.sources.values()
        if not (is_migration(other) or is_test(other.path))
        for node in ast.walk(other.tree)
        for name in _environment(node)
    )


def _environment(node: ast.AST) -> Iterator[str]:
    """The environment variable that a node reads."""
    name: ast.AST | None = None
    if isinstance(node, ast.Call) and node.args and ast.unparse(node.func) in _READERS:
        name = node.args[0]
    elif isinstance(node, ast.Subscript) and ast.unparse(node.value) in ("os.environ", "environ"):
        name = node.slice
    if isinstance(name, ast.Constant) and isinstance(name.value, str):
        yield name.value


_READERS: Final = ("os.getenv", "getenv", "os.environ.get", "environ.get")


def _is_own(inference: Inference, source: Source, module: str, imported: str, level: int) -> bool:
    program = inference.program
    below = f"{module}.{imported}" if module else imported
    return any(program.imported_file(source.path, name, level) is not None for name in (module, below))


def _is_literal(inference: Inference, source: Source, url: ast.expr) -> bool:
    """Whether a URL is in the file, with a driver that has an async counterpart."""
    texts = [node.value for node in _parts(inference, source, url) if isinstance(node, ast.Constant)]
    return any(isinstance(text, str) and with_async_drivers(text) != text for text in texts)


def _opens(inference: Inference, source: Source, node: ast.With) -> bool:
    """Whether a ``with`` enters a connection of an engine."""
    if len(node.items) != 1:
        return False
    call = node.items[0].context_expr
    return (
        isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr in ("connect", "begin")
        and inference.value(source, call.func.value) == ENGINE
    )


def _engine(node: ast.With) -> ast.expr:
    call = node.items[0].context_expr
    assert isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
    return call.func.value


def _is_imported(inference: Inference, source: Source, node: ast.With) -> bool:
    """Whether the engine of a ``with`` is the application's."""
    engine = _engine(node)
    return isinstance(engine, ast.Name) and any(
        bound.kind == "import" for bound in inference.program.lookup(source, engine.id, engine)
    )


def _is_simple(inference: Inference, source: Source, node: ast.With) -> bool:
    """Whether the block of a ``with`` can be a function: nothing leaves it, only the connection is used."""
    engine, given = _engine(node), node.items[0].optional_vars
    if not isinstance(engine, ast.Name) or not isinstance(given, ast.Name):
        return False
    uses = [
        part
        for part in ast.walk(source.tree)
        if isinstance(part, ast.Name) and part.id == engine.id and isinstance(part.ctx, ast.Load)
    ]
    inside = [part for statement in node.body for part in (statement, *nodes_of(statement))]
    return (
        uses == [engine]
        and len(inference.program.lookup(source, engine.id, engine)) == 1
        and not any(isinstance(part, (ast.Return, ast.Yield, ast.Await, ast.Break)) for part in inside)
        and not isinstance(source.function_of(node), ast.AsyncFunctionDef)
        and not any(inference.program.globals(source, name) for name in _NAMES)
        and node.body[0].lineno > node.lineno
    )


def _connected(source: Source, node: ast.With, imports: Imports) -> Iterator[Edit]:
    """The body of a ``with`` as a function that the connection runs."""
    call, given = node.items[0].context_expr, node.items[0].optional_vars
    assert isinstance(given, ast.Name)
    indent, name = source.indent(node), given.id
    connection = imports.need("sqlalchemy", "Connection")
    opening = source.text.index(":", source.end(given)) + 1
    run, migrate = _NAMES
    yield Edit(source.start(node), opening, 0, f"def {run}({name}: {connection}) -> None:")
    lines = [
        f"async def {migrate}() -> None:",
        f"    async with {source.code(call)} as {name}:",
        f"        await {name}.run_sync({run})",
        f"    await {source.code(_engine(node))}.dispose()",
    ]
    text = "".join(f"\n{indent}{line}" for line in lines)
    after = f"\n\n{indent}{imports.need_module('asyncio')}.run({migrate}())"
    yield Edit(source.end(node), source.end(node), 0, f"\n{text}{after}")
