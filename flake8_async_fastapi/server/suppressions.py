"""Comments that keep a finding from being shown, in flake8's notation."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from dataclasses import dataclass
from typing import Final

_NOQA: Final = re.compile(r"# noqa:[ ]?[A-Z]+[0-9]+(?:[,\s]+[A-Z]+[0-9]+)*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Insertion:
    """A text to put into a line, which counts from 1, before the character at a column."""

    line: int
    col: int
    text: str


def suppress(text: str, line: int, code: str) -> Insertion | None:
    """The comment that keeps a finding on a line of some code from being shown.

    None where no comment can stand.  flake8 takes the first comment of a statement, on whichever line.
    """
    lines = text.split("\n")
    first, last = _statement_around(text, line)
    for number in range(first, last + 1):
        known = _NOQA.search(lines[number - 1])
        if known is not None:
            return Insertion(number, known.end(), f", {code}")
    for number in (*range(line, last + 1), *range(first, line)):
        end = len(lines[number - 1].rstrip())
        insertion = Insertion(number, end, f"  # noqa: {code}")
        if _changes_no_code(lines, insertion):
            return insertion
    return None


def _statement_around(text: str, line: int) -> tuple[int, int]:
    """The first and the last line of the statement that a line is in, without its block."""
    first = 1
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.NEWLINE:
                if token.start[0] >= line:
                    return min(first, line), token.start[0]
                first = token.start[0] + 1
    except (tokenize.TokenError, SyntaxError):
        pass
    return line, line


def _changes_no_code(lines: list[str], insertion: Insertion) -> bool:
    """Whether a comment is one where it is put: it could be in a text, or behind a backslash."""
    after = list(lines)
    after[insertion.line - 1] = lines[insertion.line - 1][: insertion.col] + insertion.text
    try:
        return ast.dump(ast.parse("\n".join(after))) == ast.dump(ast.parse("\n".join(lines)))
    except (SyntaxError, ValueError, RecursionError):
        return False
