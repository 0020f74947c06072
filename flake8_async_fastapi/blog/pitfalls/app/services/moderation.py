from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import SessionLocal, get_db
from app.models import AuditEntry, Comment, User


async def block_user(session: AsyncSession, username: str) -> User | None:
    user = await session.scalar(select(User).where(User.username == username))
    if user is not None:
        user.blocked = True
        await session.commit()
    return user


async def hide_comments(session: AsyncSession, username: str) -> int:
    author_id = await session.scalar(select(User.id).where(User.username == username))
    async with session.begin():  # AFA505
        result = await session.execute(
            update(Comment)
            .where(Comment.author_id == author_id)
            .values(text="[removed]")
            .returning(Comment.id)
        )
        return len(result.all())


async def last_comment() -> str:
    async with SessionLocal() as session:
        comment = await session.scalar(select(Comment).order_by(Comment.id.desc()).limit(1))
    if comment is None:
        return "no comments yet"
    return f"{comment.author.username}: {comment.text}"  # AFA310


async def forget_audit_log() -> None:
    async for session in get_db():
        await session.execute(delete(AuditEntry))
        session.commit()  # AFA101
