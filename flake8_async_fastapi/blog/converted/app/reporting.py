"""Figures from the reporting database, which may be a replica."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from app.config import get_settings
from app.models import Comment, Post, Tag, User

router = APIRouter(prefix="/api/reports", tags=["reports"])

report_engine = create_async_engine(get_settings().reports_database_url)
ReportSession = async_sessionmaker(report_engine, expire_on_commit=False)


async def get_report_session() -> AsyncIterator[AsyncSession]:
    async with ReportSession() as session:
        yield session


ReportSessionDep = Annotated[AsyncSession, Depends(get_report_session)]


@router.get("/posts-by-author")
async def posts_by_author(session: ReportSessionDep) -> dict[str, int]:
    statement = select(User.username, func.count(Post.id)).join(User.posts).group_by(User.username)
    return {name: count for name, count in await session.execute(statement)}


@router.get("/comments")
async def comments_in_total(session: ReportSessionDep) -> int:
    return await session.scalar(select(func.count(Comment.id))) or 0


@router.get("/tags")
async def tags_in_total(session: ReportSessionDep) -> int:
    return await session.scalar(select(func.count(Tag.id))) or 0
