"""Call ``unique()`` before fetching a result whose rows are repeated by a join.

``words``: the method that fetches, or ``iteration``.
"""

from __future__ import annotations

import libcst as cst

from flake8_async_fastapi.fixes.awaiting import end_with_parentheses
from flake8_async_fastapi.fixes.changes import Files
from flake8_async_fastapi.fixes.code import Code
from flake8_async_fastapi.fixes.edits import Edit, insert
from flake8_async_fastapi.fixes.queries import called_name
from flake8_async_fastapi.rules.model import Fix

_OF_SESSIONS = "scalar"
"""A method of sessions, too, which give no result to call ``unique()`` of."""


def edits(fix: Fix, code: Code, files: Files) -> list[Edit]:
    (method,) = fix.words
    for call in code.starting_at(fix.line, fix.col, cst.Call):
        if called_name(call) == method != _OF_SESSIONS and isinstance(call.func, cst.Attribute):
            return [insert(code.path, end_with_parentheses(code, call.func.value), ".unique()")]
    if method != "iteration":
        return []
    for value in code.expressions_at(fix.line, fix.col):
        parent = code.parent(value)
        if isinstance(parent, (cst.For, cst.CompFor)) and parent.iter is value:
            if isinstance(value, cst.Await) and not value.lpar:
                before, after = insert(code.path, code.start(value), "("), ").unique()"
                return [before, insert(code.path, code.end(value), after)]
            return [insert(code.path, end_with_parentheses(code, value), ".unique()")]
    return []
