"""A successor has what the tables say of the library whose names it took over."""

from __future__ import annotations

import inspect

import pytest
from library_names import load

from flake8_async_fastapi import knowledge
from flake8_async_fastapi.knowledge import successors

# niquests is not installed: it would replace urllib3, which the other libraries need.
NAMES = sorted(name for name in successors.ALIASES if name.startswith("httpx2."))


@pytest.mark.parametrize("name", NAMES)
def test_names_mean_the_same(name: str) -> None:
    real = load(name)
    known = knowledge.library_type(name)
    if known is None:
        function = knowledge.function(name)
        assert function is not None and inspect.iscoroutinefunction(real) == (function.kind == "async")
        return
    assert known.members
    for member, said in known.members.items():
        if said.kind != "property":  # some are set by the constructor
            assert inspect.iscoroutinefunction(getattr(real, member)) == (said.kind == "async"), member


@pytest.mark.parametrize("name", sorted({**successors.TYPES, **successors.FUNCTIONS, **successors.ALIASES}))
def test_each_name_leads_to_a_table(name: str) -> None:
    assert knowledge.library_type(name) is not None or knowledge.function(name) is not None or (
        knowledge.canonical(name).startswith("requests.")
    )
