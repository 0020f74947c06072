"""The URLs of databases in code, with the driver that works with asyncio."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from typing import Final

from flake8_async_fastapi.convert.texts import Edit, Source
from flake8_async_fastapi.fixes.urls import DRIVERS, SCHEME

_LITERAL: Final = re.compile(rf"([A-Za-z]*(?:\"\"\"|'''|\"|'))({SCHEME})(?=://)")
_WHOLE: Final = re.compile(rf"([A-Za-z]*[\"'])({SCHEME})(?=[\"']$)")
_SCHEME_ARGUMENTS: Final = frozenset({"scheme", "drivername"})
_IN_MEMORY: Final = frozenset({"sqlite://", "sqlite+pysqlite://"})
_SOUGHT_BY: Final = frozenset({"replace", "startswith", "removeprefix"})


def url_edits(source: Source, drivers: Mapping[str, tuple[str, str]] = DRIVERS) -> Iterator[Edit]:
    """The edits of the URLs in a file's literals."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.JoinedStr) or (
            isinstance(node, ast.Constant) and isinstance(node.value, str)
        ):
            parent = source.parents[node]
            if isinstance(parent, (ast.JoinedStr, ast.Expr)) or _is_sought(parent, node):
                continue
            if isinstance(node, ast.Constant) and _is_bare(parent, node):
                continue
            is_scheme = isinstance(parent, ast.keyword) and parent.arg in _SCHEME_ARGUMENTS
            found = (_WHOLE if is_scheme else _LITERAL).match(source.code(node))
            if found:
                start = source.start(node)
                yield Edit(start + found.start(2), start + found.end(2), 0, drivers[found[2]][0])


def _is_bare(parent: ast.AST, node: ast.Constant) -> bool:
    """Whether a text is only a scheme, and not a URL; that of SQLite in memory is one, where it is used."""
    if not str(node.value).endswith("://") or _is_given(parent, node):
        return False
    return not (node.value in _IN_MEMORY and isinstance(parent, (ast.Call, ast.keyword, ast.Assign)))


def _is_given(parent: ast.AST, node: ast.expr) -> bool:
    """Whether a scheme replaces another."""
    replaces = isinstance(parent, ast.Call) and isinstance(parent.func, ast.Attribute)
    return replaces and parent.func.attr == "replace" and parent.args[1:2] == [node]  # type: ignore[attr-defined]


def _is_sought(parent: ast.AST, node: ast.expr) -> bool:
    """Whether a text is only searched for."""
    if isinstance(parent, ast.Call) and isinstance(parent.func, ast.Attribute):
        return parent.func.attr in _SOUGHT_BY and parent.args[:1] == [node]
    return isinstance(parent, ast.Compare)
