"""The pages of the rules, as an installation has them."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

_PACKAGE: Final = Path(__file__).parent
_FOLDERS: Final = (_PACKAGE / "_docs" / "rules", _PACKAGE.parent / "docs" / "rules")
"""In a wheel, and in a checkout."""
_SECTION: Final = re.compile(r"^(?=## )", re.MULTILINE)
_BLOCK: Final = re.compile(r"(?<=```python\n)(.*?)(?=^```$)", re.MULTILINE | re.DOTALL)
_LINK: Final = re.compile(r"\[([^\]]+)\]\([^)]+\)")
_MARK: Final = re.compile(r"# AFA\d")
_DOTS: Final = "..."
_SHORT: Final = 12
"""Lines of an example that is shown as it is."""


def find_page(code: str) -> Path | None:
    """The file that holds the page of a rule; None if this installation has none."""
    return next((page for folder in _FOLDERS if (page := folder / f"{code}.md").is_file()), None)


def shorten_page(text: str) -> str:
    """A page for the terminal: links as plain text, and of long examples only what matters.

    Of the example the statements with marked lines stay, of the right way those that the example does not
    have.  What goes are imports, models and the like.
    """
    wrong: set[str] = set()
    shown = []
    for section in _SECTION.split(text):
        parts = _BLOCK.split(section)
        is_example, is_right = (section.startswith(f"## {title}") for title in ("Example", "Use instead"))
        for place, part in enumerate(parts):
            if place % 2 == 0:
                shown.append(_LINK.sub(r"\1", part))
                continue
            statements = _statements(part)
            if is_example:
                wrong.update(statements)
                kept = [one for one in statements if _MARK.search(one)]
            else:
                kept = [one for one in statements if one not in wrong]
            is_short = part.count("\n") <= _SHORT or not (is_example or is_right)
            shown.append(part if is_short else _joined(statements, kept))
    return "".join(shown)


def _statements(code: str) -> list[str]:
    """The texts of the statements at the top of a program; the whole text if it is no Python."""
    try:
        nodes = ast.parse(code).body
    except SyntaxError:
        return [code]
    lines = code.splitlines(keepends=True)
    starts = [min([node.lineno, *(one.lineno for one in _decorators(node))]) for node in nodes]
    ends = [node.end_lineno or node.lineno for node in nodes]
    return ["".join(lines[start - 1 : end]) for start, end in zip(starts, ends, strict=True)]


def _decorators(node: ast.stmt) -> list[ast.expr]:
    found: list[ast.expr] = getattr(node, "decorator_list", [])
    return found


def _joined(statements: Sequence[str], kept: Sequence[str]) -> str:
    """Some of the statements, with dots for those between."""
    found: list[str] = []
    for statement in statements:
        if statement in kept:
            found.append(statement)
        elif not found or found[-1] != _DOTS:
            found.append(_DOTS)
    return "\n\n".join(one.rstrip("\n") for one in found) + "\n"
