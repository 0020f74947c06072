"""Ask the application for its front page, without a server."""

from fastapi.testclient import TestClient

from app.main import app


def main() -> int:
    with TestClient(app) as client:
        response = client.get("/")
    return response.status_code


if __name__ == "__main__":
    print(main())
