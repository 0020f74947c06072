"""Figures that change while somebody looks."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from threading import Thread

from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from sqlalchemy import func, select

from app.database import SessionLocal
from app.models import Post

router = APIRouter(prefix="/api/ticker", tags=["ticker"])
logger = logging.getLogger(__name__)
running: set[asyncio.Task[None]] = set()


async def count_posts() -> int:
    async with SessionLocal() as session:
        return await session.scalar(select(func.count(Post.id))) or 0


@router.get("/posts")
async def posts_in_total() -> int:
    return await count_posts()


async def log_posts() -> None:
    async with SessionLocal() as session:
        logger.info("%s posts", await session.scalar(select(func.count(Post.id))))


@router.post("/log", status_code=202)
async def log_now() -> None:
    task = asyncio.create_task(log_posts())
    running.add(task)
    task.add_done_callback(running.discard)


async def watch(pause: float = 60.0) -> None:
    """Log how many posts there are, again and again."""
    while True:
        try:
            await log_posts()
            await asyncio.sleep(pause)
        except asyncio.CancelledError:
            logger.warning("nobody watches any more")
            raise


def spell(text: str, queue: asyncio.Queue[str | None], loop: asyncio.AbstractEventLoop) -> None:
    """Put the words of a text into a queue, slowly."""
    for word in text.split():
        time.sleep(0.05)
        loop.call_soon_threadsafe(queue.put_nowait, f"{word}\n")
    loop.call_soon_threadsafe(queue.put_nowait, None)


@router.get("/words.txt")
async def words(text: str) -> StreamingResponse:
    queue: asyncio.Queue[str | None] = asyncio.Queue()
    Thread(target=spell, args=(text, queue, asyncio.get_running_loop()), daemon=True).start()

    async def stream() -> AsyncIterator[str]:
        while (word := await queue.get()) is not None:
            yield word

    return StreamingResponse(stream(), media_type="text/plain")
