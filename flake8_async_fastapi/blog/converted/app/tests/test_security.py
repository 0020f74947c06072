import pytest
from app.security import create_token, read_token

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def token() -> str:
    return create_token(1)


async def test_a_token_names_its_user(token: str) -> None:
    assert read_token(token) == 1


async def test_nonsense_names_nobody() -> None:
    assert read_token("nonsense") is None
