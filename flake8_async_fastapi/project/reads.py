"""The dependencies of results: questions to the project, and other results.

They form a graph, because results share most of their dependencies. Storing all questions for each result
would take more memory than the results themselves.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import Final, TypeAlias

from msgspec import Struct, field

Question: TypeAlias = tuple[str | int | bool | None, ...]
"""A kind of question to the project, and what it asks about."""

UNRELIABLE: Final = -1
"""Among what was read: a limit that depends on what ran before, so that no list of questions is enough."""
NOTHING: Final = 0


class Reads(Struct):
    """Numbers for dependencies: a negative number is a question, any other is a bundle of numbers."""

    bundles: list[tuple[int, ...]] = field(default_factory=lambda: [()])

    def bundle(self, read: set[int]) -> int:
        """One number for all given dependencies, to be recorded by every user of the result."""
        if len(read) < 2:
            return next(iter(read), NOTHING)
        self.bundles.append(tuple(read))
        return len(self.bundles) - 1

    def flatten(self, read: Iterable[int]) -> list[int]:
        """The questions behind some numbers, the latest first; if ``UNRELIABLE`` is among them, it comes
        last.
        """
        seen = set(read)
        pending = [number for number in seen if number > 0]
        while pending:
            new = [number for number in self.bundles[pending.pop()] if number not in seen]
            seen.update(new)
            pending += [number for number in new if number > 0]
        return sorted(number for number in seen if number < 0)

    def depending_on(self, numbers: Container[int]) -> set[int]:
        """The bundles that contain one of some numbers, directly or through other bundles."""
        found: set[int] = set()
        for number, read in enumerate(self.bundles):  # a bundle holds earlier ones only
            if any(part in found or part in numbers for part in read):
                found.add(number)
        return found


def number_of(place: int) -> int:
    """The number of the question at this index; 0 is the first."""
    return UNRELIABLE - 1 - place


def place_of(number: int) -> int:
    """The index of the question with a number; the inverse of ``number_of``."""
    return UNRELIABLE - 1 - number
