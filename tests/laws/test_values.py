"""What several paths agree on of values and of whole states: the laws of a join."""

from __future__ import annotations

from itertools import permutations
from random import Random

from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec.structs import replace

from flake8_async_fastapi.domains.orm.objects.heap import Instances
from flake8_async_fastapi.domains.orm.objects.instances import InstanceState, NotLoaded
from flake8_async_fastapi.domains.orm.statements.queries import SessionSettings, Transition
from flake8_async_fastapi.engine.joins import join_bindings, join_returns, union
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.state import State, _join_values, join_states, limit_disjuncts
from flake8_async_fastapi.engine.values import (
    NONE,
    UNKNOWN,
    ClassValue,
    Collection,
    Const,
    Coroutine,
    Function,
    Instance,
    Library,
    Object,
    OneOf,
    Plain,
    Value,
    alternatives,
)
from flake8_async_fastapi.facts import tree


def instance(name: str) -> Instance:
    return Instance(ClassValue("a.py", tree.ClassDef(1, 0, name, name, [], [], [], [], []), (name, 1)))


def function(line: int, *, is_async: bool = False) -> Function:
    """A function at module level, as a branch may define it."""
    node = tree.FunctionDef(line, 0, "pause", "pause", is_async, False, False, [], None, [], [])
    return Function("a.py", node, ("a.py", line, 0))


def tracked(line: int) -> Instance:
    """An instance whose state a domain tracks."""
    return replace(instance("A"), location=("a.py", line, 0))


PLAIN_FUNCTIONS = [function(line) for line in range(1, 7)]
ASYNC_FUNCTIONS = [function(8, is_async=True), function(9, is_async=True)]
VALUES = [
    UNKNOWN, NONE, Const(True), Plain("int"), Plain("str"), Library("os.getcwd"), instance("A"),
    instance("B"),
    Object("x.Session"), Object("x.Session", (("bind", Plain("str")),)), Object("x.Engine"),
    Collection("list", instance("A")), Collection("list", items=()), tracked(1), tracked(2),
    *PLAIN_FUNCTIONS, *ASYNC_FUNCTIONS,
]  # fmt: skip
SESSION = ("a.py", 5, 0)
values = st.lists(st.sampled_from(VALUES), min_size=1, max_size=5)
kinds = st.sampled_from(sorted({type(value).__name__ for value in VALUES}))
"""Types of values: those of a name are seldom mixed."""


def of_kind(kind: str) -> st.SearchStrategy[list[Value]]:
    kept = [value for value in VALUES if type(value).__name__ == kind or value == NONE]
    return st.lists(st.sampled_from(kept), min_size=1, max_size=5)


kin = kinds.flatmap(lambda kind: st.tuples(of_kind(kind), of_kind(kind)))
names = st.sampled_from(["a", "b"])
refs = st.sampled_from([tracked(1).location, tracked(2).location])
rows = st.builds(
    InstanceState,
    cls=st.just(tracked(1).cls),
    phase=st.sampled_from(["persistent", "detached"]),
    session=st.just(SESSION),
    path=st.just("a.py"),
    line=st.just(1),
    default=st.sampled_from(["plan", "perhaps", NotLoaded("commit", "a.py", 3)]),
    may_be_loaded=st.booleans(),
)
histories = st.sampled_from([(), (Transition(SESSION, "commit", SessionSettings(True)),)])
states = st.lists(
    st.builds(
        State,
        st.dictionaries(names, st.sampled_from(VALUES)),
        st.dictionaries(names.map("{}.x".format), st.sampled_from(VALUES)),
        st.dictionaries(names, st.booleans()),
        st.builds(Instances, st.dictionaries(refs, rows), histories).map(lambda part: {Instances: part}),
    ),
    min_size=1,
    max_size=9,
)


@given(values, st.randoms())
def test_the_order_of_values_does_not_matter(found: list[Value], random: Random) -> None:
    mixed = list(found)
    random.shuffle(mixed)
    assert union(found) == union(mixed)
    assert join_bindings(found) == join_bindings(mixed)
    assert join_returns(found) == join_returns(mixed)


@given(values, values)
def test_values_may_be_united_step_by_step(some: list[Value], more: list[Value]) -> None:
    assert union([union(some), union(more)]) == union([*some, *more])


@given(values, values)
def test_values_of_a_variable_may_be_joined_step_by_step(some: list[Value], more: list[Value]) -> None:
    assert _join_values([_join_values(some), _join_values(more)]) == _join_values([*some, *more])


@given(st.one_of(st.tuples(values, values), kin))
def test_values_of_a_name_may_be_joined_step_by_step(parts: tuple[list[Value], list[Value]]) -> None:
    some, more = parts
    assume({*some} != {NONE} and {*more} != {NONE})  # see the next test
    assert join_bindings([join_bindings(some), join_bindings(more)]) == join_bindings([*some, *more])


def test_a_name_that_is_only_none_is_unknown_but_none_besides_others_is_left_out() -> None:
    """So all values of a name are joined at once: a part that is only None would make the whole unknown."""
    assert join_bindings([NONE]) == join_bindings([NONE, NONE]) == UNKNOWN
    assert join_bindings([NONE, instance("A")]) == instance("A")
    assert join_bindings([join_bindings([NONE]), instance("A")]) == UNKNOWN


