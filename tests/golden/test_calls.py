"""A lint of the blog makes as many Python calls as are recorded, but for one in a hundred.

More calls are a cost that has to be worth it, and fewer are recorded, so that they stay
away: `python -m tests.golden --update-calls`.
"""

from __future__ import annotations

import json

import pytest

from golden.calls import DATA, judge, measure, versions


def test_no_more_calls_than_recorded() -> None:
    recorded = json.loads(DATA.read_text(encoding="utf-8"))
    if recorded["versions"] != versions():
        pytest.skip(f"recorded with {recorded['versions']}, not {versions()}")
    told = judge(recorded["calls"], measure())
    assert told == "", "see `python -m tests.golden --calls`"


@pytest.mark.parametrize(
    ("now", "told"),
    [
        ({"a": 600, "b": 400}, ""),
        ({"a": 610, "b": 400}, ""),
        ({"a": 590, "b": 400}, ""),
        ({"b": 600, "c": 400}, ""),
        ({"a": 611, "b": 400}, "1011 calls, 1.1% more than the 1000 that are recorded\na: 600 -> 611"),
        ({"a": 600, "b": 300}, "900 calls, 10.0% fewer than the 1000 that are recorded\nb: 400 -> 300"),
        (
            {"a": 600, "c": 500},
            "1100 calls, 10.0% more than the 1000 that are recorded\nb: 400 -> 0\nc: 0 -> 500",
        ),
    ],
)
def test_what_is_too_many_or_too_few(now: dict[str, int], told: str) -> None:
    assert judge({"a": 600, "b": 400}, now) == told
