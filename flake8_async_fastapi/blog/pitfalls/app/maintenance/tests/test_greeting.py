from app.intake import app, remember_reader
from fastapi.testclient import TestClient

client = TestClient(app)


def test_a_letter_greets_its_reader() -> None:
    app.dependency_overrides[remember_reader] = lambda: None  # AFA706
    assert client.get("/greeting").text == '"Dear somebody"'


def test_a_reader_has_a_name() -> None:
    assert client.get("/greeting").status_code == 422
