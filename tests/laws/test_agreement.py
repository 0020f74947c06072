"""What several options agree on does not depend on their order, and is never more than each of them did."""

from __future__ import annotations

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from flake8_async_fastapi.domains.blocking.effects import ThreadWork, is_blocking
from flake8_async_fastapi.domains.blocking.events import Effect
from flake8_async_fastapi.engine.places import Spot
from flake8_async_fastapi.knowledge.blocking import CONFIGURED

EFFECTS = [
    Effect(kind, label, Spot("main.py", line), chain, is_brief=is_brief)
    for kind, label in (
        (CONFIGURED["AFA201"], "requests.get"),
        (CONFIGURED["AFA203"], "time.sleep"),
        ("event-loop", "asyncio.run"),
    )
    for chain in ((), ("load",))
    for is_brief in (False, True)
    for line in (1, 2)
]
works = st.lists(st.sampled_from(EFFECTS), max_size=3, unique=True).map(
    lambda effects: ThreadWork(dict.fromkeys(effects))
)


@given(works, st.lists(works, min_size=2, max_size=3))
def test_the_order_of_options_says_nothing(before: ThreadWork, more: list[ThreadWork]) -> None:
    options = [ThreadWork({**before.effects, **one.effects}) for one in more]
    found = {frozenset(before.agree(order).effects) for order in permutations(options)}
    assert len(found) == 1


@given(works, st.lists(works, min_size=2, max_size=3))
def test_nothing_is_new_that_one_option_does_not_do(before: ThreadWork, more: list[ThreadWork]) -> None:
    options = [ThreadWork({**before.effects, **one.effects}) for one in more]
    new = set(before.agree(options).effects) - set(before.effects)
    for blocks in (True, False):
        if any(is_blocking(effect) is blocks for effect in new):
            assert all(
                any(is_blocking(effect) is blocks for effect in set(option.effects) - set(before.effects))
                for option in options
            )
