"""Places in the code under check."""

from __future__ import annotations

from typing import NamedTuple


class Position(NamedTuple):
    """A line and a column of a file."""

    line: int
    col: int


class Spot(NamedTuple):
    """A line of a file, as a message names it."""

    path: str
    line: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


class Place(NamedTuple):
    """A file, and a line and a column of it: compared by what it says."""

    path: str
    line: int
    col: int

    @property
    def position(self) -> Position:
        """Where in its file it is."""
        return Position(self.line, self.col)

    @property
    def spot(self) -> Spot:
        """The line that it is in."""
        return Spot(self.path, self.line)


class Mention(NamedTuple):
    """A line of a file that has a part in a finding, and what happens there."""

    path: str
    line: int
    text: str
