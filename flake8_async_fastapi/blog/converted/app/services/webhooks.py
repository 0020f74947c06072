"""Tells another site about a new post."""

import asyncio

import httpx
from sqlalchemy import update

from app.config import get_settings
from app.database import SessionLocal
from app.models import Post

# The loop keeps only weak references to tasks.
_running: set[asyncio.Task[None]] = set()


async def deliver(client: httpx.AsyncClient, url: str, payload: dict[str, object]) -> bool:
    """Post the payload, with a pause before each new attempt."""
    settings = get_settings()
    for attempt in range(settings.webhook_attempts):
        if attempt:
            await asyncio.sleep(settings.webhook_pause)
        try:
            response = await client.post(url, json=payload)
        except httpx.TransportError:
            continue
        if response.is_success:
            return True
    return False


async def announce(client: httpx.AsyncClient, url: str, post_id: int) -> None:
    """Runs after the response, so it works on sessions of its own, and on none while it waits."""
    async with SessionLocal() as session:
        post = await session.get_one(Post, post_id)
    if await deliver(client, url, {"id": post.id, "title": post.title}):
        async with SessionLocal() as session:
            await session.execute(update(Post).where(Post.id == post_id).values(announced=True))
            await session.commit()


def announce_later(client: httpx.AsyncClient, url: str, post_id: int) -> None:
    task = asyncio.create_task(announce(client, url, post_id))
    _running.add(task)
    task.add_done_callback(_running.discard)


async def finish_announcements() -> None:
    """Let the deliveries under way end, for an orderly shutdown."""
    await asyncio.gather(*_running, return_exceptions=True)
