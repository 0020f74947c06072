from sqlalchemy import delete, select, update
from sqlalchemy.orm import selectinload

from app.database import SessionLocal
from app.models import AuditEntry, Comment, User


async def block_user(username: str) -> User | None:
    # begin() on the factory: commits at the end of the block, or rolls back.
    async with SessionLocal.begin() as session:
        user = await session.scalar(select(User).where(User.username == username))
        if user is not None:
            user.blocked = True
    return user


async def hide_comments(username: str) -> int:
    async with SessionLocal.begin() as session:
        author_id = await session.scalar(select(User.id).where(User.username == username))
        result = await session.execute(
            update(Comment)
            .where(Comment.author_id == author_id)
            .values(text="[removed]")
            .returning(Comment.id)
        )
        return len(result.all())


async def last_comment() -> str:
    async with SessionLocal() as session:
        statement = select(Comment).order_by(Comment.id.desc()).limit(1).options(selectinload(Comment.author))
        comment = await session.scalar(statement)
    if comment is None:
        return "no comments yet"
    return f"{comment.author.username}: {comment.text}"


async def forget_audit_log() -> None:
    async with SessionLocal() as session:
        await session.execute(delete(AuditEntry))
        await session.commit()
