"""Create a session factory with ``async_sessionmaker``."""

from __future__ import annotations

import libcst as cst

from flake8_async_fastapi.fixes.changes import Files
from flake8_async_fastapi.fixes.code import Code
from flake8_async_fastapi.fixes.edits import Edit
from flake8_async_fastapi.fixes.imports import imported
from flake8_async_fastapi.rules.model import Fix


def edits(fix: Fix, code: Code, files: Files) -> list[Edit]:
    for call in code.starting_at(fix.line, fix.col, cst.Call)[:1]:
        name, needed = imported(code, "sqlalchemy.ext.asyncio", "async_sessionmaker", call)
        return [Edit(code.path, code.start(call.func), code.end(call.func), name), *needed]
    return []
