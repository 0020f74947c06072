"""AFA002: a comment of ``convert`` about work that is left to do by hand.

No rule of the catalogue: it looks at comments, and no event tells of them.
"""

from __future__ import annotations

import io
import tokenize
from collections.abc import Iterator
from typing import Final

from flake8_async_fastapi.rules.model import Finding

LEFT_OPEN: Final = "AFA002"
MARK: Final = "# TODO(async): "


def open_comments(path: str, text: str) -> list[Finding]:
    """A finding for each comment with the mark."""
    if MARK not in text:
        return []
    return [
        Finding(path, line, column, LEFT_OPEN, f"the conversion to async left something open: {reason}")
        for line, column, reason in _marks(text)
    ]


def _marks(text: str) -> Iterator[tuple[int, int, str]]:
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT and token.string.startswith(MARK):
                yield (*token.start, token.string.removeprefix(MARK).strip())
    except (tokenize.TokenError, SyntaxError):
        return
