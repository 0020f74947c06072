"""Keep the statement that a method returns: ``query = query.options(...)`` for ``query.options(...)``."""

from __future__ import annotations

import libcst as cst

from flake8_async_fastapi.fixes.changes import Files
from flake8_async_fastapi.fixes.code import Code
from flake8_async_fastapi.fixes.edits import Edit, insert
from flake8_async_fastapi.fixes.queries import called_chain
from flake8_async_fastapi.rules.model import Fix


def edits(fix: Fix, code: Code, files: Files) -> list[Edit]:
    for call in code.starting_at(fix.line, fix.col, cst.Call)[::-1]:
        first = called_chain(call)[-1].func
        owner = first.value if isinstance(first, cst.Attribute) else None
        if isinstance(code.parent(call), cst.Expr) and isinstance(owner, cst.Name):
            return [insert(code.path, code.start(call), f"{owner.value} = ")]
    return []
