"""The objects that the dotted names of the knowledge tables stand for."""

from __future__ import annotations

import importlib
import warnings
from typing import Any


def load(dotted: str) -> Any:
    """The object of a dotted name; the deepest importable module first."""
    parts = dotted.split(".")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for end in range(len(parts), 0, -1):
            try:
                found: Any = importlib.import_module(".".join(parts[:end]))
            except ImportError:
                continue
            for part in parts[end:]:
                found = getattr(found, part)
            return found
    raise ImportError(dotted)
