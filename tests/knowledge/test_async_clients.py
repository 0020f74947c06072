"""The table of async clients: its methods are coroutine functions, where the library is here."""

from __future__ import annotations

import importlib.util
import inspect

import pytest
from library_names import load

from flake8_async_fastapi import knowledge
from flake8_async_fastapi.knowledge import async_clients
from flake8_async_fastapi.knowledge.blocking_index import blocking_member
from flake8_async_fastapi.knowledge.table import read_type

TYPES = {name: read_type(name, text) for name, text in async_clients.TYPES.items()}
HERE = sorted(name for name in TYPES if name.partition(".")[0] in ("aiosqlite", "playwright"))


@pytest.mark.parametrize("name", HERE)
def test_methods_are_what_the_table_says(name: str) -> None:
    if importlib.util.find_spec(name.partition(".")[0]) is None:
        pytest.skip("not installed")
    methods = [inspect.unwrap(getattr(load(name), each)) for each in TYPES[name].members]
    kinds = [member.kind for member in TYPES[name].members.values()]
    assert [inspect.iscoroutinefunction(method) for method in methods] == [kind == "async" for kind in kinds]


def test_no_coroutine_function_blocks() -> None:
    found = [
        (name, each)
        for name, known in TYPES.items()
        for each, member in known.members.items()
        if member.kind.startswith("async") and blocking_member(name, each) is not None
    ]
    assert found == []


def test_members_that_are_not_listed() -> None:
    client = "aiobotocore.client.AioBaseClient"
    for name, kind in {"put_object": "async", "get_paginator": "def", "meta": "property"}.items():
        found = knowledge.member(client, name)
        assert found is not None
        assert found.kind == kind
    assert knowledge.member(client, "_endpoint") is None
    assert knowledge.member("openai.AsyncOpenAI", "models.list") is None
