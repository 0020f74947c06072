"""The pages of the rules in an installation."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

_PACKAGE: Final = Path(__file__).parent
_FOLDERS: Final = (_PACKAGE / "_docs" / "rules", _PACKAGE.parent / "docs" / "rules")
"""In a wheel, and in a checkout."""
_FOLDED: Final = re.compile(r"^<details.*?^</details>\n\n?", re.MULTILINE | re.DOTALL)
_LINK: Final = re.compile(r"\[([^\]]+)\]\([^)]+\)")


def find_page(code: str) -> Path | None:
    """The file with the page of a rule; None if this installation has no pages."""
    return next((page for folder in _FOLDERS if (page := folder / f"{code}.md").is_file()), None)


def shorten_page(text: str) -> str:
    """A page for the terminal, with links as plain text and without the whole programs of long examples."""
    return _LINK.sub(r"\1", _FOLDED.sub("", text))
