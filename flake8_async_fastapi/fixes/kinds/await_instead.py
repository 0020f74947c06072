"""Await a coroutine that is passed to a new event loop: ``await f()`` for ``asyncio.run(f())``."""

from __future__ import annotations

import libcst as cst

from flake8_async_fastapi.fixes.awaiting import binds_tighter, may_await, start_with_parentheses
from flake8_async_fastapi.fixes.changes import Files
from flake8_async_fastapi.fixes.code import Code
from flake8_async_fastapi.fixes.edits import Edit
from flake8_async_fastapi.fixes.queries import called_name
from flake8_async_fastapi.rules.model import Fix

_RUN = ("run", "run_until_complete")


def edits(fix: Fix, code: Code, files: Files) -> list[Edit]:
    for call in code.starting_at(fix.line, fix.col, cst.Call):
        given = call.args[0].value if call.args else None
        if called_name(call) not in _RUN or not isinstance(given, cst.Call) or not may_await(code, call):
            continue
        is_left = binds_tighter(code.parent(call), call) and not call.lpar
        begins, ends = ("(await ", ")") if is_left else ("await ", "")
        return [
            Edit(code.path, code.start(call), start_with_parentheses(code, given), begins),
            Edit(code.path, code.end(given), code.end(call), ends),
        ]
    return []
