"""Figures and moderation, for moderators."""

from fastapi import APIRouter, Depends, HTTPException, status
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from app.database import Base, engine, get_admin_db, get_statistics_db, get_sync_db
from app.dependencies import SessionDep, require_moderator
from app.models import Comment, PageView, Post, Tag, User
from app.schemas import Statistics
from app.services import moderation, statistics

router = APIRouter(prefix="/api/admin", tags=["admin"], dependencies=[Depends(require_moderator)])


@router.get("/statistics")
async def read_statistics(session: AsyncSession = Depends(get_admin_db)) -> Statistics:
    return await statistics.collect(session)


@router.get("/headline")
async def read_headline(session: SessionDep) -> str:
    return await statistics.headline(session)


@router.post("/users/{username}/block")
async def block(username: str, session: AsyncSession = Depends(get_admin_db)) -> dict[str, str | bool]:
    user = await moderation.block_user(session, username)
    if user is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such user")
    return {"username": user.username, "blocked": user.blocked}  # AFA305


@router.post("/users/{username}/hide-comments")
async def hide_comments(username: str, session: AsyncSession = Depends(get_admin_db)) -> dict[str, int]:
    return {"hidden": await moderation.hide_comments(session, username)}


@router.get("/last-comment")
async def last_comment() -> str:
    return await moderation.last_comment()


@router.delete("/audit-log", status_code=status.HTTP_204_NO_CONTENT)
async def forget_audit_log() -> None:
    await moderation.forget_audit_log()


@router.post("/tidy-tags")
async def tidy_tags(session: SessionDep) -> dict[str, int]:
    removed = await session.run_sync(remove_unused_tags)  # AFA108
    await session.commit()
    return {"removed": removed}


async def remove_unused_tags(session: AsyncSession) -> int:
    unused = (await session.scalars(select(Tag.id).where(~Tag.posts.any()))).all()
    await session.execute(delete(Tag).where(Tag.id.in_(unused)))
    return len(unused)


@router.post("/tables", status_code=status.HTTP_204_NO_CONTENT)
async def create_missing_tables() -> None:
    Base.metadata.create_all(engine)  # AFA403


@router.get("/views")
async def list_views(session: AsyncSession = Depends(get_statistics_db)) -> list[str]:
    return [view.path for view in await session.scalars(select(PageView).order_by(PageView.id))]


@router.post("/posts/{post_id}/hand-over/{username}")
async def hand_over(post_id: int, username: str, db: Session = Depends(get_sync_db)) -> dict[str, str]:
    user = db.scalar(select(User).where(User.username == username))  # AFA202
    if user is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such user")
    db.execute(update(Post).where(Post.id == post_id).values(author_id=user.id))  # AFA202
    db.commit()  # AFA202
    return {"author": username}


@router.get("/comments/export")
async def export_comments(session: SessionDep) -> list[str]:
    result = await session.stream_scalars(select(Comment).order_by(Comment.id))
    return [comment.text for comment in result]  # AFA104


@router.get("/comments/longest")
async def longest_comment(session: SessionDep) -> str | None:
    comments = session.query(Comment).all()  # AFA106
    return max((comment.text for comment in comments), key=len, default=None)
