"""Fixtures of several test modules, and what holds for a whole run."""

import gc

from check_runs import check
from flake8_runs import flake8

__all__ = ["check", "flake8"]


def pytest_collection_finish() -> None:
    """Leave what was made so far to no collection of garbage: it stays, and there is much of it.

    The programs that tests run are followed by a collection each.
    """
    gc.collect()
    gc.freeze()
