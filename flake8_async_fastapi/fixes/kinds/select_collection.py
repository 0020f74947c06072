"""Query the database for the objects of a collection that never loads.

``await session.scalars(user.posts.select())`` of a write-only one, ``user.posts.statement`` of a dynamic one.

``words``: the session, empty if only the code around shows which one to use; the name of the collection;
and its strategy, ``write_only`` or ``dynamic``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import libcst as cst

from flake8_async_fastapi.fixes.awaiting import may_await
from flake8_async_fastapi.fixes.changes import Files
from flake8_async_fastapi.fixes.code import Code
from flake8_async_fastapi.fixes.edits import Edit, insert
from flake8_async_fastapi.fixes.imports import imported
from flake8_async_fastapi.fixes.queries import called_name
from flake8_async_fastapi.fixes.sessions import session_in_scope
from flake8_async_fastapi.rules.model import Fix

_STATEMENT: Final = {"write_only": ".select()", "dynamic": ".statement"}
_FETCH: Final = frozenset({"all", "first", "one", "one_or_none"})
"""Methods of a dynamic collection that results have, too."""


def edits(fix: Fix, code: Code, files: Files) -> list[Edit]:
    session, name, strategy = fix.words
    for read in code.on_line(fix.line, cst.Attribute):
        if read.attr.value != name or code.start(read) < code.offset(fix.line, fix.col):
            continue
        session = session or session_in_scope(code, read)
        if not session or not may_await(code, read):
            return []
        query, fetch = _query_and_fetch(code, read) if strategy == "dynamic" else (read, None)
        begins, ends = f"await {session}.scalars(", f"{_STATEMENT[strategy]})"
        parent = code.parent(query)
        if fetch is not None and called_name(fetch) == "count":
            return _counted(code, query, fetch, session)
        if fetch is not None:
            begins, ends = f"({begins}", f"{ends})"
        elif isinstance(parent, cst.Arg):
            begins, ends = f"({begins}", f"{ends}).all()"
        elif not isinstance(parent, (cst.For, cst.CompFor)) or parent.iter is not query:
            return []
        return [insert(code.path, code.start(query), begins), insert(code.path, code.end(query), ends)]
    return []


def _query_and_fetch(code: Code, read: cst.Attribute) -> tuple[cst.BaseExpression, cst.Call | None]:
    """A dynamic collection with the conditions behind it, and the call that fetches its objects."""
    query: cst.BaseExpression = read
    while True:
        method = code.parent(query)
        call = code.parent(method) if isinstance(method, cst.Attribute) else None
        if not isinstance(call, cst.Call) or call.func is not method:
            return query, None
        if called_name(call) in (*_FETCH, "count"):
            return query, None if call.args else call
        query = call


def _counted(code: Code, query: cst.BaseExpression, fetch: cst.Call, session: str) -> list[Edit]:
    select, needs_select = imported(code, "sqlalchemy", "select")
    func, needs_func = imported(code, "sqlalchemy", "func")
    begins = f"await {session}.scalar({select}({func}.count()).select_from("
    return [
        insert(code.path, code.start(query), begins),
        Edit(code.path, code.end(query), code.end(fetch), ".statement.subquery()))"),
        *_one_import(needs_func, needs_select),
    ]


def _one_import(func: list[Edit], select: list[Edit]) -> list[Edit]:
    """The edits of two imports from one module: a line with both names if each would get its own."""
    texts = {edit.text.replace(" import select", " import func") for edit in (*func, *select)}
    if not func or not select or len(texts) > 1 or " import func" not in func[0].text:
        return [*func, *select]
    return [replace(func[0], text=func[0].text.replace(" import func", " import func, select"))]
