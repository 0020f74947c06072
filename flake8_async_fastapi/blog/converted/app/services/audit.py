"""The log of who did what, in a transaction of its own."""

import logging

from app.database import SessionLocal
from app.models import AuditEntry, Comment

logger = logging.getLogger(__name__)


async def record(action: str) -> None:
    # A session for each entry: requests that run at the same time never share one.
    async with SessionLocal() as session:
        session.add(AuditEntry(action=action))
        await session.commit()


async def log_comment(comment_id: int) -> None:
    """Runs after the response, when the session of the request is no more."""
    async with SessionLocal() as session:
        comment = await session.get_one(Comment, comment_id)
        logger.info("comment %s on post %s", comment.id, comment.post_id)
