"""What several paths agree on of transactions: the laws of a join.

Sessions are named as they are written, and what is known of them stays in one function: there is nothing
to rename.
"""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import fields

from flake8_async_fastapi.domains.session_scope import DOMAIN
from flake8_async_fastapi.domains.session_scope.attempts import Failure
from flake8_async_fastapi.domains.session_scope.transaction_state import Mark, Transactions
from flake8_async_fastapi.engine.places import Spot
from flake8_async_fastapi.engine.state import State

SESSIONS = st.sampled_from(["session", "self.session", "self.session.inner", "sessions"])
MARKS: st.SearchStrategy[Mark] = st.sampled_from(["begun", "block", "closed", "nested"])
FAILURES: st.SearchStrategy[Failure] = st.sampled_from(["failed", "timed out"])
SPOTS = st.builds(Spot, st.just("main.py"), st.integers(1, 3))


def known(marks: dict[tuple[str, Mark], Spot], failures: dict[tuple[str, Failure], Spot]) -> Transactions:
    """Marks and failures, each with its line."""
    found = Transactions()
    for (session, mark), spot in marks.items():
        found = found.add_marks(session, mark, at=spot)
    for (session, failure), spot in failures.items():
        found = found.fail(failure, {session: spot})
    return found


parts = st.builds(
    known,
    st.dictionaries(st.tuples(SESSIONS, MARKS), SPOTS),
    st.dictionaries(st.tuples(SESSIONS, FAILURES), SPOTS),
)
few = st.lists(parts, min_size=1, max_size=4)
STATES = State(), State()


def join(paths: list[Transactions]) -> Transactions:
    first, *others = paths
    return first.join(others)


def test_every_field_is_tried() -> None:
    """A new field needs a join: the strategy has to make it, so that the laws are tried on it."""
    assert {one.name for one in fields(Transactions)} == {"marks", "failed", "lines"}


def test_nothing_goes_along_into_a_callee() -> None:
    """If the part did, its names would need to be neutral inside, and the same again outside."""
    assert Transactions not in DOMAIN.parts


@given(few, st.randoms())
def test_the_order_of_paths_does_not_matter(paths: list[Transactions], random: Random) -> None:
    mixed = list(paths)
    random.shuffle(mixed)
    assert join(paths) == join(mixed)


@given(few, few)
def test_paths_may_be_joined_step_by_step(some: list[Transactions], more: list[Transactions]) -> None:
    assert join([join(some), join(more)]) == join([*some, *more])


@given(few)
def test_the_same_again_says_nothing_new(paths: list[Transactions]) -> None:
    assert join([join(paths), *paths]) == join(paths)
    assert join([paths[0], paths[0].fork()]) == paths[0]


@given(few)
def test_what_all_say_is_kept_and_nothing_else_is_claimed(paths: list[Transactions]) -> None:
    found = join(paths)
    for session, mark in {pair for path in paths for pair in path.marks}:
        assert found.has_mark(session, mark) is all(path.has_mark(session, mark) for path in paths)
    for one in {one for path in paths for one in path.failed}:
        assert (one in found.failed) is all(one in path.failed for path in paths)
    assert found.marks <= paths[0].marks
    assert found.failed <= paths[0].failed


@given(few)
def test_lines_are_told_of_what_is_known_only(paths: list[Transactions]) -> None:
    found = join(paths)
    told = {*found.marks, *found.failed}
    assert {(session, word) for session, word, _ in found.lines} == told
    for session, word in told:
        assert found.line_of(session, word) == min(path.line_of(session, word) for path in paths)


@given(few)
def test_a_path_that_knows_nothing_leaves_nothing(paths: list[Transactions]) -> None:
    assert join([*paths, Transactions()]) == Transactions()


@given(parts, parts)
def test_paths_become_one_only_if_the_same_sessions_failed(one: Transactions, other: Transactions) -> None:
    unified = one.unify(other, STATES)
    assert unified == other.unify(one, STATES)
    assert unified == (join([one, other]) if one.failed == other.failed else None)
    assert one.unify(one.fork(), STATES) == one


@given(few, SESSIONS)
def test_what_is_forgotten_before_a_join_may_be_forgotten_after_it(
    paths: list[Transactions], path: str
) -> None:
    assert join([one.forget(path) for one in paths]) == join(paths).forget(path)
    assert join([one.forget_session(path) for one in paths]) == join(paths).forget_session(path)


@given(parts, SESSIONS)
def test_a_name_that_is_assigned_anew_has_no_marks(known: Transactions, path: str) -> None:
    """Nor have the attributes below it; others keep theirs, ``sessions`` when ``session`` is assigned."""
    after = known.forget(path)
    gone = {name for name, _ in known.marks - after.marks}
    assert gone == {name for name, _ in known.marks if f"{name}.".startswith(f"{path}.")}
    assert after.failed == {one for one in known.failed if not f"{one[0]}.".startswith(f"{path}.")}


@given(parts, SESSIONS)
def test_of_a_session_that_is_forgotten_nothing_is_known(known: Transactions, session: str) -> None:
    found = known.forget_session(session)
    assert found.marks == {pair for pair in known.marks if pair[0] != session}
    assert found.failed == {pair for pair in known.failed if pair[0] != session}
    assert found.failure_of(session) is None
