"""Replace a part of a text that stands somewhere in a call, or in the file where it can only be that one.

``words``: what is written, and what must be.
"""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from flake8_async_fastapi.fixes.changes import Files
from flake8_async_fastapi.fixes.code import Code
from flake8_async_fastapi.fixes.edits import Edit
from flake8_async_fastapi.rules.model import Fix


def edits(fix: Fix, code: Code, files: Files) -> list[Edit]:
    written, wanted = fix.words
    calls = code.starting_at(fix.line, fix.col, cst.Call)
    inside = [place for call in calls[-1:] for place in _places(code, call, written)]
    places = inside or list(_places(code, code.module, written))
    if len(places) != 1:
        return []
    return [Edit(code.path, places[0], places[0] + len(written), wanted)]


def _places(code: Code, within: cst.CSTNode, written: str) -> Iterator[int]:
    """Where a text literal of some code begins with what is written."""
    for node in (*code.nodes(cst.SimpleString), *code.nodes(cst.FormattedStringText)):
        if within is code.module or any(outer is within for _, outer in code.around(node)):
            start = code.start(node)
            if isinstance(node, cst.SimpleString):
                start += len(node.prefix) + len(node.quote)
            if code.text.startswith(written, start):
                yield start
