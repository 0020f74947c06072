"""Tables that a file without the application creates on import: a function for the lifespan instead."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import Final

from flake8_async_fastapi.convert.colour import Colours, asynchronous_sites
from flake8_async_fastapi.convert.imports import Imports
from flake8_async_fastapi.convert.libraries import APPLICATIONS
from flake8_async_fastapi.convert.sites import CREATES, is_script
from flake8_async_fastapi.convert.texts import Edit, Source
from flake8_async_fastapi.project.modules import is_test

FUNCTION: Final = "create_tables"


def applications_in(colours: Colours, source: Source) -> list[ast.Call]:
    """The calls in a file that create an application."""
    return [
        node
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and colours.inference.value(source, node.func) in APPLICATIONS
    ]


def tables_on_import(colours: Colours, source: Source) -> list[ast.Call]:
    """The calls of ``create_all()`` and similar ones that run when a file is imported."""
    return [
        site.node
        for site in colours.outside.get(source.path, [])
        if site.kind == "ddl" and isinstance(site.node, ast.Call) and not is_script(source, site.node)
        if source.parents[source.statement(site.node)] is source.tree
    ]


def started_on_import(colours: Colours, source: Source) -> list[ast.Call]:
    """The same, with calls of functions that are now async, and those in an application factory."""
    found = tables_on_import(colours, source)
    for site in colours.outside.get(source.path, []):
        statement = source.statement(site.node)
        is_statement = isinstance(statement, ast.Expr) and statement.value is site.node
        if site.kind != "call" or not is_statement or source.parents[statement] is not source.tree:
            continue
        if isinstance(site.node, ast.Call) and colours.is_asynchronous(site):
            found.append(site.node)
    for factory in colours.factories:
        if colours.homes[factory] is source and factory not in colours.kept:
            nodes = [site.node for site in asynchronous_sites(colours, factory)]
            found += [node for node in nodes if isinstance(node, ast.Call)]
    return sorted(found, key=source.start)


def homes_of_tables(colours: Colours, sources: Iterable[Source]) -> list[Source]:
    """The files whose tables a project's only application creates; none if there are several."""
    every = list(sources)
    if sum(len(applications_in(colours, source)) for source in every if not is_test(source.path)) != 1:
        return []
    return [
        source
        for source in every
        if len(tables_on_import(colours, source)) == 1
        and not is_test(source.path)
        and not applications_in(colours, source)
        and not colours.inference.program.globals(source, FUNCTION)
    ]


def table_edits(colours: Colours, source: Source) -> Iterator[Edit]:
    """The function that replaces the call in such a file."""
    for node in tables_on_import(colours, source):
        for lines in created_lines(source, node):
            yield _function(source, [source.statement(node)], lines, "")


def tables_of_tests(
    colours: Colours, source: Source, imports: Imports, moved: set[ast.stmt]
) -> Iterator[Edit]:
    """The same in a test file, which has no lifespan: it runs the function on import.

    The statements that it removes are added to ``moved``.
    """
    calls = started_on_import(colours, source)
    if not calls or not is_test(source.path) or colours.inference.program.globals(source, FUNCTION):
        return
    lines = [line for node in calls for found in created_lines(source, node) for line in found]
    if not lines:
        return
    start = f"\n\n\n{imports.need_module('asyncio')}.run({FUNCTION}())"
    first, *others = (source.statement(node) for node in calls)
    last = others[-1] if others else first
    between = source.tree.body[source.tree.body.index(first) : source.tree.body.index(last) + 1]
    if len(between) == len(calls):
        moved |= set(between)
        yield _function(source, between, lines, start)


def _function(source: Source, statements: list[ast.stmt], lines: list[str], after: str) -> Edit:
    """Write the function, and a text after it, in place of consecutive statements."""
    start, end = source.start(statements[0]), source.end(statements[-1])
    above, below = source.text[:start], source.text[end:]
    gap = "\n" * max(0, 3 - (len(above) - len(above.rstrip("\n"))))
    body = "".join(f"\n    {line}" for line in lines)
    if not after:
        after = "\n" * max(0, 3 - (len(below) - len(below.lstrip("\n"))))
    return Edit(start, end, 0, f"{gap}async def {FUNCTION}() -> None:{body}{after}")


def created_lines(source: Source, node: ast.Call) -> Iterator[list[str]]:
    """The lines with the effect of a call; none for one that creates tables without naming an engine."""
    if not (isinstance(node.func, ast.Attribute) and node.func.attr in CREATES):
        yield [f"await {source.code(node)}"]
        return
    given = {word.arg: word.value for word in node.keywords}
    bind = given.get("bind") or (node.args[0] if node.args else None)
    if bind is not None:
        yield [
            f"async with {source.code(bind)}.begin() as connection:",
            f"    await connection.run_sync({source.code(node.func)})",
        ]
