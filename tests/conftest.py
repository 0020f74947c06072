"""Fixtures of several test modules."""

from check_runs import check
from flake8_runs import flake8

__all__ = ["check", "flake8"]
