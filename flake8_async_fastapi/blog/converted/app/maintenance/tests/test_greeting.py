from collections.abc import Iterator

import pytest
from app.intake import app, remember_reader
from fastapi.testclient import TestClient

client = TestClient(app)


@pytest.fixture
def nobody() -> Iterator[None]:
    app.dependency_overrides[remember_reader] = lambda: None
    yield
    app.dependency_overrides.clear()


def test_a_letter_greets_its_reader(nobody: None) -> None:
    assert client.get("/greeting").text == '"Dear somebody"'


def test_a_reader_has_a_name() -> None:
    assert client.get("/greeting").status_code == 422
