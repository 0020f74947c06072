"""The log of who did what, in a transaction of its own."""

import logging

from app.database import SessionLocal
from app.models import AuditEntry, Comment

logger = logging.getLogger(__name__)


def record(action: str) -> None:
    with SessionLocal() as session:
        session.add(AuditEntry(action=action))
        session.commit()


def log_comment(comment_id: int) -> None:
    """Runs after the response, when the session of the request is no more."""
    with SessionLocal() as session:
        comment = session.get_one(Comment, comment_id)
        logger.info("comment %s on post %s", comment.id, comment.post_id)
