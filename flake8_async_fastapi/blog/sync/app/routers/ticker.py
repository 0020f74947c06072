"""Figures that change while somebody looks."""

import logging
import time
from collections.abc import Iterator

from fastapi import APIRouter, BackgroundTasks
from fastapi.responses import StreamingResponse
from sqlalchemy import func

from app.database import SessionLocal
from app.models import Post

router = APIRouter(prefix="/api/ticker", tags=["ticker"])
logger = logging.getLogger(__name__)


def count_posts() -> int:
    with SessionLocal() as session:
        return session.query(func.count(Post.id)).scalar()


@router.get("/posts")
def posts_in_total() -> int:
    return count_posts()


def log_posts() -> None:
    with SessionLocal() as session:
        logger.info("%s posts", session.query(Post).count())


@router.post("/log", status_code=202)
def log_now(background: BackgroundTasks) -> None:
    background.add_task(log_posts)


def spell(text: str) -> Iterator[str]:
    """The words of a text, slowly."""
    for word in text.split():
        time.sleep(0.05)
        yield f"{word}\n"


@router.get("/words.txt")
def words(text: str) -> StreamingResponse:
    return StreamingResponse(spell(text), media_type="text/plain")
