"""What is noted with a result: all that was read for it, by it and by what it was made from."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import flake8_async_fastapi
from flake8_async_fastapi.analysis import analysis_of, open_analysis
from flake8_async_fastapi.engine.comparison import are_alike
from flake8_async_fastapi.engine.queries import Queries
from flake8_async_fastapi.engine.values import Closure, Collection, Const, Object
from flake8_async_fastapi.project.answers import Question
from flake8_async_fastapi.project.reads import UNRELIABLE, Reads
from flake8_async_fastapi.store.cache import Cache


def queries() -> Queries:
    return Queries(analysis_of({"main.py": "x = 1\n"}).project)


def asked(one: Queries) -> list[Question] | None:
    """What was read since the last time."""
    found = one.project.questions()
    one.project.reads = set()
    return None if found is None else sorted(found, key=str)


def test_who_takes_a_result_has_read_what_led_to_it() -> None:
    one = queries()

    def inner() -> bool:
        return one.project.has("a.py")

    def outer() -> bool:
        one.project.has("b.py")
        return one.query("inner", inner, default=False)

    for _ in range(2):
        assert one.query("outer", outer, default=True) is False
        assert asked(one) == [("exists", "a.py"), ("exists", "b.py")]
    one.query("inner", inner, default=False)
    assert asked(one) == [("exists", "a.py")]


def test_all_in_a_circle_have_read_what_one_of_them_has() -> None:
    one = queries()

    def first() -> int:
        one.project.has("a.py")
        return one.query("second", second, 0)

    def second() -> int:
        one.project.has("b.py")
        return min(1, one.query("first", first, 0) + 1)

    assert one.query("first", first, 0) == 1
    assert asked(one) == [("exists", "a.py"), ("exists", "b.py")]
    assert one.query("second", second, 0) == 1
    assert asked(one) == [("exists", "a.py"), ("exists", "b.py")]


def seen_by_nested(value: str, depth: int = 1) -> Closure:
    """What a nested function sees in a new run."""
    outer = seen_by_nested(value, depth - 1) if depth else None
    return Closure({"x": Const(value), "xs": Collection("list", items=(Const("a"),))}, outer, object())


def test_results_of_two_runs_are_alike() -> None:
    assert seen_by_nested("a") != seen_by_nested("a")
    assert are_alike((seen_by_nested("a"), Object("a.B")), (seen_by_nested("a"), Object("a.B")))
    assert not are_alike((seen_by_nested("a"), Object("a.B")), (seen_by_nested("a"), Object("a.C")))
    assert not are_alike(seen_by_nested("a"), seen_by_nested("b"))
    assert not are_alike(seen_by_nested("a", 2), seen_by_nested("a", 1))
    assert not are_alike((seen_by_nested("a"),), (seen_by_nested("a"), seen_by_nested("a")))
    assert not are_alike({"a": 1}, {"b": 1})


def test_a_result_that_holds_what_a_nested_function_sees_settles() -> None:
    one = queries()

    def keep() -> Closure | None:
        before = one.query("keep", keep, None)
        return seen_by_nested("a" if before is None else "b")

    found = one.query("keep", keep, None)
    assert found is not None
    assert found.env["x"] == Const("b")
    assert asked(one) == []


def test_a_result_that_never_settles_has_no_list_of_questions() -> None:
    one = queries()

    def count() -> int:
        return one.query("count", count, 0) + 1

    assert one.query("count", count, 0) == 0
    assert asked(one) == []  # nobody else can be asked first

    def up() -> int:
        return one.query("down", down, 0) + 1

    def down() -> int:
        return one.query("up", up, 0) + 1

    assert one.query("up", up, 0) == 0
    assert asked(one) is None
    one.query("user", lambda: one.query("up", up, 0), 0)
    assert asked(one) is None


def test_a_query_that_fails_was_read_too() -> None:
    one = queries()

    def fail() -> int:
        one.project.has("a.py")
        raise ValueError

    with pytest.raises(ValueError):
        one.query("fail", fail, 0)
    assert asked(one) == [("exists", "a.py")]


def test_a_fact_that_is_found_on_the_way_has_what_all_around_it_read() -> None:
    one = queries()

    def inner() -> None:
        one.project.has("b.py")
        one.keep_fact("fact")

    def outer() -> None:
        one.project.has("a.py")
        one.query("inner", inner, None)

    one.query("outer", outer, None)
    asked(one)
    assert one.is_kept("fact")
    assert asked(one) == [("exists", "a.py"), ("exists", "b.py")]


def test_results_share_what_they_rest_on() -> None:
    """A long chain of results, each of which reads one file more: what is noted grows with the chain only."""
    reads = Reads()
    number = -2
    for place in range(1_000):
        number = reads.bundle({number, -3 - place})
    assert len(reads.flatten([number])) == 1_001
    assert sum(map(len, reads.bundles)) == 2_000
    assert reads.flatten([reads.bundle({number, UNRELIABLE})])[-1] == UNRELIABLE


@pytest.mark.parametrize(
    "question",
    [
        ("code",), ("template",), ("binding", None), ("target", 1), ("who",), (1,),
        ("view", "a.py", "os.system", None),
    ],
)  # fmt: skip
def test_a_question_that_nobody_asks_has_no_fingerprint(question: Question) -> None:
    assert queries().project.fingerprint(question) == ""


def test_fingerprints_are_the_same_in_all_processes() -> None:
    program = (
        "from flake8_async_fastapi.analysis import analysis_of\n"
        "text = 'sqlalchemy[asyncio,postgresql,aiosqlite]==2.0'\n"
        "project = analysis_of({'main.py': 'import a, b, c', 'requirements.txt': text}).project\n"
        "for question in (('requirements', 'main.py'), ('imports of', 'main.py')):\n"
        "    print(project.fingerprint(question))\n"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True,
        ).stdout
        for seed in ("1", "2", "3", "4")
    }  # fmt: skip
    assert len(told) == 1 and len(told.pop().split()) == 2


def test_all_kinds_of_questions_have_fingerprints() -> None:
    blog = Path(flake8_async_fastapi.__file__).parent / "blog" / "pitfalls"
    analysis = open_analysis(blog, Cache(None))
    asked: set[Question] = set()
    for path in analysis.sources:
        analysis.events(path)
        asked.update(analysis.project.questions() or ())
    assert len(asked) > 500
    assert [question for question in asked if not analysis.project.fingerprint(question)] == []
