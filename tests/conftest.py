"""Fixtures of several test modules, and what holds for a whole run."""

import gc

from check_runs import check
from flake8_runs import flake8
from hypothesis import settings

__all__ = ["check", "flake8"]

# A busy machine is no failure: how long something may take is tested by the counts of calls.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")


def pytest_collection_finish() -> None:
    """Leave what was made so far to no collection of garbage: it stays, and there is much of it.

    The programs that tests run are followed by a collection each.
    """
    gc.collect()
    gc.freeze()
