import asyncio

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from app.database import Base, SessionLocal
from app.models import Comment, Post, User
from app.repositories.posts import PostRepository
from app.schemas import Statistics


async def count_rows(model: type[Base]) -> int:
    async with SessionLocal() as session:
        return await session.scalar(select(func.count()).select_from(model)) or 0


async def collect() -> Statistics:
    # Each task has a session of its own: a session is not for concurrent use.
    users, posts, comments = await asyncio.gather(count_rows(User), count_rows(Post), count_rows(Comment))
    return Statistics(users=users, posts=posts, comments=comments)


async def headline(session: AsyncSession) -> str:
    repository = PostRepository(session)
    return f"{await repository.count_drafts()} drafts are waiting"


async def commenters(session: AsyncSession) -> list[str]:
    query = select(Comment).options(selectinload(Comment.author)).order_by(Comment.id)
    return [comment.author.username for comment in await session.scalars(query)]
