"""Faults of this package: a fault costs the findings of one file, and the log has the error."""

from __future__ import annotations

import gc
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

T = TypeVar("T")

LOG: Final = logging.getLogger("flake8_async_fastapi")
LOG.addHandler(logging.NullHandler())  # silent until the plugin or the command says where to
_RECURSION: Final = 6_000
"""The interpreter calls itself for nested code and for callees; deep code needs more than 1,000."""


class Fault(Exception):
    """Something in this package failed; the log has the error."""


class UsageError(Exception):
    """A mistake on the command line that the user can correct; the text describes it."""


def survive(
    path: str, done: str, work: Callable[[], T], *, passing: tuple[type[Exception], ...] = ()
) -> T | None:
    """The result of some work on one file, or None if it failed: a fault costs one file, not the run."""
    try:
        with _deep_recursion():
            return work()
    except passing:
        raise
    except RecursionError:
        LOG.warning("%s could not be %s: it nests too deep", path, done)
    except Exception:
        LOG.warning("%s could not be %s: a fault in flake8-async-fastapi", path, done, exc_info=True)
    return None


@contextmanager
def _deep_recursion() -> Iterator[None]:
    before, collecting = sys.getrecursionlimit(), gc.isenabled()
    sys.setrecursionlimit(max(before, _RECURSION))
    gc.disable()  # there is little to collect, and looking for it takes time
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
        if collecting:
            gc.enable()
