"""Tells another site about a new post."""

import time

import httpx
import requests
from sqlalchemy.ext.asyncio import AsyncSession

from app.config import get_settings
from app.models import Post


async def deliver(url: str, payload: dict[str, object]) -> bool:
    """Post the payload, with a pause before each new attempt."""
    settings = get_settings()
    for attempt in range(settings.webhook_attempts):
        if attempt:
            time.sleep(settings.webhook_pause)  # AFA203
        try:
            response = requests.post(url, json=payload, timeout=30)  # AFA201
        except requests.ConnectionError:
            continue
        if response.ok:
            return True
    return False


async def announce(session: AsyncSession, client: httpx.AsyncClient, url: str, post: Post) -> None:
    response = await client.post(url, json={"id": post.id, "title": post.title})
    if response.is_success:
        post.announced = True
        await session.commit()
