"""Fixtures of the proofs: sessions on a small database in memory.  Needs the libraries themselves."""

from __future__ import annotations

import importlib.util
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

NEEDED = ("aiosqlite", "anyio", "fastapi", "greenlet", "httpx", "pydantic", "sqlalchemy", "sqlmodel")
if any(importlib.util.find_spec(library) is None for library in NEEDED):
    collect_ignore_glob = ["test_[!d]*.py"]  # the test of the document needs nothing


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def session() -> AsyncIterator[AsyncSession]:
    """A session that keeps what it loaded when it commits."""
    from behaviour_models import database

    async with database() as factory, factory() as session:
        yield session


@pytest.fixture
async def expiring() -> AsyncIterator[AsyncSession]:
    """A session that expires its objects when it commits, as it does unless told otherwise."""
    from behaviour_models import database

    async with database(expire_on_commit=True) as factory, factory() as session:
        yield session


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A lazy load that fails leaves a coroutine of the driver behind."""
    ignored = pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
    for item in items:
        if item.path.parent.name == "behaviour":
            item.add_marker(ignored)
