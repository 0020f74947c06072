"""Drop the ``await`` before a value that cannot be awaited."""

from __future__ import annotations

import libcst as cst

from flake8_async_fastapi.fixes.awaiting import start_with_parentheses
from flake8_async_fastapi.fixes.changes import Files
from flake8_async_fastapi.fixes.code import Code
from flake8_async_fastapi.fixes.edits import Edit
from flake8_async_fastapi.rules.model import Fix


def edits(fix: Fix, code: Code, files: Files) -> list[Edit]:
    found = code.starting_at(fix.line, fix.col, cst.Await)
    if not found:
        return []
    return [Edit(code.path, code.start(found[0]), start_with_parentheses(code, found[0].expression), "")]
