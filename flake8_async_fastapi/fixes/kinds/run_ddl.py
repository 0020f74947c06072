"""Create or drop tables with ``run_sync`` of a connection. The main function of a script becomes async.

``words``: ``connection`` if the call has one, otherwise ``engine``.
"""

from __future__ import annotations

import libcst as cst

from flake8_async_fastapi.fixes.awaiting import may_await
from flake8_async_fastapi.fixes.changes import Files
from flake8_async_fastapi.fixes.code import Code
from flake8_async_fastapi.fixes.edits import Edit
from flake8_async_fastapi.fixes.scripts import start_loop
from flake8_async_fastapi.rules.model import Fix


def edits(fix: Fix, code: Code, files: Files) -> list[Edit]:
    for call in code.starting_at(fix.line, fix.col, cst.Call):
        bind = call.args[0].value if len(call.args) == 1 else None
        statement = code.first_around(call, cst.SimpleStatementLine)
        if bind is None or statement is None:
            continue
        started = [] if may_await(code, call) else start_loop(code, call)
        if not may_await(code, call) and not started:
            continue
        is_alone = code.source(statement) in (code.source(call), f"await {code.source(call)}")
        if not is_alone or len(statement.body) > 1:
            continue
        function = code.source(call.func)
        given = code.source(bind).removesuffix(".sync_engine").removesuffix(".sync_connection")
        if "connection" in fix.words:
            text = f"await {given}.run_sync({function})"
        else:
            text = (
                f"async with {given}.begin() as connection:{code.newline}{code.indent_of(statement)}    "
                f"await connection.run_sync({function})"
            )
        return [Edit(code.path, code.start(statement), code.end(statement), text), *started]
    return []
