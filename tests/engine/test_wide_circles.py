"""Attributes that hang on each other, and values that grow: both end after few statements."""

from __future__ import annotations

from itertools import islice

import pytest

from flake8_async_fastapi.analysis import all_hooks, analysis_of
from flake8_async_fastapi.engine import queries
from flake8_async_fastapi.engine.entry import analyse
from flake8_async_fastapi.engine.events import AttributeRead, Event
from flake8_async_fastapi.engine.frame import Context
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.values import UNKNOWN, ClassValue, Collection, Coroutine, Instance, Value
from flake8_async_fastapi.engine.walks import MOST_PARTS, inner_values, limit_parts
from flake8_async_fastapi.facts.tree import ClassDef


def steps_of(text: str, monkeypatch: pytest.MonkeyPatch) -> tuple[list[int], list[Event]]:
    """The statements that are run for each function of a program, and the events."""
    run, steps = Context.run, []

    def counted(ctx, work):  # type: ignore[no-untyped-def]
        run(ctx, work)
        steps.append(ctx.steps)

    monkeypatch.setattr(Context, "run", counted)
    return steps, analyse(analysis_of({"main.py": text}).project, "main.py", hooks=all_hooks())


def circle_of(attributes: int) -> str:
    """A class whose methods assign each attribute by way of a method that reads all others."""
    lines = [
        "from sqlalchemy.ext.asyncio import AsyncSession", "class Circle:", "    session: AsyncSession",
        "    def __init__(self, session):", "        self.session = session",
    ]  # fmt: skip
    for one in range(attributes):
        lines += [f"    def make_{one}(self, given):"]
        lines += [
            f"        if self.a{other}.use(self.session):\n            self.make_{other}(self.a{other})"
            for other in range(attributes)
            if other != one
        ]
        lines += ["        return self.session.sync_session", f"    def set_{one}(self):"]
        lines += [f"        self.a{one} = self.make_{one}(self.a{(one + 1) % attributes})"]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("attributes", [7, 12, 20])
def test_no_function_uses_up_its_budget_in_a_circle_of_attributes(
    attributes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps, events = steps_of(circle_of(attributes), monkeypatch)
    assert max(steps) < queries.MOST_STEPS
    reads = [event for event in events if isinstance(event, AttributeRead)]
    assert len(reads) == attributes  # what is declared is known all the same


LISTS = "class Lists:\n" + "".join(
    f"    def set_{one}(self):\n        self.{one} = [{', '.join(f'self.{x}' for x in 'abcde' if x != one)}]"
    "\n"
    for one in "abcde"
)
TWICE = "def twice(x):\n    return [x, x]\nclass Pair:\n    def __init__(self, x):\n        self.both = x\n"


@pytest.mark.parametrize(
    "text",
    [
        LISTS,
        TWICE + "x = []\n" + "x = [x, x]\n" * 11,
        TWICE + "x = [1]\n" + "x = twice(x)\n" * 11,
        TWICE + "x = 1\n" + "x = Pair([x, x])\n" * 11,
        TWICE + "x = 1\n" + "x = {'a': x, 'b': x}\n" * 11,
    ],
)
def test_no_value_has_very_many_parts(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    most, bind = [0], State.bind

    def counted(state: State, path: str, value: Value) -> None:
        bind(state, path, value)
        most.append(sum(1 for _ in islice(inner_values(state.get(path) or UNKNOWN), 2_000)))

    monkeypatch.setattr(State, "bind", counted)
    steps_of(text, monkeypatch)
    assert 10 < max(most) <= MOST_PARTS


def test_of_a_value_with_too_many_parts_the_type_is_kept() -> None:
    value = Collection("list", items=(UNKNOWN,) * (MOST_PARTS - 1))
    assert limit_parts(value) is value
    assert limit_parts(Collection("tuple", items=(value, value))) == Collection("tuple")
    node = ClassDef(1, 0, "C", "C", parameters=[], bases=[], keywords=[], decorators=[], body=[])
    cls = ClassValue("main.py", node, ("main.py", 1))
    assert limit_parts(Instance(cls, (("a", value),), exact=True)) == Instance(cls, None, exact=True)
    owed = Coroutine("call", "other", Place("main.py", 1, 0))
    assert limit_parts(held := Collection("list", items=(owed, value))) is held
