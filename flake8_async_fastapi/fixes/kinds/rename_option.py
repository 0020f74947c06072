"""Rename an option of a URL, or of a dict with such options: in the call of an engine, or where its URL is.

``words``: the current and the correct name. The place is that of the call.
"""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from flake8_async_fastapi.fixes.changes import Files
from flake8_async_fastapi.fixes.code import Code
from flake8_async_fastapi.fixes.edits import Edit
from flake8_async_fastapi.fixes.kinds.change_driver import homes_of
from flake8_async_fastapi.fixes.literals import literals_in, start_of_text
from flake8_async_fastapi.rules.model import Fix


def edits(fix: Fix, code: Code, files: Files) -> list[Edit]:
    written, wanted = fix.words
    for call in code.starting_at(fix.line, fix.col, cst.Call)[-1:]:
        homes = (home for argument in call.args for home in homes_of(code, argument.value, files))
        for home, within in ((code, call), (code, code.module), *((home, home.module) for home in homes)):
            found = list(_options_in(home, within, written))
            if found:
                return [Edit(home.path, at, at + len(written), wanted) for at in found[:1] if len(found) == 1]
    return []


def _options_in(code: Code, within: cst.CSTNode, name: str) -> Iterator[int]:
    """The places of an option in some code: a text that is its name, or a part of a URL."""
    for literal in literals_in(code, within, ""):
        start = start_of_text(code, literal)
        if isinstance(literal, cst.SimpleString) and literal.raw_value == name:
            yield start
        for lead in ("?", "&"):
            at = code.text.find(f"{lead}{name}=", start, code.end(literal))
            if at >= 0:
                yield at + 1
