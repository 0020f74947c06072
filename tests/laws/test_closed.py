"""What several paths agree on of closed clients: the laws of a join."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from flake8_async_fastapi.domains.session_scope import DOMAIN
from flake8_async_fastapi.domains.session_scope.closed import Closed
from flake8_async_fastapi.engine.places import Place

PLACES = st.sampled_from([Place("<client>", 0, 0), Place("app/http.py", 4, 8), Place("app/http.py", 9, 8)])
parts = st.builds(Closed, st.frozensets(PLACES))


def test_nothing_goes_along_into_a_callee() -> None:
    """What a callee closes is an effect: it begins with nothing, and its caller applies what it did."""
    assert Closed not in DOMAIN.parts


@given(st.lists(parts, min_size=1, max_size=4))
def test_only_what_all_paths_have_closed_is_closed(paths: list[Closed]) -> None:
    """The order of the paths decides nothing, and a path that is there twice counts once."""
    joined = paths[0].join(paths[1:])
    assert joined.places == frozenset.intersection(*(path.places for path in paths))
    assert joined == paths[-1].join([*reversed(paths), joined])
