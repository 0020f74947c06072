"""Places in the code under check."""

from __future__ import annotations

from typing import NamedTuple


class Position(NamedTuple):
    """A line and a column of a file."""

    line: int
    col: int


class Spot(NamedTuple):
    """A line of a file, as messages show it."""

    path: str
    line: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


class Place(NamedTuple):
    """A file with a line and a column; equal places compare equal."""

    path: str
    line: int
    col: int

    @property
    def position(self) -> Position:
        """The line and column."""
        return Position(self.line, self.col)

    @property
    def spot(self) -> Spot:
        """The line."""
        return Spot(self.path, self.line)


class Mention(NamedTuple):
    """A line of a file that is involved in a finding, with a description."""

    path: str
    line: int
    text: str
