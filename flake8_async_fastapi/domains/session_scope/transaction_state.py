"""Certain knowledge about the transactions of the sessions on a path, each as written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from flake8_async_fastapi.domains.session_scope.after_failure import Failure
from flake8_async_fastapi.engine.places import Spot
from flake8_async_fastapi.engine.state import State, same

Mark: TypeAlias = Literal["begun", "block", "closed", "nested", "flushed"]
"""A transaction is ``begun``, the code is in its ``block`` (``async with session.begin()``), it was
``closed`` in such a block, or it is ``nested``; the end of a savepoint has ``flushed`` all changes."""


class Transactions(Struct, frozen=True):
    """Certain knowledge about transactions on one path; paths with different ``failed`` sessions stay apart.

    ``failed`` are the sessions that have to be rolled back, and why. ``lines`` are those where the marks were
    set, and where it failed.
    """

    marks: frozenset[tuple[str, Mark]] = frozenset()
    failed: frozenset[tuple[str, Failure]] = frozenset()
    lines: frozenset[tuple[str, str, Spot]] = frozenset()

    fork = same

    def unify(self, other: Transactions, states: tuple[State, State]) -> Transactions | None:
        return self.join([other]) if self.failed == other.failed else None

    def join(self, others: list[Transactions]) -> Transactions:
        if others.count(self) == len(others):
            return self
        marks = self.marks.intersection(*(other.marks for other in others))
        failed = self.failed.intersection(*(other.failed for other in others))
        return with_lines(marks, failed, self.lines.union(*(other.lines for other in others)))

    def forget(self, path: str) -> Transactions:
        if not self.marks and not self.failed:
            return self
        below = f"{path}."
        marks = frozenset(pair for pair in self.marks if pair[0] != path and not pair[0].startswith(below))
        failed = frozenset(one for one in self.failed if one[0] != path and not one[0].startswith(below))
        return with_lines(marks, failed, self.lines)

    def has_mark(self, session: str, *marks: Mark) -> bool:
        """Whether a session has one of some marks."""
        return any((session, mark) in self.marks for mark in marks)

    def add_marks(self, session: str, *marks: Mark, at: Spot) -> Transactions:
        """The state with some marks of a session, set at a line; a mark that it has stays as it is."""
        new = [mark for mark in marks if (session, mark) not in self.marks]
        lines = self.lines.union((session, mark, at) for mark in new)
        return replace(self, marks=self.marks.union((session, mark) for mark in new), lines=lines)

    def drop_marks(self, session: str, *marks: Mark) -> Transactions:
        """The state without some marks of a session."""
        left = self.marks.difference((session, mark) for mark in marks)
        return with_lines(left, self.failed, self.lines)

    def forget_session(self, session: str) -> Transactions:
        """The state with nothing known about a session."""
        marks = frozenset(pair for pair in self.marks if pair[0] != session)
        return with_lines(marks, self.failed, self.lines).recover(session)

    def line_of(self, session: str, *words: str) -> Spot | None:
        """The line where a session first got one of some marks, or why it failed; None if it is not known."""
        return min((at for name, word, at in self.lines if name == session and word in words), default=None)

    def recover(self, session: str) -> Transactions:
        """The state after a session was rolled back."""
        failed = frozenset(one for one in self.failed if one[0] != session)
        return with_lines(self.marks, failed, self.lines)

    def failure_of(self, session: str) -> Failure | None:
        """Why a session has to be rolled back; None if it does not."""
        return min((failure for name, failure in self.failed if name == session), default=None)

    def fail(self, failure: Failure, broken: Mapping[str, Spot]) -> Transactions:
        """The state with sessions that have to be rolled back, each with the line where it failed."""
        failed = self.failed.union((session, failure) for session in broken)
        lines = self.lines.union((session, failure, at) for session, at in broken.items())
        return replace(self, failed=failed, lines=lines)


def with_lines(
    marks: frozenset[tuple[str, Mark]],
    failed: frozenset[tuple[str, Failure]],
    lines: Iterable[tuple[str, str, Spot]],
) -> Transactions:
    """The state with those lines that belong to its marks and failures."""
    told = {*marks, *failed}
    return Transactions(marks, failed, frozenset(one for one in lines if one[:2] in told))
