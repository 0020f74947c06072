"""Figures from the reporting database, which may be a replica."""

import asyncio
from collections.abc import AsyncIterator, Iterator

from fastapi import APIRouter, Depends
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session, sessionmaker

from app.config import get_settings
from app.models import Comment, Post, Tag, User

router = APIRouter(prefix="/api/reports", tags=["reports"])

report_engine = create_async_engine(get_settings().reports_database_url)
ReportSession = sessionmaker(report_engine)  # AFA405
TagSession = sessionmaker(report_engine, class_=AsyncSession, expire_on_commit=False)  # AFA405


def get_report_session() -> Iterator[Session]:
    with ReportSession() as session:
        yield session


async def get_comment_session() -> AsyncIterator[AsyncSession]:
    comment_engine = create_async_engine(get_settings().reports_database_url)  # AFA409
    async with AsyncSession(comment_engine, expire_on_commit=False) as session:
        yield session


async def get_tag_session() -> AsyncIterator[AsyncSession]:
    async with TagSession() as session:
        yield session


@router.get("/posts-by-author")
def posts_by_author(session: Session = Depends(get_report_session)) -> dict[str, int]:
    statement = select(User.username, func.count(Post.id)).join(User.posts).group_by(User.username)
    return {name: count for name, count in session.execute(statement)}


@router.get("/comments")
async def comments_in_total(session: AsyncSession = Depends(get_comment_session)) -> int:
    return await session.scalar(select(func.count(Comment.id))) or 0


async def count_tags(session: AsyncSession) -> int:
    return await session.scalar(select(func.count(Tag.id))) or 0


@router.get("/tags")
async def tags_in_total(session: AsyncSession = Depends(get_tag_session)) -> int:
    return asyncio.get_event_loop().run_until_complete(count_tags(session))  # AFA107
