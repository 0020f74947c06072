"""What several paths agree on of values and of whole states: the laws of a join."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from flake8_async_fastapi.engine.context import State, join, merge
from flake8_async_fastapi.engine.values import (
    NONE,
    UNKNOWN,
    ClassValue,
    Collection,
    Const,
    Instance,
    Library,
    Object,
    Plain,
    Value,
    common,
    options,
    outcome,
    union,
)
from flake8_async_fastapi.facts import tree


def instance(name: str) -> Instance:
    return Instance(ClassValue("a.py", tree.ClassDef(1, 0, name, name, [], [], [], [], []), (name, 1)))


VALUES = [
    UNKNOWN, NONE, Const(True), Plain("int"), Plain("str"), Library("os.getcwd"), instance("A"),
    instance("B"),
    Object("x.Session"), Object("x.Session", (("bind", Plain("str")),)), Object("x.Engine"),
    Collection("list", instance("A")), Collection("list", items=()),
]  # fmt: skip
values = st.lists(st.sampled_from(VALUES), min_size=1, max_size=5)
names = st.sampled_from(["a", "b"])
states = st.lists(
    st.builds(
        State,
        st.dictionaries(names, st.sampled_from(VALUES)),
        st.dictionaries(names.map("{}.x".format), st.sampled_from(VALUES)),
        st.dictionaries(names, st.booleans()),
    ),
    min_size=1,
    max_size=9,
)


@given(values, st.randoms())
def test_the_order_of_values_does_not_matter(found: list[Value], random: Random) -> None:
    mixed = list(found)
    random.shuffle(mixed)
    assert union(found) == union(mixed)
    assert common(found) == common(mixed)
    assert outcome(found) == outcome(mixed)


@given(values, values)
def test_values_may_be_united_step_by_step(some: list[Value], more: list[Value]) -> None:
    assert union([union(some), union(more)]) == union([*some, *more])


@given(values)
def test_the_same_value_again_says_nothing_new(found: list[Value]) -> None:
    for joined in (union(found), outcome(found)):
        assert union([joined, joined]) == joined
        assert outcome([joined]) == outcome([joined, joined])


@given(values)
def test_a_union_is_any_of_its_values_and_nothing_else(found: list[Value]) -> None:
    united = union(found)
    assert united == UNKNOWN or set(options(united)) == set(found)


@given(states, st.randoms())
def test_the_order_of_states_does_not_matter(paths: list[State], random: Random) -> None:
    mixed = [path.fork() for path in paths]
    random.shuffle(mixed)
    assert join(paths) == join(mixed)


@given(states)
def test_the_same_state_again_says_nothing_new(paths: list[State]) -> None:
    assert join([join(paths), join(paths)]) == join(paths)
    assert join([paths[0], paths[0].fork()]) == paths[0]


@given(states)
def test_a_join_claims_only_what_all_states_say(paths: list[State]) -> None:
    joined = join(paths)
    for condition, outcome_known in joined.known.items():
        assert all(path.known.get(condition) is outcome_known for path in paths)
    for name, value in joined.env.items():
        assert value == UNKNOWN or {*options(value)} >= {path.env.get(name) for path in paths}


@given(states, st.randoms())
def test_merging_keeps_the_same_paths_in_any_order(paths: list[State], random: Random) -> None:
    mixed = [path.fork() for path in paths]
    random.shuffle(mixed)
    one, other = merge([path.fork() for path in paths]), merge(mixed)
    assert len(one) == len(other)
    assert all(any(state == known for known in other) for state in one)
