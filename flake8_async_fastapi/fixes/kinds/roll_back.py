"""Roll back in the handlers of a ``try`` in which a flush may have failed.

``words``: the session. The place is that of its next use.
"""

from __future__ import annotations

import libcst as cst

from flake8_async_fastapi.fixes.awaiting import may_await
from flake8_async_fastapi.fixes.changes import Files
from flake8_async_fastapi.fixes.code import Code
from flake8_async_fastapi.fixes.edits import Edit, insert
from flake8_async_fastapi.fixes.queries import called_name
from flake8_async_fastapi.rules.model import Fix

_WRITES = frozenset({"flush", "commit", "execute", "scalar", "scalars", "merge", "refresh", "get"})


def edits(fix: Fix, code: Code, files: Files) -> list[Edit]:
    (session,) = fix.words
    place = code.offset(fix.line, fix.col)
    blocks = [block for block in code.nodes(cst.Try) if _writes(code, block, session, place)]
    if not blocks or not may_await(code, max(blocks, key=code.start)):
        return []
    found = []
    for handler in max(blocks, key=code.start).handlers:
        has_one = f"{session}.rollback()" in code.source(handler)
        if isinstance(handler.body, cst.IndentedBlock) and not has_one:
            first = handler.body.body[0]
            text = f"await {session}.rollback(){code.newline}{code.indent_of(first)}"
            found.append(insert(code.path, code.start(first), text))
    return found


def _writes(code: Code, block: cst.Try, session: str, place: int) -> bool:
    """Whether a ``try`` starts before a place, and its body writes with a session."""
    return code.start(block) < place and any(
        called_name(call) in _WRITES
        and isinstance(call.func, cst.Attribute)
        and code.source(call.func.value) == session
        and any(outer is block.body for _, outer in code.around(call))
        for call in code.nodes(cst.Call)
    )
