"""A connection that a test file opens on import for all its sessions: they take the engine instead.

The async driver keeps a database in memory on one connection, and a file has what every connection writes.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_async_fastapi.convert.colour import Colours
from flake8_async_fastapi.convert.texts import Edit, Source
from flake8_async_fastapi.convert.values import ENGINE, FACTORY, SESSION
from flake8_async_fastapi.project.modules import is_test


def shared_connection_edits(colours: Colours, source: Source, moved: set[ast.stmt]) -> Iterator[Edit]:
    """The edits of one file; the statements that they take away are added to ``moved``."""
    for statement in source.tree.body if is_test(source.path) else ():
        match statement:
            case ast.Assign([ast.Name(name)], ast.Call(ast.Attribute(engine, "connect"), [], [])):
                uses = list(_uses(source, name))
                is_of_engine = colours.inference.value(source, engine) == ENGINE
                if is_of_engine and uses and all(_is_bind(colours, source, use) for use in uses):
                    moved.add(statement)
                    start, end = source.line_start(statement.lineno), statement.end_lineno or statement.lineno
                    yield Edit(start, source.line_start(end + 1), 0, "")
                    yield from (source.instead(use, source.code(engine)) for use in uses)


def _uses(source: Source, name: str) -> Iterator[ast.Name]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load):
            yield node


def _is_bind(colours: Colours, source: Source, node: ast.Name) -> bool:
    """Whether a connection is what a session, or a factory of sessions, is bound to."""
    word = source.parents[node]
    call = source.parents[word] if isinstance(word, ast.keyword) and word.arg == "bind" else word
    if not isinstance(call, ast.Call) or (call is word and call.args[:1] != [node]):
        return False
    return colours.inference.value(source, call) in (FACTORY, SESSION)
