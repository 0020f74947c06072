"""Routes that are switched on with BLOG_BETA_API=1."""

from collections.abc import Sequence

import httpx
from fastapi import APIRouter, Depends, HTTPException, status
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.database import SessionLocal
from app.dependencies import HttpClientDep, SessionDep
from app.models import PageView, Post, Tag
from app.plugins.reactions import REACTIONS, Reaction
from app.schemas import PostSummary

router = APIRouter(prefix="/api/beta", tags=["beta"])


@router.get("/drafts", response_model=list[PostSummary])
def drafts(session: SessionDep) -> Sequence[Post]:
    return session.query(Post).filter(~Post.published).all()


@router.get("/latest")
def latest(session: SessionDep) -> str | None:
    return session.scalar(select(Post.title).order_by(Post.id.desc()).limit(1))


@router.get("/reachable")
def reachable(url: str, client: HttpClientDep) -> bool:
    try:
        response = client.head(url)
    except httpx.HTTPError:
        return False
    return response.is_success


@router.get("/reactions")
def reactions() -> list[str]:
    return [Reaction(kind=kind).kind for kind in REACTIONS]


def count_views(session: Session) -> int:
    return session.scalar(select(func.count(PageView.id))) or 0


@router.get("/summary")
def summary(session: SessionDep) -> dict[str, int]:
    posts = session.scalar(select(func.count(Post.id))) or 0
    return {"posts": posts, "views": count_views(session)}


@router.post("/tags/{name}", status_code=status.HTTP_201_CREATED)
def create_tag(name: str, session: SessionDep) -> str:
    session.add(Tag(name=name))
    try:
        session.commit()
    except IntegrityError:
        session.rollback()
        raise HTTPException(status.HTTP_409_CONFLICT, "there is such a tag") from None
    return name


@router.get("/tags/{name}")
def read_tag(name: str, session: SessionDep) -> int:
    found = session.scalar(select(Tag.id).where(Tag.name == name))
    if found is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such tag")
    return found


def known_tag(name: str, session: SessionDep) -> Tag:
    found = session.scalar(select(Tag).where(Tag.name == name))
    if found is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such tag")
    return found


@router.put("/tags/{name}")
def rename_tag(name: str, new: str, session: SessionDep) -> str:
    tag = session.scalar(select(Tag).where(Tag.name == name))
    if tag is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such tag")
    tag.name = new
    session.commit()
    session.refresh(tag)
    return tag.name


@router.get("/tags/{name}/posts")
def count_posts(name: str, session: SessionDep) -> int:
    tag = session.scalar(select(Tag).where(Tag.name == name))
    if tag is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such tag")
    return len(tag.posts)


@router.put("/tags/{name}/other-names")
def add_other_name(name: str, new: str, session: SessionDep) -> list[str]:
    tag = session.scalar(select(Tag).where(Tag.name == name))
    if tag is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such tag")
    tag.other_names = [*tag.other_names, new]
    session.commit()
    return tag.other_names


@router.delete("/tags/{name}", status_code=status.HTTP_204_NO_CONTENT)
def delete_tag(session: SessionDep, tag: Tag = Depends(known_tag)) -> None:
    session.delete(tag)
    session.commit()


def note_view(path: str) -> None:
    with SessionLocal.begin() as session:
        session.add(PageView(path=path))


@router.post("/views", status_code=status.HTTP_201_CREATED)
def add_view(path: str) -> None:
    note_view(path)
