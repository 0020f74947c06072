"""What several paths agree on of an ORM object: the laws of a join."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flake8_async_fastapi.domains.orm.objects.instances import (
    PERHAPS,
    Field,
    Held,
    Instances,
    Lost,
    Row,
    agreed_transitions,
    join,
    joined,
    worst,
)
from flake8_async_fastapi.domains.orm.statements.queries import PLAIN, Plan, Settings, Transition
from flake8_async_fastapi.engine.values import NONE, UNKNOWN, ClassValue
from flake8_async_fastapi.facts import tree


def model(name: str, line: int) -> ClassValue:
    node = tree.ClassDef(line, 0, name, name, [], [], [], [], [])
    return ClassValue("models.py", node, (name, line))


POST, USER = model("Post", 1), model("User", 9)
LOST = st.sampled_from([Lost("commit", "a.py", 3), Lost("commit", "a.py", 5), Lost("rollback", "b.py", 1)])
FIELDS: st.SearchStrategy[Field] = st.one_of(st.sampled_from([Held(NONE), Held(UNKNOWN), PERHAPS]), LOST)
NAMES = st.sampled_from(["author", "title", "tags"])
FLAGS = [
    "doubtful", "unsure", "absent", "dirty", "is_item", "is_open", "is_all", "guarded",
]  # fmt: skip
PLANS = st.sampled_from([PLAIN, Plan((("author", "selectin", PLAIN),)), Plan(certain=False)])

rows = st.builds(
    Row,
    cls=st.sampled_from([POST, POST, POST, USER]),
    phase=st.sampled_from(["transient", "pending", "persistent", "detached"]),
    session=st.sampled_from([("a.py", 1, 0), ("a.py", 2, 0), None]),
    path=st.sampled_from(["", "a.py"]),
    line=st.integers(0, 2),
    plan=PLANS,
    rest=st.one_of(st.sampled_from(["plan", "unset", "inserted", "perhaps"]), LOST),
    fields=st.dictionaries(NAMES, FIELDS).map(lambda found: tuple(sorted(found.items()))),
    made=st.sampled_from(["query", "new", "merge"]),
    parent=st.sampled_from([None, (("a.py", 4, 0), "posts")]),
    nulls=st.frozensets(NAMES),
    tied=st.frozensets(NAMES),
    above=st.sampled_from([(), (USER,)]),
    way=st.sampled_from([(), ("joined",)]),
    identity=st.sampled_from([None, ("constant", 1), ("constant", 2)]),
    **{flag: st.booleans() for flag in FLAGS},
)
few = st.lists(rows, min_size=1, max_size=4)


def test_every_field_of_a_row_is_tried() -> None:
    """A new field needs a join: the strategy has to make it, so that the laws are tried on it."""
    tried = {*FLAGS, "cls", "phase", "session", "path", "line", "plan", "rest", "fields", "made", "parent",
             "nulls", "tied", "above", "way", "identity"}  # fmt: skip
    assert {one.name for one in fields(Row)} == tried


@given(few, st.randoms())
def test_the_order_of_paths_does_not_matter(paths: list[Row], random: object) -> None:
    mixed = list(paths)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert join(paths) == join(mixed)
    assert worst(paths) == worst(mixed)


@given(few, few)
def test_paths_may_be_joined_step_by_step(some: list[Row], more: list[Row]) -> None:
    assert join([join(some), join(more)]) == join([*some, *more])


undoubted = st.lists(
    rows.map(
        lambda row: replace(row, cls=POST, session=None, above=(), way=(), is_all=False, doubtful=False)
    ),
    min_size=1,
    max_size=4,
)


@given(undoubted, undoubted)
def test_the_worst_of_paths_may_be_told_step_by_step(some: list[Row], more: list[Row]) -> None:
    """Of rows that somebody doubts, the worst is their join."""
    assert worst([worst(some), worst(more)]) == worst([*some, *more])


@given(few)
def test_the_same_again_says_nothing_new(paths: list[Row]) -> None:
    assert join([join(paths), *paths]) == join(paths)
    assert worst([worst(paths), worst(paths)]) == worst(paths)


@given(few)
def test_what_all_say_is_kept_and_nothing_else_is_claimed(paths: list[Row]) -> None:
    there = [row for row in paths if not row.absent] or paths
    found = join(paths)
    for name in ("author", "title", "tags"):
        said = {row.field(name) for row in there}
        if isinstance(found.field(name), (Lost, Held)):
            assert said == {found.field(name)}
        if name in found.nulls:
            assert all(name in row.nulls for row in there)
    if isinstance(found.rest, Lost):
        assert {row.rest for row in there} == {found.rest}
    assert found.doubtful >= any(row.doubtful for row in there)


@given(st.dictionaries(st.sampled_from([("a",), ("b",)]), rows), st.dictionaries(st.just(("a",)), rows))
def test_an_object_that_one_path_lacks_is_as_the_other_knows_it(one: dict, other: dict) -> None:
    found = joined([one, other])
    assert found == joined([other, one])
    assert found.keys() == one.keys() | other.keys()
    assert all(found[ref] == one[ref] for ref in one.keys() - other.keys())


STEPS = st.builds(
    Transition,
    st.sampled_from([("a.py", 1, 0), ("a.py", 2, 0)]),
    st.sampled_from(["commit", "flush", "rollback", "query", "select", "close"]),
    st.sampled_from([Settings(), Settings(False), Settings(True, None)]),
)
histories = st.lists(STEPS, max_size=3).map(tuple)


@given(st.lists(histories, min_size=1, max_size=4), st.randoms())
def test_the_order_of_histories_does_not_matter(paths: list[tuple[Transition, ...]], random: object) -> None:
    mixed = list(paths)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert agreed_transitions(paths) == agreed_transitions(mixed)
    assert agreed_transitions([paths[0], paths[0]]) == paths[0]


History = tuple[Transition, ...]
several = st.lists(histories, min_size=1, max_size=3)
READING = ("query", "select")


@given(several, several)
def test_histories_may_be_joined_step_by_step(some: list[History], more: list[History]) -> None:
    """The same changes and the same ``select``s; these may stand at other places among the changes."""
    at_once = agreed_transitions([*some, *more])
    by_steps = agreed_transitions([agreed_transitions(some), agreed_transitions(more)])
    assert [step for step in by_steps if step.what not in READING] == [
        step for step in at_once if step.what not in READING
    ]
    assert selects(by_steps) == selects(at_once)
    if not selects(at_once):
        assert by_steps == at_once


def selects(history: History) -> set[Transition]:
    return {step for step in history if step.what == "select"}


def test_what_may_have_happened_has_the_settings_that_all_paths_have() -> None:
    session = ("a.py", 1, 0)
    paths = [(Transition(session, "commit", Settings(expires)),) for expires in (None, False)]
    (unsure,) = agreed_transitions([*paths, ()])
    assert unsure == Transition(session, "perhaps", Settings(None))
    assert agreed_transitions([paths[1], ()]) == (Transition(session, "perhaps", Settings(False)),)


@given(st.dictionaries(st.sampled_from([("a",), ("b",)]), rows), st.dictionaries(st.just(("a",)), rows))
def test_parts_of_the_state_join_like_their_objects(one: dict, other: dict) -> None:
    left, right = Instances(one), Instances(other)
    assert left.join([right]) == right.join([left])
    assert left.join([left]) == left


@pytest.mark.parametrize("swapped", [False, True])
def test_a_relationship_is_null_only_if_it_is_so_on_all_paths(swapped: bool) -> None:
    row = Row(POST, "persistent", None, "a.py", 1)
    pair = [replace(row, nulls=frozenset({"author"})), row]
    assert join(pair[::-1] if swapped else pair).nulls == frozenset()
