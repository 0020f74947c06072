import asyncio

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import Base
from app.models import Comment, Post, User
from app.repositories.posts import PostRepository
from app.schemas import Statistics


async def count_rows(session: AsyncSession, model: type[Base]) -> int:
    return await session.scalar(select(func.count()).select_from(model)) or 0


async def collect(session: AsyncSession) -> Statistics:
    counts = [count_rows(session, model) for model in (User, Post, Comment)]
    users, posts, comments = await asyncio.gather(*counts)  # AFA501
    return Statistics(users=users, posts=posts, comments=comments)


async def headline(session: AsyncSession) -> str:
    repository = PostRepository(session)
    return f"{repository.count_drafts()} drafts are waiting"  # AFA105


async def commenters(session: AsyncSession) -> list[str]:
    names = []
    for comment in (await session.scalars(select(Comment).order_by(Comment.id))).all():
        author = await session.get_one(User, comment.author_id)  # AFA315
        names.append(author.username)
    return names