@given(st.lists(st.sampled_from(PLAIN_FUNCTIONS), min_size=1), st.sampled_from(ASYNC_FUNCTIONS))
def test_a_name_of_several_functions_is_any_of_them(found: list[Value], other: Value) -> None:
    assert join_bindings(found) == join_returns(found) == union(found)
    assert join_bindings([*found, other]) == UNKNOWN


@given(values)
def test_the_same_value_again_says_nothing_new(found: list[Value]) -> None:
    for joined in (union(found), join_returns(found)):
        assert union([joined, joined]) == joined
        assert join_returns([joined]) == join_returns([joined, joined])


@given(values)
def test_a_union_is_any_of_its_values_and_nothing_else(found: list[Value]) -> None:
    united = union(found)
    assert united == UNKNOWN or set(alternatives(united)) == set(found)


@given(states, st.randoms())
def test_the_order_of_states_does_not_matter(paths: list[State], random: Random) -> None:
    mixed = [path.fork() for path in paths]
    random.shuffle(mixed)
    assert join_states(paths) == join_states(mixed)


@given(states, states)
def test_states_may_be_joined_step_by_step(some: list[State], more: list[State]) -> None:
    assert join_states([join_states(some), join_states(more)]) == join_states([*some, *more])


@given(states)
def test_the_same_state_again_says_nothing_new(paths: list[State]) -> None:
    assert join_states([join_states(paths), join_states(paths)]) == join_states(paths)
    assert join_states([paths[0], paths[0].fork()]) == paths[0]


@given(states)
def test_a_join_claims_only_what_all_states_say(paths: list[State]) -> None:
    joined = join_states(paths)
    for condition, outcome_known in joined.known.items():
        assert all(path.known.get(condition) is outcome_known for path in paths)
    for name, value in joined.env.items():
        assert value == UNKNOWN or {*alternatives(value)} >= {path.env.get(name) for path in paths}


@given(states, st.randoms())
def test_merging_keeps_the_same_paths_in_any_order(paths: list[State], random: Random) -> None:
    mixed = [path.fork() for path in paths]
    random.shuffle(mixed)
    one, other = limit_disjuncts([path.fork() for path in paths]), limit_disjuncts(mixed)
    assert len(one) == len(other)
    assert all(any(state == known for known in other) for state in one)


@given(st.permutations([False, False, True]))
def test_what_may_be_of_a_doubtful_type_is_doubtful(doubtful: list[bool]) -> None:
    found = [
        Object("T", origin=Place("a.py", line, 0), has_doubtful_type=one) for line, one in enumerate(doubtful)
    ]
    joined = join_bindings(found)
    assert isinstance(joined, Object) and joined.has_doubtful_type


data = st.sampled_from(
    [
        UNKNOWN,
        NONE,
        Plain("int"),
        Plain("str"),
        Const("a"),
        Collection("list", items=()),
        Collection("list", items=(Plain("int"),)),
        Collection("list", Plain("str")),
        Collection("tuple", items=(NONE,)),
    ]
)
paths_of_data = st.lists(
    st.builds(State, st.dictionaries(st.sampled_from(["a", "b"]), data, max_size=2)), max_size=6
)


@given(paths_of_data, st.randoms())
def test_paths_that_differ_in_data_merge_in_any_order(paths: list[State], random: Random) -> None:
    mixed = [path.fork() for path in paths]
    random.shuffle(mixed)
    one, other = limit_disjuncts([path.fork() for path in paths]), limit_disjuncts(mixed)
    assert len(one) == len(other)
    assert all(any(state == known for known in other) for state in one)


def test_lists_of_several_types_merge_in_any_order() -> None:
    empty, filled = Collection("list", items=()), Collection("list", items=(Plain("int"),))
    paths = [{}, *({"a": one} for one in (empty, filled, Collection("list", Plain("str"))))]
    for order in permutations(paths):
        assert len(limit_disjuncts([State(dict(env)) for env in order])) == 2


def test_paths_that_differ_in_one_variable_with_data_are_one() -> None:
    empty, filled = Collection("list", items=()), Collection("list", items=(Plain("int"),))
    (both,) = limit_disjuncts([State({"a": empty, "b": NONE}), State({"a": filled, "b": NONE})])
    assert both.env == {"a": Collection("list", Plain("int")), "b": NONE}
    apart = [State({"a": empty, "b": NONE}), State({"a": filled, "b": Plain("int")})]
    assert limit_disjuncts(apart) == apart
    (either,) = limit_disjuncts([State({"a": NONE}), State({"a": Plain("int")})])
    assert set(alternatives(either.env["a"])) == {NONE, Plain("int")}
    texts = [State({"a": Const("sqlite://")}), State({"a": Const("sqlite+aiosqlite://")})]
    assert limit_disjuncts(texts) == texts


def test_values_with_the_same_content_do_not_differ() -> None:
    """``Struct`` would compare identities by ``!=``: a type that says what is equal says what differs."""
    alike = [
        (instance("A").cls, instance("A").cls),
        (function(1), function(1)),
        (OneOf((NONE, Plain("int"))), OneOf((Plain("int"), NONE))),
        (Coroutine("f()", "other", Place("a.py", 1, 0)), Coroutine("f()", "other", Place("a.py", 1, 0))),
    ]
    for one, other in alike:
        assert one == other and not one != other  # noqa: SIM202
    for one, other in zip(alike, alike[1:], strict=False):
        assert one[0] != other[0] and not one[0] == other[0]  # noqa: SIM201
