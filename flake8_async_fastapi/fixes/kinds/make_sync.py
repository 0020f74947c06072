"""Make a function that awaits nothing a plain one.

``words``: its name. The place is that of its definition, or of a decorator.
"""

from __future__ import annotations

import libcst as cst

from flake8_async_fastapi.fixes.changes import Files
from flake8_async_fastapi.fixes.code import Code
from flake8_async_fastapi.fixes.edits import Edit
from flake8_async_fastapi.rules.model import Fix


def edits(fix: Fix, code: Code, files: Files) -> list[Edit]:
    found = [one for one in code.nodes(cst.FunctionDef) if one.name.value == fix.words[0]]
    if len(found) != 1 or found[0].asynchronous is None or _waits(code, found[0]):
        return []
    start = code.start(found[0].asynchronous)
    return [Edit(code.path, start, code.text.index("def", start + len("async")), "")]


def _waits(code: Code, function: cst.FunctionDef) -> bool:
    """Whether a function contains anything that only an ``async def`` may have, or is a generator."""
    return any(
        code.function_around(node) is function
        for kind in (cst.Await, cst.Yield, cst.Asynchronous)
        for node in code.nodes(kind)
    )
