"""Tells another site about a new post."""

import time

import httpx

from app.config import get_settings
from app.database import SessionLocal
from app.models import Post


def deliver(client: httpx.Client, url: str, payload: dict[str, object]) -> bool:
    """Post the payload, with a pause before each new attempt."""
    settings = get_settings()
    for attempt in range(settings.webhook_attempts):
        if attempt:
            time.sleep(settings.webhook_pause)
        try:
            response = client.post(url, json=payload)
        except httpx.TransportError:
            continue
        if response.is_success:
            return True
    return False


def announce(client: httpx.Client, url: str, post_id: int) -> None:
    """Runs after the response, on a session of its own."""
    with SessionLocal() as session:
        post = session.get_one(Post, post_id)
        if deliver(client, url, {"id": post.id, "title": post.title}):
            post.announced = True
            session.commit()
