"""Comments that suppress findings: unused ones, and new ones for existing findings.

What flake8 makes of a comment counts.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from flake8_async_fastapi.check.report import Shown
from flake8_async_fastapi.fixes.edits import split_lines
from flake8_async_fastapi.rules.model import NOT_ANALYSED
from flake8_async_fastapi.store.rewriting import ChangedMeanwhile, read_original, rewrite

UNUSED: Final = "AFA003"
_NOQA: Final = re.compile(
    r"#\s*noqa\s*:\s?(?P<codes>[A-Z]+[0-9]+(?:(?:\s*,\s*|\s+)[A-Z]+[0-9]+)*)", re.IGNORECASE
)
_SEPARATOR: Final = re.compile(r"[,\s]+")
_OWN: Final = re.compile(r"AFA\d*", re.IGNORECASE)


_Comments: TypeAlias = dict[int, int]
"""The column where the comment of a line begins."""


@dataclass(frozen=True, slots=True)
class Suppression:
    """A comment with codes on some line, and the lines that it holds for."""

    line: int
    col: int
    codes: tuple[str, ...]
    holds_for: range


def suppressions(lines: Sequence[str]) -> list[Suppression]:
    """The comments of a file that name codes."""
    found = []
    for numbers, comments in _statements(lines):
        for number, match in _with_codes(lines, comments):
            codes = tuple(filter(None, _SEPARATOR.split(match["codes"].strip())))
            found.append(Suppression(number, match.start(), codes, numbers))
    return found


def unused_codes(comment: Suppression, found: Iterable[tuple[int, str]]) -> list[str]:
    """The codes of this plugin in a comment that suppress none of the findings, given by line and code."""
    there = [code for line, code in found if line in comment.holds_for]
    return [
        code
        for code in comment.codes
        if _OWN.fullmatch(code) and not any(one.startswith(code.upper()) for one in there)
    ]


def with_comments(lines: Sequence[str], found: Mapping[int, Sequence[str]]) -> list[str]:
    """The lines of a file, with a comment for the codes that are found in each."""
    changed = list(lines)
    for numbers, comments in _statements(lines):
        codes = sorted({code for number in numbers for code in found.get(number, ())})
        if codes:
            _add(changed, numbers, comments, codes)
    return changed


def add_comments(findings: Iterable[Shown]) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Mark the lines of findings in their files.

    Gives the number of changed lines by path, and the files that could not be written, each with the reason.
    """
    found: dict[str, dict[int, list[str]]] = {}
    for one in findings:
        own = one.tells_of or one
        if own.code not in (NOT_ANALYSED, UNUSED):
            found.setdefault(own.path, {}).setdefault(own.line, []).append(own.code)
    written, failed = {}, []
    for path, codes in found.items():
        original = read_original(Path(path))
        if original is None:
            failed.append((path, "it cannot be read"))
            continue
        before = split_lines(original.text)
        after = with_comments(before, codes)
        try:
            rewrite(original, "".join(after))
            written[path] = sum(old != new for old, new in zip(before, after, strict=True))
        except ChangedMeanwhile:
            failed.append((path, "it has changed meanwhile"))
        except (OSError, ValueError) as error:
            failed.append((path, str(getattr(error, "strerror", None) or error)))
    return written, failed


def _add(lines: list[str], numbers: range, comments: _Comments, codes: Sequence[str]) -> None:
    """Name codes in the comment of some lines, or in a new one at their end."""
    for number, match in _with_codes(lines, comments):
        line, end = lines[number - 1], match.end()
        lines[number - 1] = f"{line[:end]},{','.join(codes)}{line[end:]}"
        return
    last = lines[numbers[-1] - 1]
    text = last.rstrip("\r\n")
    lines[numbers[-1] - 1] = f"{text}  # noqa: {','.join(codes)}{last[len(text) :]}"


def _statements(lines: Sequence[str]) -> Iterator[tuple[range, _Comments]]:
    """The lines that a comment holds for, as flake8 sees them, and where comments begin there.

    They are one line, or those of a text over several lines.
    """
    first, last, comments = len(lines) + 1, 0, _Comments()
    for token in _tokens(lines):
        if token.type not in (tokenize.ENDMARKER, tokenize.DEDENT):
            first, last = min(first, token.start[0]), max(last, token.end[0])
        if token.type == tokenize.COMMENT:
            comments[token.start[0]] = token.start[1]
        if token.type in (tokenize.NEWLINE, tokenize.NL) and last:
            yield range(first, min(last, len(lines)) + 1), comments
            first, last, comments = len(lines) + 1, 0, _Comments()


def _with_codes(lines: Sequence[str], comments: _Comments) -> Iterator[tuple[int, re.Match[str]]]:
    """The comments that name codes, by the line."""
    for number, col in comments.items():
        match = _NOQA.search(lines[number - 1], col)
        if match is not None:
            yield number, match


def _tokens(lines: Sequence[str]) -> Iterator[tokenize.TokenInfo]:
    try:
        yield from tokenize.generate_tokens(io.StringIO("".join(lines)).readline)
    except (SyntaxError, tokenize.TokenError):
        return
