"""Drop a decorator of a function, with its line.

``words``: the last name of the decorator, and the name of the function.
"""

from __future__ import annotations

import libcst as cst

from flake8_async_fastapi.fixes.changes import Files
from flake8_async_fastapi.fixes.code import Code
from flake8_async_fastapi.fixes.edits import Edit
from flake8_async_fastapi.rules.model import Fix


def edits(fix: Fix, code: Code, files: Files) -> list[Edit]:
    decorator, name = fix.words
    for function in code.nodes(cst.FunctionDef):
        is_it = function.name.value == name and code.line_of(function) == fix.line
        for one in function.decorators if is_it else ():
            if code.source(one.decorator).rpartition(".")[2] == decorator:
                return [code.without_lines(one)]
    return []
