"""Listen on the sync object of an async one, which has the events, or on the sync class.

``words``: the attribute with that object; or the module and the name of that class.
"""

from __future__ import annotations

import libcst as cst

from flake8_async_fastapi.fixes.awaiting import end_with_parentheses
from flake8_async_fastapi.fixes.changes import Files
from flake8_async_fastapi.fixes.code import Code
from flake8_async_fastapi.fixes.edits import Edit, insert
from flake8_async_fastapi.fixes.imports import imported
from flake8_async_fastapi.rules.model import Fix


def edits(fix: Fix, code: Code, files: Files) -> list[Edit]:
    for call in code.starting_at(fix.line, fix.col, cst.Call)[:1]:
        target = call.args[0].value if call.args else None
        if not isinstance(target, (cst.Name, cst.Attribute)):
            return []
        if len(fix.words) == 1:
            return [insert(code.path, end_with_parentheses(code, target), f".{fix.words[0]}")]
        module, wanted = fix.words
        name, needed = imported(code, module, wanted, call)
        return [Edit(code.path, code.start(target), code.end(target), name), *needed]
    return []
