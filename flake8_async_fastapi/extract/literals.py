"""The literals of Python and Jinja that facts keep."""

from __future__ import annotations

import math
import re
from typing import Final

_INT64: Final = 2**63
_LONG: Final = 500
"""Longer texts are SQL or documentation: no rule reads them."""
_LONG_SCRIPT: Final = 4_000
"""Texts with a ``;`` inside may be several SQL statements, which matters for drivers. So do parameters."""
_PARAMETER: Final = re.compile(
    r"\b(?:select|insert|update|delete|where)\b.*?(?<![:\w\\]):\w", re.DOTALL | re.IGNORECASE
)


def is_kept(value: object) -> bool:
    """Whether a literal is kept as a constant: other values are not needed, or cannot be cached."""
    if isinstance(value, int):  # truth values among them
        return -_INT64 <= value < _INT64
    if isinstance(value, str):
        if ";" in value.rstrip("; \n") or (":" in value and _PARAMETER.search(value[:_LONG_SCRIPT])):
            return len(value) <= _LONG_SCRIPT
        return len(value) <= _LONG and value.isprintable()
    return value is None or (isinstance(value, float) and math.isfinite(value))
