from app.widgets import widgets
from fastapi.testclient import TestClient


def test_the_headline_names_the_site() -> None:
    widgets.state.headline = "Read Loop"  # as the lifespan of the application does
    with TestClient(widgets) as client:
        assert client.get("/headline").text == "<strong>Read Loop</strong>"
