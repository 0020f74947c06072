"""Attributes that hang on each other take few statements."""

from __future__ import annotations

import pytest

from flake8_async_fastapi.analysis import all_hooks, analysis_of
from flake8_async_fastapi.engine import queries
from flake8_async_fastapi.engine.entry import analyse
from flake8_async_fastapi.engine.events import AttributeRead, Event
from flake8_async_fastapi.engine.frame import Context


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
