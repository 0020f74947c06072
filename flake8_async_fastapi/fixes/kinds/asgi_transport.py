"""Pass the application to an async client of httpx by a transport."""

from __future__ import annotations

import libcst as cst

from flake8_async_fastapi.fixes.changes import Files
from flake8_async_fastapi.fixes.code import Code
from flake8_async_fastapi.fixes.edits import Edit
from flake8_async_fastapi.fixes.imports import imported
from flake8_async_fastapi.fixes.queries import called_name
from flake8_async_fastapi.rules.model import Fix


def edits(fix: Fix, code: Code, files: Files) -> list[Edit]:
    for call in code.starting_at(fix.line, fix.col, cst.Call)[:1]:
        if called_name(call) != "AsyncClient":
            return []
        for argument in call.args:
            if argument.keyword is not None and argument.keyword.value == "app":
                name, needed = imported(code, "httpx", "ASGITransport")
                given = f"transport={name}(app={code.source(argument.value)})"
                place = code.start(argument.keyword), code.end(argument.value)
                return [Edit(code.path, *place, given), *needed]
    return []
