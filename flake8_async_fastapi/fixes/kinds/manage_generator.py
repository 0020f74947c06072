"""Enter a generator as a context manager: ``async with asynccontextmanager(get_db)()`` for ``get_db()``.

``words``: the decorator of ``contextlib``.
"""

from __future__ import annotations

import libcst as cst

from flake8_async_fastapi.fixes.changes import Files
from flake8_async_fastapi.fixes.code import Code
from flake8_async_fastapi.fixes.edits import Edit, insert
from flake8_async_fastapi.fixes.imports import imported
from flake8_async_fastapi.rules.model import Fix


def edits(fix: Fix, code: Code, files: Files) -> list[Edit]:
    (decorator,) = fix.words
    for call in code.starting_at(fix.line, fix.col, cst.Call):
        if isinstance(code.parent(call), cst.WithItem) and isinstance(call.func, (cst.Name, cst.Attribute)):
            name, needed = imported(code, "contextlib", decorator)
            before = insert(code.path, code.start(call.func), f"{name}(")
            return [before, insert(code.path, code.end(call.func), ")"), *needed]
    return []
