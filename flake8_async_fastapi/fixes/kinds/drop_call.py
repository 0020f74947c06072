"""Pass a function instead of its result.

``words``: ``any`` if the arguments may be dropped, otherwise nothing.
"""

from __future__ import annotations

import libcst as cst

from flake8_async_fastapi.fixes.changes import Files
from flake8_async_fastapi.fixes.code import Code
from flake8_async_fastapi.fixes.edits import Edit
from flake8_async_fastapi.rules.model import Fix


def edits(fix: Fix, code: Code, files: Files) -> list[Edit]:
    is_any = "any" in fix.words
    for call in code.starting_at(fix.line, fix.col, cst.Call):
        given = call.args[0].value if call.args else None
        if isinstance(given, cst.Call) and (not given.args or (is_any and _is_connection(given))):
            return [Edit(code.path, code.end(given.func), code.end(given), "")]
    return []


def _is_connection(call: cst.Call) -> bool:
    """Whether a call has one argument, which is a variable: the value that ``run_sync`` passes itself."""
    return len(call.args) == 1 and isinstance(call.args[0].value, (cst.Name, cst.Attribute))
