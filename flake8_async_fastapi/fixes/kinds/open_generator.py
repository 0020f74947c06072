"""Open a generator that creates a session for the rest of a function: ``async with`` for ``next()``."""

from __future__ import annotations

import libcst as cst

from flake8_async_fastapi.fixes.awaiting import may_await
from flake8_async_fastapi.fixes.changes import Files
from flake8_async_fastapi.fixes.code import Code
from flake8_async_fastapi.fixes.edits import Edit
from flake8_async_fastapi.fixes.imports import imported
from flake8_async_fastapi.fixes.queries import assigned_name
from flake8_async_fastapi.rules.model import Fix


def edits(fix: Fix, code: Code, files: Files) -> list[Edit]:
    for call in code.starting_at(fix.line, fix.col, cst.Call):
        made = call.args[0].value if len(call.args) == 1 else None
        statement = code.first_around(call, cst.SimpleStatementLine)
        target = assigned_name(code, call)
        if not isinstance(made, cst.Call) or statement is None or not target or not may_await(code, call):
            continue
        body = code.parent(statement)
        function = code.first_around(call, cst.FunctionDef)
        if function is None or not isinstance(body, cst.IndentedBlock) or body is not function.body:
            continue
        rest = body.body[list(body.body).index(statement) + 1 :] if len(statement.body) == 1 else ()
        moved = code.indented(rest)
        if not moved:
            continue
        name, needed = imported(code, "contextlib", "asynccontextmanager")
        arguments = code.text[code.end(made.func) : code.end(made)]
        opened = f"async with {name}({code.source(made.func)}){arguments} as {target}:"
        return [Edit(code.path, code.start(statement), code.end(statement), opened), *moved, *needed]
    return []
