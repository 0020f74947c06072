import pytest
from app.maintenance import compare_archive

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_the_archive_has_posts() -> None:
    assert await compare_archive.compare() == [3, 3]


async def test_the_archive_has_them_still() -> None:
    assert await compare_archive.compare() == [3, 3]  # AFA703
