"""Replace a part of a text in a call, or in a file where only this text can be meant.

That is the file with the call, or one from which it imports the argument, such as settings.

``words``: the current and the correct text; and ``here`` if only a text in the call is meant.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import libcst as cst

from flake8_async_fastapi.fixes.changes import Files
from flake8_async_fastapi.fixes.code import Code
from flake8_async_fastapi.fixes.edits import Edit
from flake8_async_fastapi.fixes.imports import dotted, origins_of
from flake8_async_fastapi.rules.model import Fix


def edits(fix: Fix, code: Code, files: Files) -> list[Edit]:
    written, wanted = fix.words[:2]
    calls = code.starting_at(fix.line, fix.col, cst.Call)
    inside = [place for call in calls[-1:] for place in _places(code, call, written)]
    if inside or "here" in fix.words:
        return _replaced(code, inside, written, wanted)
    passed = [argument.value for call in calls[-1:] for argument in call.args]
    for where in (code, *_origins(code, passed, files)):
        places = list(_places(where, where.module, written))
        if places:
            return _replaced(where, places, written, wanted)
    return []


def _replaced(code: Code, places: Sequence[int], written: str, wanted: str) -> list[Edit]:
    if len(places) != 1:
        return []
    return [Edit(code.path, places[0], places[0] + len(written), wanted)]


def _origins(code: Code, values: Sequence[cst.BaseExpression], files: Files) -> Iterator[Code]:
    """The files of the project from which a file imports the names that some values start with."""
    for value in values:
        name = dotted(value).partition(".")[0]
        for path in origins_of(code, name) if name else ():
            found = files.code(path)
            if found is not None:
                yield found
                break


def _places(code: Code, within: cst.CSTNode, written: str) -> Iterator[int]:
    """The places of literals in some code that start with the current text."""
    for node in (*code.nodes(cst.SimpleString), *code.nodes(cst.FormattedStringText)):
        if within is code.module or any(outer is within for _, outer in code.around(node)):
            start = code.start(node)
            if isinstance(node, cst.SimpleString):
                start += len(node.prefix) + len(node.quote)
            if code.text.startswith(written, start):
                yield start
