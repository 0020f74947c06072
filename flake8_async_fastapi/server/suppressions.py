"""The comment that keeps a finding from being shown, as an edit."""

from __future__ import annotations

from dataclasses import dataclass
from os.path import commonprefix

from flake8_async_fastapi.check.comments import with_comments
from flake8_async_fastapi.fixes.edits import split_lines


@dataclass(frozen=True, slots=True)
class Insertion:
    """A text to put into a line, which counts from 1, before the character at a column."""

    line: int
    col: int
    text: str


def suppress(text: str, line: int, code: str) -> Insertion | None:
    """The comment that keeps a finding on a line from being shown; None where there is no such line."""
    before = split_lines(text)
    after = with_comments(before, {line: [code]})
    for number, (old, new) in enumerate(zip(before, after, strict=True), 1):
        if old != new:
            col = len(commonprefix((old, new)))
            return Insertion(number, col, new[col : col + len(new) - len(old)])
    return None
