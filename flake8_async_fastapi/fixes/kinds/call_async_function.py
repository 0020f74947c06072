"""Call an async function that is handed to ``run_sync``: ``await f(session)`` for ``session.run_sync(f)``.

``words``: its name.  ``files`` define it.  Not for one that awaits nothing: it should be a plain function.
"""

from __future__ import annotations

import libcst as cst

from flake8_async_fastapi.fixes.changes import Files
from flake8_async_fastapi.fixes.code import Code
from flake8_async_fastapi.fixes.edits import Edit
from flake8_async_fastapi.fixes.queries import called_name
from flake8_async_fastapi.rules.model import Fix


def edits(fix: Fix, code: Code, files: Files) -> list[Edit]:
    for call in code.starting_at(fix.line, fix.col, cst.Call):
        given = call.args[0].value if call.args else None
        if called_name(call) != "run_sync" or not isinstance(call.func, cst.Attribute) or given is None:
            continue
        if not isinstance(code.parent(call), cst.Await) or not _awaits(fix, files):
            return []
        if isinstance(given, cst.Call):
            return [
                Edit(code.path, code.start(call), code.start(given), ""),
                Edit(code.path, code.end(given), code.end(call), ""),
            ]
        if isinstance(given, (cst.Name, cst.Attribute)):
            passed = f"{code.source(given)}({code.source(call.func.value)}"
            return [Edit(code.path, code.start(call), code.end(given), passed)]
    return []


def _awaits(fix: Fix, files: Files) -> bool:
    """Whether a function has something that only an async one may have."""
    code = files.code(fix.files[0])
    found = (
        [] if code is None else [one for one in code.nodes(cst.FunctionDef) if one.name.value == fix.words[0]]
    )
    return (
        code is not None
        and len(found) == 1
        and any(
            code.function_around(node) is found[0]
            for kind in (cst.Await, cst.Asynchronous)
            for node in code.nodes(kind)
        )
    )
