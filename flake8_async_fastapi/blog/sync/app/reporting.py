"""Figures from the reporting database, which may be a replica."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter, Depends
from sqlalchemy import create_engine, func, select
from sqlalchemy.orm import Session, sessionmaker

from app.config import get_settings
from app.models import Comment, Post, Tag, User

router = APIRouter(prefix="/api/reports", tags=["reports"])

report_engine = create_engine(get_settings().reports_database_url)
ReportSession = sessionmaker(report_engine)


def get_report_session() -> Iterator[Session]:
    with ReportSession() as session:
        yield session


ReportSessionDep = Annotated[Session, Depends(get_report_session)]


@router.get("/posts-by-author")
def posts_by_author(session: ReportSessionDep) -> dict[str, int]:
    statement = select(User.username, func.count(Post.id)).join(User.posts).group_by(User.username)
    return {name: count for name, count in session.execute(statement)}


@router.get("/comments")
def comments_in_total(session: ReportSessionDep) -> int:
    return session.scalar(select(func.count(Comment.id))) or 0


@router.get("/tags")
def tags_in_total(session: ReportSessionDep) -> int:
    return session.scalar(select(func.count(Tag.id))) or 0
