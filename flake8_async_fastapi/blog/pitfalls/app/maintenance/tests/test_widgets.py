from app.widgets import widgets
from fastapi.testclient import TestClient

client = TestClient(widgets)  # AFA704


def test_the_headline_names_the_site() -> None:
    assert client.get("/headline").text == "<strong>Read Loop</strong>"
