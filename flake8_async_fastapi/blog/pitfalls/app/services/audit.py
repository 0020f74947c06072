"""The log of who did what."""

import logging

from sqlalchemy.ext.asyncio import AsyncSession

from app.database import SessionLocal
from app.models import AuditEntry, Comment

logger = logging.getLogger(__name__)
audit_session = SessionLocal()  # AFA503


async def record(action: str) -> None:
    audit_session.add(AuditEntry(action=action))
    await audit_session.commit()


async def log_comment(session: AsyncSession, comment_id: int) -> None:
    comment = await session.get_one(Comment, comment_id)
    logger.info("comment %s on post %s", comment.id, comment.post_id)
