"""Sleep without blocking the event loop: ``await asyncio.sleep(...)`` for ``time.sleep(...)``.

``words``: the name of the callee.
"""

from __future__ import annotations

import libcst as cst

from flake8_async_fastapi.fixes.awaiting import may_wait
from flake8_async_fastapi.fixes.changes import Files
from flake8_async_fastapi.fixes.code import Code
from flake8_async_fastapi.fixes.edits import Edit
from flake8_async_fastapi.fixes.imports import imported_module
from flake8_async_fastapi.fixes.queries import is_call_of
from flake8_async_fastapi.rules.model import Fix


def edits(fix: Fix, code: Code, files: Files) -> list[Edit]:
    calls = code.starting_at(fix.line, fix.col, cst.Call)
    if not calls or not may_wait(code, calls[0]) or not is_call_of(calls[0], fix.words[0]):
        return []
    module, needed = imported_module(code, "asyncio")
    func = calls[0].func
    return [Edit(code.path, code.start(func), code.end(func), f"await {module}.sleep"), *needed]
