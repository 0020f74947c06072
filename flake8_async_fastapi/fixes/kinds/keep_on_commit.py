"""Keep sessions from expiring their objects on commit: ``expire_on_commit=False``."""

from __future__ import annotations

import libcst as cst

from flake8_async_fastapi.fixes.arguments import add_argument
from flake8_async_fastapi.fixes.changes import Files
from flake8_async_fastapi.fixes.code import Code
from flake8_async_fastapi.fixes.edits import Edit
from flake8_async_fastapi.rules.model import Fix


def edits(fix: Fix, code: Code, files: Files) -> list[Edit]:
    calls = code.starting_at(fix.line, fix.col, cst.Call)
    return [add_argument(code, calls[0], "expire_on_commit=False")] if calls else []
