import pytest
from app.security import create_token, read_token


@pytest.fixture
def token() -> str:
    return create_token(1)


def test_a_token_names_its_user(token: str) -> None:
    assert read_token(token) == 1


def test_nonsense_names_nobody() -> None:
    assert read_token("nonsense") is None
