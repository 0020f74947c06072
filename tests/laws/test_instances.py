"""What several paths agree on of an ORM object: the laws of a join."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import fields, replace

from flake8_async_fastapi.domains.orm.objects.heap import Instances
from flake8_async_fastapi.domains.orm.objects.instances import (
    MAYBE,
    AttributeState,
    InstanceState,
    Loaded,
    Maybe,
    NotLoaded,
)
from flake8_async_fastapi.domains.orm.objects.joins import (
    join_heaps,
    join_instances,
    join_may_lose,
    join_session_effects,
)
from flake8_async_fastapi.domains.orm.statements.queries import EMPTY_PLAN, Plan, SessionSettings, Transition
from flake8_async_fastapi.engine.values import NONE, UNKNOWN, ClassValue
from flake8_async_fastapi.facts import tree


def model(name: str, line: int) -> ClassValue:
    node = tree.ClassDef(line, 0, name, name, [], [], [], [], [])
    return ClassValue("models.py", node, (name, line))


POST, USER = model("Post", 1), model("User", 9)
LOST = st.sampled_from(
    [NotLoaded("commit", "a.py", 3), NotLoaded("commit", "a.py", 5), NotLoaded("rollback", "b.py", 1)]
)
FIELDS: st.SearchStrategy[AttributeState] = st.one_of(
    st.sampled_from([Loaded(NONE), Loaded(UNKNOWN), MAYBE, Maybe(is_loaded=True), Maybe(unless="a")]),
    LOST,
    LOST.map(lambda lost: Maybe(lost, "b")),
)
NAMES = st.sampled_from(["author", "title", "tags"])
FLAGS = [
    "may_be_loaded",
    "may_be_expired",
    "is_empty",
    "dirty",
    "is_item",
    "has_unknown_arguments",
    "is_all",
    "is_chosen",
    "discriminated",
    "is_committed",
    "is_lazy",
    "is_alone",
]
PLANS = st.sampled_from([EMPTY_PLAN, Plan((("author", "selectin", EMPTY_PLAN),)), Plan(certain=False)])

ROW: dict[str, st.SearchStrategy[Any]] = {
    "cls": st.sampled_from([POST, POST, POST, USER]),
    "phase": st.sampled_from(["transient", "pending", "persistent", "detached"]),
    "session": st.sampled_from([("a.py", 1, 0), ("a.py", 2, 0), None]),
    "path": st.sampled_from(["", "a.py"]),
    "line": st.integers(0, 2),
    "plan": PLANS,
    "default": st.one_of(st.sampled_from(["plan", "unset", "inserted", "perhaps"]), LOST),
    "fields": st.dictionaries(NAMES, FIELDS).map(lambda found: tuple(sorted(found.items()))),
    "source": st.sampled_from(["query", "new", "merge"]),
    "parent": st.sampled_from([None, (("a.py", 4, 0), "posts")]),
    "null_keys": st.frozensets(NAMES),
    "compared_keys": st.frozensets(NAMES),
    "classes_above": st.sampled_from([(), (USER,)]),
    "strategies_above": st.sampled_from([(), ("joined",)]),
    "identity": st.sampled_from([None, ("constant", 1), ("constant", 2)]),
    **{flag: st.booleans() for flag in FLAGS},
}
rows = st.builds(InstanceState, **ROW)
few = st.lists(rows, min_size=1, max_size=4)


def test_every_field_of_a_row_is_tried() -> None:
    """A new field needs a join, and a strategy here, so that the laws are tried on it."""
    assert {one.name for one in fields(InstanceState)} == ROW.keys()


@given(few, st.randoms())
def test_the_order_of_paths_does_not_matter(paths: list[InstanceState], random: object) -> None:
    mixed = list(paths)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert join_instances(paths) == join_instances(mixed)
    assert join_may_lose(paths) == join_may_lose(mixed)


@given(few, few)
def test_paths_may_be_joined_step_by_step(some: list[InstanceState], more: list[InstanceState]) -> None:
    assert join_instances([join_instances(some), join_instances(more)]) == join_instances([*some, *more])


undoubted = st.lists(
    rows.map(
        lambda row: replace(
            row,
            cls=POST,
            session=None,
            classes_above=(),
            strategies_above=(),
            is_all=False,
            is_chosen=False,
            may_be_loaded=False,
        )
    ),
    min_size=1,
    max_size=4,
)


@given(undoubted, undoubted)
def test_the_worst_of_paths_may_be_told_step_by_step(
    some: list[InstanceState], more: list[InstanceState]
) -> None:
    """Of rows that somebody doubts, the worst is their join."""
    assert join_may_lose([join_may_lose(some), join_may_lose(more)]) == join_may_lose([*some, *more])


@given(few)
def test_the_same_again_says_nothing_new(paths: list[InstanceState]) -> None:
    assert join_instances([join_instances(paths), *paths]) == join_instances(paths)
    assert join_may_lose([join_may_lose(paths), join_may_lose(paths)]) == join_may_lose(paths)


@given(few)
def test_what_all_say_is_kept_and_nothing_else_is_claimed(paths: list[InstanceState]) -> None:
    there = [row for row in paths if not row.is_empty] or paths
    found = join_instances(paths)
    for name in ("author", "title", "tags"):
        said = {row.field(name) for row in there}
        if isinstance(found.field(name), (NotLoaded, Loaded)):
            assert said == {found.field(name)}
        if name in found.null_keys:
            assert all(name in row.null_keys for row in there)
    if isinstance(found.default, NotLoaded):
        assert {row.default for row in there} == {found.default}
    assert found.may_be_loaded >= any(row.may_be_loaded for row in there)


@given(st.dictionaries(st.sampled_from([("a",), ("b",)]), rows), st.dictionaries(st.just(("a",)), rows))
def test_an_object_that_one_path_lacks_is_as_the_other_knows_it(one: dict, other: dict) -> None:
    found = join_heaps([one, other])
    assert found == join_heaps([other, one])
    assert found.keys() == one.keys() | other.keys()
    assert all(found[ref] == one[ref] for ref in one.keys() - other.keys())


STEPS = st.builds(
    Transition,
    st.sampled_from([("a.py", 1, 0), ("a.py", 2, 0)]),
    st.sampled_from(["commit", "flush", "rollback", "query", "select", "close"]),
    st.sampled_from([SessionSettings(), SessionSettings(False), SessionSettings(True, None)]),
)
histories = st.lists(STEPS, max_size=3).map(tuple)


@given(st.lists(histories, min_size=1, max_size=4), st.randoms())
def test_the_order_of_histories_does_not_matter(paths: list[tuple[Transition, ...]], random: object) -> None:
    mixed = list(paths)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert join_session_effects(paths) == join_session_effects(mixed)
    assert join_session_effects([paths[0], paths[0]]) == paths[0]


History = tuple[Transition, ...]
several = st.lists(histories, min_size=1, max_size=3)
READING = ("query", "select")


@given(several, several)
def test_histories_may_be_joined_step_by_step(some: list[History], more: list[History]) -> None:
    """The same changes and the same ``select``s; these may stand at other places among the changes."""
    at_once = join_session_effects([*some, *more])
    by_steps = join_session_effects([join_session_effects(some), join_session_effects(more)])
    assert [step for step in by_steps if step.kind not in READING] == [
        step for step in at_once if step.kind not in READING
    ]
    assert selects(by_steps) == selects(at_once)
    if not selects(at_once):
        assert by_steps == at_once


def selects(history: History) -> set[Transition]:
    return {step for step in history if step.kind == "select"}


def test_what_may_have_happened_has_the_settings_that_all_paths_have() -> None:
    session = ("a.py", 1, 0)
    paths = [(Transition(session, "commit", SessionSettings(expires)),) for expires in (None, False)]
    (unsure,) = join_session_effects([*paths, ()])
    assert unsure == Transition(session, "perhaps", SessionSettings(None))
    assert join_session_effects([paths[1], ()]) == (Transition(session, "perhaps", SessionSettings(False)),)


@given(st.dictionaries(st.sampled_from([("a",), ("b",)]), rows), st.dictionaries(st.just(("a",)), rows))
def test_parts_of_the_state_join_like_their_objects(one: dict, other: dict) -> None:
    left, right = Instances(one), Instances(other)
    assert left.join([right]) == right.join([left])
    assert left.join([left]) == left


@pytest.mark.parametrize("swapped", [False, True])
def test_a_relationship_is_null_only_if_it_is_so_on_all_paths(swapped: bool) -> None:
    row = InstanceState(POST, "persistent", None, "a.py", 1)
    pair = [replace(row, null_keys=frozenset({"author"})), row]
    assert join_instances(pair[::-1] if swapped else pair).null_keys == frozenset()
