"""Figures and moderation, for moderators."""

from fastapi import APIRouter, Depends, HTTPException, status
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.database import Base, engine
from app.dependencies import SessionDep, require_moderator
from app.models import Comment, PageView, Post, Tag, User
from app.schemas import Statistics
from app.services import moderation, statistics

router = APIRouter(prefix="/api/admin", tags=["admin"], dependencies=[Depends(require_moderator)])


@router.get("/statistics")
async def read_statistics() -> Statistics:
    return await statistics.collect()


@router.get("/headline")
async def read_headline(session: SessionDep) -> str:
    return await statistics.headline(session)


@router.post("/users/{username}/block")
async def block(username: str) -> dict[str, str | bool]:
    user = await moderation.block_user(username)
    if user is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such user")
    return {"username": user.username, "blocked": user.blocked}


@router.post("/users/{username}/hide-comments")
async def hide_comments(username: str) -> dict[str, int]:
    return {"hidden": await moderation.hide_comments(username)}


@router.get("/last-comment")
async def last_comment() -> str:
    return await moderation.last_comment()


@router.delete("/audit-log", status_code=status.HTTP_204_NO_CONTENT)
async def forget_audit_log() -> None:
    await moderation.forget_audit_log()


@router.post("/tidy-tags")
async def tidy_tags(session: SessionDep) -> dict[str, int]:
    removed = await session.run_sync(remove_unused_tags)
    await session.commit()
    return {"removed": removed}


def remove_unused_tags(session: Session) -> int:
    """Synchronous code, run by run_sync(): here lazy loading works."""
    unused = [tag for tag in session.scalars(select(Tag)) if not tag.posts]
    for tag in unused:
        session.delete(tag)
    return len(unused)


@router.post("/tables", status_code=status.HTTP_204_NO_CONTENT)
async def create_missing_tables() -> None:
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)


@router.get("/views")
async def list_views(session: SessionDep) -> list[str]:
    return [view.path for view in await session.scalars(select(PageView).order_by(PageView.id))]


@router.post("/posts/{post_id}/hand-over/{username}")
async def hand_over(post_id: int, username: str, session: SessionDep) -> dict[str, str]:
    user = await session.scalar(select(User).where(User.username == username))
    if user is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such user")
    await session.execute(update(Post).where(Post.id == post_id).values(author_id=user.id))
    await session.commit()
    return {"author": user.username}


@router.get("/comments/export")
async def export_comments(session: SessionDep) -> list[str]:
    result = await session.stream_scalars(select(Comment).order_by(Comment.id))
    return [comment.text async for comment in result]


@router.get("/comments/longest")
async def longest_comment(session: SessionDep) -> str | None:
    comments = await session.scalars(select(Comment))
    return max((comment.text for comment in comments), key=len, default=None)
