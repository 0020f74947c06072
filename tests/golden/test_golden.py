"""The findings and events of many programs are those that are recorded.

Those of most cases are compared in `test_cases.py`, which has analysed them already.
Where they are meant to change: `python -m tests.golden --update`, and say in the commit
which programs have other findings, and why.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from enum import Enum
from operator import attrgetter
from zlib import crc32

import pytest
from msgspec import Struct

from flake8_async_fastapi.engine.comparison import ComparedBy
from flake8_async_fastapi.engine.values import NONE, Closure
from flake8_async_fastapi.facts import tree
from golden.digests import (
    DATA,
    HOW,
    TESTS,
    Report,
    compare,
    differences,
    keys_of_all,
    keys_of_one_case,
    render,
    report_all,
)

SHARES = 6


def test_every_program_is_recorded_and_no_other() -> None:
    recorded = [line.split("\t")[0] for line in DATA.read_text(encoding="utf-8").splitlines()]
    assert Counter(recorded) == Counter(keys_of_all())


@pytest.mark.parametrize("share", range(SHARES))
def test_findings_and_events_are_as_recorded(share: int) -> None:
    """In several tests, which several processes can run."""
    others = keys_of_one_case()
    reports = report_all(lambda key: key not in others and crc32(key.encode()) % SHARES == share)
    assert "\n".join(differences(reports)) == "", HOW


def test_the_data_are_sorted_and_no_program_failed() -> None:
    lines = DATA.read_text(encoding="utf-8").splitlines()
    assert lines == sorted(lines)
    assert [line for line in lines if line.endswith("\tfailed")] == []


@pytest.mark.parametrize("seed", ["1", "2"])
def test_the_order_of_hashes_does_not_matter(seed: str) -> None:
    code = "import sys; sys.path.insert(0, sys.argv[1])\nfrom golden.digests import *\n" + (
        "print(*lines_of(report_all('blog pitfalls/'.__eq__)), sep='\\n')"
    )
    command = [sys.executable, "-c", code, str(TESTS)]
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    recorded = DATA.read_text(encoding="utf-8").splitlines()
    assert done.stdout.splitlines() == [line for line in recorded if line.startswith("blog pitfalls/")]


# What a digest sees


class Colour(Enum):
    RED = "red"


class Thing(Struct, frozen=True):
    name: str
    parts: tuple[object, ...] = ()


class Renamed(ComparedBy, Struct, frozen=True, eq=False):
    title: str
    inner: tuple[object, ...] = ()
    aside: str = ""

    compared = attrgetter("title", "inner")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (Thing("a"), Renamed("a"), True),
        (Renamed("a", aside="b"), Renamed("a", aside="c"), True),
        (Thing("a"), Thing("b"), False),
        (Thing("a", (1,)), Thing("a", (2,)), False),
        (Thing("a", (1,)), Thing("a", ("1",)), False),
        (Thing("a", (1, 2)), Thing("a", (2, 1)), False),
        (Thing("a", (None,)), Thing("a"), False),
        (Thing("a", (True,)), Thing("a", (False,)), False),
        (Thing("a", ("b",)), Thing("a", (Thing("b"),)), False),
        (frozenset({"a", "b"}), frozenset({"b", "a"}), True),
        (frozenset({"a"}), frozenset({"b"}), False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ({"a": 1}, {"a": 2}, False),
        (Colour.RED, "red", True),
        (Thing("a", (tree.Name(1, 2, "x"),)), Thing("a", (tree.Name(3, 4, "y"),)), True),
        (Thing("a", (Closure({"x": NONE}),)), Thing("a", (Closure({"y": NONE}),)), True),
    ],
)
def test_what_a_digest_sees(one: object, other: object, same: bool) -> None:
    assert (render(one) == render(other)) is same


def test_what_has_no_words_is_an_error() -> None:
    with pytest.raises(TypeError, match="no words"):
        render(object())


def line(key: str, findings: str = "f", event: str = "e") -> str:
    return Report(key, (findings,), (event,)).line()


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        ([line("a"), line("b")], [line("b"), line("a")], []),
        ([line("a")], [line("a", "other")], ["a: other findings"]),
        ([line("a")], [line("a", "f", "other")], ["a: other events"]),
        ([line("a")], [line("a", "g", "h")], ["a: other findings and events"]),
        ([line("a")], [line("b")], ["a: is gone", "b: is new"]),
        ([line("a"), line("a", "g")], [line("a", "g"), line("a")], []),
        ([line("a"), line("a", "g")], [line("a")], ["a: other findings and events"]),
        ([line("a")], [Report("a", (), ()).line()], ["a: other findings and events"]),
        ([line("a")], [Report("a", ("failed",), ("failed",)).line()], ["a: other findings and events"]),
    ],
)
def test_what_differs(before: list[str], now: list[str], told: list[str]) -> None:
    assert compare(before, now) == told
