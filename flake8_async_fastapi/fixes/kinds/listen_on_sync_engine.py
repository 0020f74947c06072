"""Listen on the engine below an async engine, which has the events."""

from __future__ import annotations

import libcst as cst

from flake8_async_fastapi.fixes.awaiting import end_with_parentheses
from flake8_async_fastapi.fixes.changes import Files
from flake8_async_fastapi.fixes.code import Code
from flake8_async_fastapi.fixes.edits import Edit, insert
from flake8_async_fastapi.rules.model import Fix


def edits(fix: Fix, code: Code, files: Files) -> list[Edit]:
    for call in code.starting_at(fix.line, fix.col, cst.Call)[:1]:
        target = call.args[0].value if call.args else None
        if isinstance(target, (cst.Name, cst.Attribute)):
            return [insert(code.path, end_with_parentheses(code, target), ".sync_engine")]
    return []
