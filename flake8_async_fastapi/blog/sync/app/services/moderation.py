from sqlalchemy import delete, select, update

from app.database import SessionLocal
from app.models import AuditEntry, Comment, User


def block_user(username: str) -> dict[str, str | bool] | None:
    with SessionLocal.begin() as session:
        user = session.query(User).filter_by(username=username).first()
        if user is None:
            return None
        user.blocked = True
        return {"username": user.username, "blocked": user.blocked}


def hide_comments(username: str) -> int:
    with SessionLocal.begin() as session:
        author_id = session.scalar(select(User.id).where(User.username == username))
        result = session.execute(
            update(Comment)
            .where(Comment.author_id == author_id)
            .values(text="[removed]")
            .returning(Comment.id)
        )
        return len(result.all())


def last_comment() -> str:
    with SessionLocal() as session:
        comment = session.scalar(select(Comment).order_by(Comment.id.desc()).limit(1))
        if comment is None:
            return "no comments yet"
        return f"{comment.author.username}: {comment.text}"


def forget_audit_log() -> None:
    with SessionLocal() as session:
        session.execute(delete(AuditEntry))
        session.commit()
