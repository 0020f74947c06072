from collections.abc import AsyncIterator

import pytest
from app.maintenance import compare_archive

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
async def dispose() -> AsyncIterator[None]:
    """The connections of a test belong to its loop."""
    yield
    await compare_archive.archive_engine.dispose()


async def test_the_archive_has_posts() -> None:
    assert await compare_archive.compare() == [3, 3]


async def test_the_archive_has_them_still() -> None:
    assert await compare_archive.compare() == [3, 3]
