"""Memoised results, and the questions that led to them.

A result is stored under a key that describes it. A result that depends on itself is computed again until it
no longer changes: a fixpoint. While a result is computed, questions to the project are recorded with it.
Whoever takes it from the memo is recorded as having asked them too.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, TypeAlias, TypeVar

from msgspec import Struct, field

from flake8_async_fastapi.engine.comparison import are_alike
from flake8_async_fastapi.project.project import Project
from flake8_async_fastapi.project.reads import NOTHING, UNRELIABLE

MOST_DEPTH: Final = 40
"""Calls, names and classes followed into each other in one go; what lies deeper is computed apart, first.

Each takes 16 frames of Python or more, and the run begins anew after what was computed apart.
"""
MOST_ROUNDS: Final = 4
"""Times that a computation which asks for its own result is repeated."""
MOST_STEPS: Final = 20_000
"""Statements run for one function under check, those of callees not run before included.

They take two or three seconds.  Functions of large applications seldom take more than 10,000.
"""
MOST_IN_CIRCLE: Final = 5
"""Functions or attributes that may hang on each other before they count as a wide circle."""
ASSIGNED_ATTRIBUTE: Final = "assigned attribute"
"""Keys of queries for what methods assign to an attribute begin with this."""
_NO_HEAD: Final = 1_000_000

T = TypeVar("T")


Memo: TypeAlias = dict[object, tuple[Any, int]]
"""Results by what they are results of, each with what was read for it; one for all files of a project."""


class TooDeep(Exception):
    """A result is needed at so great a depth that it has to be computed by itself, before the one that needs
    it.
    """

    def __init__(self, key: object, compute: Callable[[], Any], default: Any) -> None:
        super().__init__(key)
        self.query = key, compute, default


class WideCircle(Exception):
    """Many functions and attributes depend on each other, which was not known when the run began."""


class Queries(Struct):
    """Memoised queries about a project, which may depend on each other and on themselves.

    ``running`` are the current queries, with their depth and assumed result. ``lowest_head`` is the least
    depth of a query that needed its own result; ``provisional`` are the results that depend on such an
    assumption, with their questions. ``active`` are the current functions with the depth of their outermost
    call, ``deeper`` those of them that run once more, for an object that they gave themselves,
    ``cycle_heads`` the current queries that were needed again, ``partial`` the provisional results that must
    not be kept, and ``abandoned`` those that could not be computed within the limits. Questions are recorded
    in the project's ``reads`` for the innermost query, and in ``outer_reads`` for those around it.
    """

    project: Project
    memo: Memo = field(default_factory=dict)
    provisional: dict[object, tuple[Any, int, int]] = field(default_factory=dict)
    active: dict[object, int] = field(default_factory=dict)
    deeper: set[object] = field(default_factory=set)
    abandoned: set[object] = field(default_factory=set)
    partial: set[object] = field(default_factory=set)
    cycle_heads: set[object] = field(default_factory=set)
    running: dict[object, tuple[int, Any]] = field(default_factory=dict)
    outer_reads: list[set[int]] = field(default_factory=list)
    lowest_head: int = _NO_HEAD
    steps: int = 0

    def query(self, key: object, compute: Callable[[], T], default: T) -> T:
        """The result of ``compute``, stored under ``key``.

        ``default`` stands in for a result that is needed while it is being computed. As soon as the result
        is known, everything that depends on the default is computed again. So stored results do not depend
        on the order of queries.
        """
        kept = self.memo.get(key)  # to hash a key takes time: as seldom as can be
        if kept is not None:
            self.project.reads.add(kept[1])
            result: T = kept[0]  # `cast` is a call
            return result
        if self.provisional and (assumed_result := self.provisional.get(key)) is not None:
            found: T
            found, head, read = assumed_result
            self.project.reads.add(read)
            self.lowest_head = min(self.lowest_head, head)
            if key in self.partial:
                self.mark_partial(head)
            return found
        under_way = self.running.get(key)
        if under_way is not None:
            assumed: T
            at, assumed = under_way
            self.note_circle(at)
            self.lowest_head = min(self.lowest_head, at)
            self.cycle_heads.add(key)
            return assumed
        if self.steps > MOST_STEPS or (self.abandoned and key in self.abandoned):
            self.lowest_head = -1
            self.project.reads.add(UNRELIABLE)
            return default
        depth = len(self.running)
        if depth >= MOST_DEPTH:
            raise TooDeep(key, compute, default)
        return self._compute(key, compute, default, depth)

    def _compute(self, key: object, compute: Callable[[], T], default: T, depth: int) -> T:
        """Compute a result, and store it if it depends on no assumption."""
        outer_head, outer, project = self.lowest_head, self.project.reads, self.project
        self.outer_reads.append(outer)
        project.reads = set()
        try:
            value = self._find_fixpoint(key, compute, default, depth)
            read = project.all_reads.bundle(project.reads)
            outer.add(read)
        except BaseException:
            outer |= project.reads
            raise
        finally:
            project.reads = self.outer_reads.pop()
        if self.lowest_head >= depth:
            self.memo[key] = value, read
            self.lowest_head = outer_head
        else:
            self.provisional[key] = value, self.lowest_head, read
            self.lowest_head = min(outer_head, self.lowest_head)
        return value

    def derive(self, key: object, compute: Callable[[], T]) -> T:
        """A property of code alone, stored under ``key``: computing it needs no other query or question."""
        kept = self.memo.get(key)
        if kept is None:
            kept = self.memo[key] = compute(), NOTHING
        result: T = kept[0]
        return result

    def is_kept(self, key: object) -> bool:
        """Whether a result is stored under a key. The caller must already have asked the questions behind
        it.
        """
        kept = self.memo.get(key)
        if kept is None:
            return False
        self.project.reads.add(kept[1])
        return True

    def keep_fact(self, key: object) -> None:
        """Store a by-product, with all questions that the current queries have asked so far."""
        read = set().union(self.project.reads, *self.outer_reads)
        self.memo[key] = True, self.project.all_reads.bundle(read)

    def note_circle(self, depth: int) -> None:
        """Record that all queries from a depth on depend on each other. Raises WideCircle if there are many,
        and it is new.

        There are too many ways through many functions to carry each caller's arguments along all of them,
        and the values of many attributes take too many rounds to settle.
        """
        functions = [key for key, at in self.active.items() if at >= depth]
        attributes = [
            key
            for key, (at, _) in self.running.items()
            if at >= depth and isinstance(key, tuple) and key[0] == ASSIGNED_ATTRIBUTE
        ]
        if max(len(functions), len(attributes)) <= MOST_IN_CIRCLE:
            return
        new = [key for key in (*functions, *attributes) if not self.is_in_wide_circle(key)]
        for key in new:
            self.keep_fact(("wide circle", key))
        if new:
            raise WideCircle

    def is_in_wide_circle(self, key: object) -> bool:
        """Whether a function, or an attribute by the key of its query, is in a circle with many others."""
        return self.is_kept(("wide circle", key))

    def mark_partial(self, depth: int) -> None:
        """Mark queries deeper than this as partial: they saw less than they would elsewhere, and are not
        kept.
        """
        self.lowest_head = min(self.lowest_head, depth)
        self.partial.update(key for key, (at, _) in self.running.items() if at > depth)

    def exhausted(self) -> bool:
        """Whether the budget of the function under check is used up."""
        return self.steps > MOST_STEPS

    def _find_fixpoint(self, key: object, compute: Callable[[], T], default: T, depth: int) -> T:
        """The result that no longer changes when computed from itself; the default if there is none."""
        assumed = default
        known = len(self.provisional)
        for done in range(MOST_ROUNDS):
            self.lowest_head = _NO_HEAD
            self.running[key] = depth, assumed
            try:
                value = compute()
            finally:
                del self.running[key]
            is_head = bool(self.cycle_heads) and key in self.cycle_heads
            if self.steps > MOST_STEPS:
                self.lowest_head = -1  # it was not seen to its end, and what rests on it is not to be kept
                self.project.reads.add(UNRELIABLE)
                if depth == 0:  # the next function under check need not try it again
                    self.memo[key] = default, UNRELIABLE
            if not is_head:
                return value
            self.cycle_heads.discard(key)
            resting = list(self.provisional)[known:]
            if self.lowest_head < depth:  # it rests on one further out too: computed anew when that is known
                self.partial.update(resting, (key,))
                return value
            if value == assumed or (done and are_alike(value, assumed)):
                read = self.project.all_reads.bundle(self.project.reads)
                for other in resting:
                    found, _, _ = self.provisional.pop(other)
                    if other not in self.partial:  # all in a circle have read what one of them has
                        self.memo[other] = found, read
                return value
            for other in resting:
                del self.provisional[other]
            assumed = value
        if resting:
            self.project.reads.add(UNRELIABLE)  # it depends on which one in a circle is asked first
        return default

    # --- runs with a budget ---------------------------------------------------------------

    def run_with_budget(self, work: Callable[[], None], begin_anew: Callable[[], None]) -> None:
        """Do some work with a budget of its own.

        Anything too deep is computed first, and then the work starts again.
        """
        self.steps = 0
        self.abandoned.clear()
        while True:
            self._forget_assumptions()
            try:
                return work()
            except TooDeep as deep:
                begin_anew()
                with suppress(WideCircle):
                    self._compute_apart(deep)
            except WideCircle:
                begin_anew()

    def _forget_assumptions(self) -> None:
        self.lowest_head = _NO_HEAD
        self.provisional.clear()
        self.partial.clear()
        self.cycle_heads.clear()

    def _compute_apart(self, deep: TooDeep) -> None:
        pending = [deep.query]
        while pending:
            self._forget_assumptions()
            try:
                self.query(*pending[-1])
                pending.pop()
            except TooDeep as deeper:
                if any(deeper.query[0] == key for key, _, _ in pending):
                    self.abandoned.add(deeper.query[0])  # a circle that is too wide
                else:
                    pending.append(deeper.query)
