"""Fixtures of several test modules."""

from flake8_runs import flake8

__all__ = ["flake8"]
