"""Names of objects and sessions at calls: the way in and back again."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from laws.test_instances import POST, USER, rows

from flake8_async_fastapi.analysis import all_hooks
from flake8_async_fastapi.domains.orm.objects.instances import Held, Instances, Row, in_order
from flake8_async_fastapi.domains.orm.objects.renaming import footprint, row_outward, transition_outward
from flake8_async_fastapi.domains.orm.statements.queries import Fetch, Query, Settings, Transition
from flake8_async_fastapi.engine.frame import Context
from flake8_async_fastapi.engine.renaming import ARGUMENT, Names, Outward, carries, inward, naming, root
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.values import (
    NONE,
    UNKNOWN,
    Collection,
    Instance,
    Object,
    Options,
    Plain,
    Ref,
    Value,
)
from flake8_async_fastapi.engine.walks import inner_values
from flake8_async_fastapi.project.project import link

CTX = Context(link({}), hooks=all_hooks())
SESSION = "sqlalchemy.ext.asyncio.AsyncSession"
PLACES = [("a.py", line, 0) for line in (1, 2, 3)]
REFS: list[Ref] = [("made", "a.py", 7, 0, 0), ("a.py", 8, 4, 0), (("a.py", 8, 4, 0), "author")]

sessions = st.sampled_from(PLACES).map(lambda place: Object(SESSION, origin=place, detail=Settings(True)))
fetches = st.sampled_from(PLACES).map(
    lambda place: Object("sqlalchemy.engine.Result", detail=Fetch(Query((None,)), place, ("a.py", 5)))
)
objects = st.builds(Instance, cls=st.sampled_from([POST, USER]), ref=st.sampled_from([*REFS, None]))
leaves = st.one_of(st.sampled_from([NONE, UNKNOWN, Plain("int")]), sessions, fetches, objects)


def _hold(inner: st.SearchStrategy[Value]) -> st.SearchStrategy[Value]:
    items = st.lists(inner, max_size=3).map(lambda found: Collection("list", items=tuple(found)))
    pairs = st.lists(inner, min_size=2, max_size=2, unique=True).map(lambda found: Options(tuple(found)))
    return st.one_of(items, inner.map(lambda item: Collection("set", item)), pairs)


values = st.recursive(leaves, _hold, max_leaves=6).filter(lambda value: not _is_mixed(value))
heaps = st.fixed_dictionaries(dict.fromkeys(REFS, rows))


def _is_mixed(value: Value) -> bool:
    """Options that hold options or nothing known are no value that the engine makes."""
    return any(
        isinstance(option, (Options, type(UNKNOWN)))
        for inner in inner_values(value)
        if isinstance(inner, Options)
        for option in inner.values
    )


def _inside(known: dict[Ref, Row], given_values: list[Value]) -> tuple[Names, dict[Ref, Row]]:
    state = State()
    state.put(Instances(dict(known)))
    names = naming(CTX, given_values)
    return names, dict(footprint(state, names, given_values))


@given(heaps, st.lists(values, min_size=1, max_size=3))
def test_there_and_back_is_the_same(known: dict[Ref, Row], passed: list[Value]) -> None:
    names, _ = _inside(known, passed)
    out = Outward(names, ("a.py", 9, 0))
    assert [out.value(inward(names, value)) for value in passed] == passed


@given(heaps, st.lists(values, min_size=1, max_size=3))
def test_inside_nothing_tells_the_caller(known: dict[Ref, Row], passed: list[Value]) -> None:
    names, inside = _inside(known, passed)
    renamed = [inner for value in passed for inner in inner_values(inward(names, value))]
    refs = [inner.ref for inner in renamed if isinstance(inner, Instance) and inner.ref is not None]
    assert all(root(ref)[0] == ARGUMENT for ref in (*refs, *inside))
    origins = {inner.origin for inner in renamed if isinstance(inner, Object) and inner.type == SESSION}
    assert origins <= names.originals.keys()
    assert all(not row.path and row.identity is None for row in inside.values())


@given(heaps, st.lists(values, min_size=1, max_size=3), st.integers(10, 20))
def test_two_callers_who_know_the_same_share_a_summary(
    known: dict[Ref, Row], passed: list[Value], line: int
) -> None:
    def moved(ref: Ref) -> Ref:
        return (moved(ref[0]), *ref[1:]) if isinstance(ref[0], tuple) else ("made", "b.py", line, *ref)

    def elsewhere(value: Value) -> Value:
        match value:
            case Instance(ref=ref) if ref is not None:
                return replace(value, ref=moved(ref))
            case Collection(items=tuple(items)):
                return replace(value, items=tuple(map(elsewhere, items)))
            case Collection(item=item):
                return replace(value, item=elsewhere(item))
            case Options(values=options):
                return Options(tuple(map(elsewhere, options)))
        return value

    there = {moved(ref): row for ref, row in known.items()}
    _, one = _inside(known, passed)
    _, other = _inside(there, [elsewhere(value) for value in passed])
    assert in_order(one) == in_order(other)


@given(heaps)
def test_an_object_that_nothing_happened_to_is_as_before(known: dict[Ref, Row]) -> None:
    passed: list[Value] = [Instance(POST, ref=ref) for ref in REFS]
    session = Object(SESSION, origin=PLACES[0], detail=Settings(True))
    names, inside = _inside(known, [*passed, session])
    out = Outward(names, ("a.py", 9, 0))
    assert {out.ref(ref) for ref in inside} == known.keys()
    for ref, row in inside.items():
        before = known[out.ref(ref)]
        assert row_outward(out, row, before) == before


@given(sessions, st.sampled_from(REFS), st.sampled_from(["commit", "close", "anything"]))
def test_what_happens_to_a_session_inside_happens_to_that_of_the_caller(
    session: Object, ref: Ref, what: str
) -> None:
    names = naming(CTX, [session])
    names.add(ref)
    inside = Transition(names.key(session.origin), what, Settings(True), of=names.ref(ref))
    assert inside.session != session.origin
    found = transition_outward(Outward(names, ("a.py", 9, 0)), inside)
    assert found == Transition(session.origin, what, Settings(True), of=ref)


@given(values)
def test_what_carries_nothing_is_the_same_inside(value: Value) -> None:
    if not carries(CTX, value):
        assert inward(naming(CTX, [value]), value) == value
    held = [inner for inner in inner_values(value) if isinstance(inner, (Instance, Object))]
    assert carries(CTX, value) is any(isinstance(one, Object) or one.ref is not None for one in held)


def test_what_an_object_leads_to_goes_along() -> None:
    ref, other = REFS[0], REFS[1]
    author = ("author", Held(Instance(USER, ref=other)))
    post = Row(POST, "persistent", PLACES[0], "a.py", 7, fields=(author,))
    user = Row(USER, "persistent", PLACES[0], "a.py", 8)
    names, inside = _inside({ref: post, other: user}, [Instance(POST, ref=ref)])
    assert set(inside) == {(ARGUMENT, 0), (ARGUMENT, 1)}
    held = inside[(ARGUMENT, 0)].field("author")
    assert isinstance(held, Held) and held.value == Instance(USER, ref=(ARGUMENT, 1))
    assert Outward(names, ("a.py", 9, 0)).value(held.value) == Instance(USER, ref=other)
