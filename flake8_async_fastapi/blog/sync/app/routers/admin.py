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
def read_statistics() -> Statistics:
    return statistics.collect()


@router.get("/headline")
def read_headline(session: SessionDep) -> str:
    return statistics.headline(session)


@router.post("/users/{username}/block")
def block(username: str) -> dict[str, str | bool]:
    blocked = moderation.block_user(username)
    if blocked is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such user")
    return blocked


@router.post("/users/{username}/hide-comments")
def hide_comments(username: str) -> dict[str, int]:
    return {"hidden": moderation.hide_comments(username)}


@router.get("/last-comment")
def last_comment() -> str:
    return moderation.last_comment()


@router.delete("/audit-log", status_code=status.HTTP_204_NO_CONTENT)
def forget_audit_log() -> None:
    moderation.forget_audit_log()


@router.post("/tidy-tags")
def tidy_tags(session: SessionDep) -> dict[str, int]:
    removed = remove_unused_tags(session)
    session.commit()
    return {"removed": removed}


def remove_unused_tags(session: Session) -> int:
    unused = [tag for tag in session.scalars(select(Tag)) if not tag.posts]
    for tag in unused:
        session.delete(tag)
    return len(unused)


@router.post("/tables", status_code=status.HTTP_204_NO_CONTENT)
def create_missing_tables() -> None:
    Base.metadata.create_all(engine)


@router.get("/views")
def list_views(session: SessionDep) -> list[str]:
    return [view.path for view in session.scalars(select(PageView).order_by(PageView.id))]


@router.post("/posts/{post_id}/hand-over/{username}")
def hand_over(post_id: int, username: str, session: SessionDep) -> dict[str, str]:
    user = session.scalar(select(User).where(User.username == username))
    if user is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such user")
    session.execute(update(Post).where(Post.id == post_id).values(author_id=user.id))
    session.commit()
    return {"author": user.username}


@router.get("/comments/export")
def export_comments(session: SessionDep) -> list[str]:
    return [comment.text for comment in session.query(Comment).order_by(Comment.id)]


@router.get("/comments/longest")
def longest_comment(session: SessionDep) -> str | None:
    comments = session.scalars(select(Comment))
    return max((comment.text for comment in comments), key=len, default=None)
