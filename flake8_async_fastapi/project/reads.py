"""What was read to get results: questions to the project, and results that others were made from.

A graph, since results share most of what they rest on: to note for each of them all questions that
led to it would take more memory than the results.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from typing import Final, TypeAlias

Question: TypeAlias = tuple[str | int | bool | None, ...]
"""A kind of question to the project, and what it asks about."""

UNRELIABLE: Final = -1
"""Among what was read: a limit that depends on what ran before, so that no list of questions is enough."""
NOTHING: Final = 0


@dataclass(slots=True)
class Reads:
    """Numbers for what is read: those below zero are questions, the others bundles of such numbers."""

    bundles: list[tuple[int, ...]] = field(default_factory=lambda: [()])

    def bundle(self, read: set[int]) -> int:
        """One number for all that was read, to be noted by whoever uses the result."""
        if len(read) < 2:
            return next(iter(read), NOTHING)
        self.bundles.append(tuple(read))
        return len(self.bundles) - 1

    def flatten(self, read: Iterable[int]) -> list[int]:
        """The questions in some numbers, the latest first; ``UNRELIABLE``, if it is among them, last."""
        seen = set(read)
        pending = [number for number in seen if number > 0]
        while pending:
            new = [number for number in self.bundles[pending.pop()] if number not in seen]
            seen.update(new)
            pending += [number for number in new if number > 0]
        return sorted(number for number in seen if number < 0)

    def depending_on(self, numbers: Container[int]) -> set[int]:
        """The bundles in which one of some numbers is, however deep."""
        found: set[int] = set()
        for number, read in enumerate(self.bundles):  # a bundle holds earlier ones only
            if any(part in found or part in numbers for part in read):
                found.add(number)
        return found


def number_of(place: int) -> int:
    """The number of the question that is asked at this place: the first at 0."""
    return UNRELIABLE - 1 - place


def place_of(number: int) -> int:
    """The place of the question with a number, as for ``number_of``."""
    return UNRELIABLE - 1 - number
