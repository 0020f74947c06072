"""Tables that a file without the application creates on import: a function for the lifespan instead."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import Final

from flake8_async_fastapi.convert.colour import Colours, asynchronous_sites
from flake8_async_fastapi.convert.imports import Imports
from flake8_async_fastapi.convert.libraries import APPLICATIONS
from flake8_async_fastapi.convert.sites import CREATES, is_script
from flake8_async_fastapi.convert.texts import FUNCTIONS, Edit, Source
from flake8_async_fastapi.project.modules import is_test

FUNCTION: Final = "create_tables"
_BINDING: Final = (ast.Import, ast.ImportFrom, ast.ClassDef, *FUNCTIONS)


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
        if _may_move(source, site.node)
    ]


def whole_statement(source: Source, node: ast.AST) -> ast.stmt:
    """The statement of the file itself around a node; in a function, the statement with the node."""
    statement = source.statement(node)
    if source.function_of(node) is None:
        while isinstance(above := source.parents[statement], ast.stmt):
            statement = above
    return statement


def _may_move(source: Source, node: ast.Call) -> bool:
    """Whether the statement with a call may run later: it is the call, or an ``if`` or ``try`` around it.

    Such a block binds no name, and creates tables once.
    """
    statement, whole = source.statement(node), whole_statement(source, node)
    if statement is whole:
        return True
    parts = list(ast.walk(whole))
    binds = any(isinstance(part, (*_BINDING, ast.Store)) for part in parts)
    texts = (part for part in parts if isinstance(part, (ast.Constant, ast.JoinedStr)))
    is_long = any(part.lineno != part.end_lineno for part in texts)
    created = [part for part in parts if isinstance(part, ast.Attribute) and part.attr in CREATES]
    is_alone = len(created) == 1 and isinstance(statement, ast.Expr) and statement.value is node
    return isinstance(whole, (ast.If, ast.Try)) and is_alone and not binds and not is_long


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
            yield _function(source, [whole_statement(source, node)], lines, "")


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
    first, *others = (whole_statement(source, node) for node in calls)
    last = others[-1] if others else first
    between = source.tree.body[source.tree.body.index(first) : source.tree.body.index(last) + 1]
    if len(between) == len(calls):
        moved |= {*between, *map(source.statement, calls)}
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
    """The lines with the effect of a call; none for one that creates tables without naming an engine.

    They come with the block around the call, if it is not a statement of the file itself.
    """
    statement, whole = source.statement(node), whole_statement(source, node)
    for lines in _lines_of_call(source, node):
        if statement is not whole:
            text, start = source.code(whole), source.start(whole)
            above, below = text[: source.start(node) - start], text[source.end(node) - start :]
            lines = _joined(above, lines, below)
        yield lines


def _joined(above: str, lines: list[str], below: str) -> list[str]:
    """The lines of a text, with some lines in the middle that are indented as the first of them."""
    indent = above.rpartition("\n")[2]
    return f"{above}{f'{chr(10)}{indent}'.join(lines)}{below}".split("\n")


def _lines_of_call(source: Source, node: ast.Call) -> Iterator[list[str]]:
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
