"""Routes that are switched on with BLOG_BETA_API=1."""

from collections.abc import Sequence

import httpx
from fastapi import APIRouter, Depends, HTTPException, status
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from app.database import SessionLocal
from app.dependencies import HttpClientDep, SessionDep
from app.models import PageView, Post, Tag
from app.plugins.reactions import REACTIONS, Reaction
from app.schemas import PostSummary

router = APIRouter(prefix="/api/beta", tags=["beta"])


@router.get("/drafts", response_model=list[PostSummary])
async def drafts(session: SessionDep) -> Sequence[Post]:
    statement = select(Post).where(~Post.published).options(selectinload(Post.tags))
    statement = statement.options(selectinload(Post.author))
    return (await session.scalars(statement)).all()


@router.get("/latest")
async def latest(session: SessionDep) -> str | None:
    return await session.scalar(select(Post.title).order_by(Post.id.desc()).limit(1))


@router.get("/reachable")
async def reachable(url: str, client: HttpClientDep) -> bool:
    try:
        response = await client.head(url)
    except httpx.HTTPError:
        return False
    return response.is_success


@router.get("/reactions")
async def reactions() -> list[str]:
    return [Reaction(kind=kind).kind for kind in REACTIONS]


async def count_views(session: AsyncSession) -> int:
    return await session.scalar(select(func.count(PageView.id))) or 0


@router.get("/summary")
async def summary(session: SessionDep) -> dict[str, int]:
    posts = await session.scalar(select(func.count(Post.id))) or 0
    return {"posts": posts, "views": await count_views(session)}


@router.post("/tags/{name}", status_code=status.HTTP_201_CREATED)
async def create_tag(name: str, session: SessionDep) -> str:
    session.add(Tag(name=name))
    # Whoever gets an answer can rely on it: what may fail comes before.
    try:
        await session.commit()
    except IntegrityError:
        await session.rollback()
        raise HTTPException(status.HTTP_409_CONFLICT, "there is such a tag") from None
    return name


@router.get("/tags/{name}")
async def read_tag(name: str, session: SessionDep) -> int:
    found = await session.scalar(select(Tag.id).where(Tag.name == name))
    if found is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such tag")
    return found


async def known_tag(name: str, session: SessionDep) -> Tag:
    found = await session.scalar(select(Tag).where(Tag.name == name))
    if found is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such tag")
    return found


@router.put("/tags/{name}")
async def rename_tag(name: str, new: str, session: SessionDep) -> str:
    tag = await session.scalar(select(Tag).where(Tag.name == name))
    if tag is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such tag")
    tag.name = new
    await session.commit()
    await session.refresh(tag)
    return tag.name


@router.get("/tags/{name}/posts")
async def count_posts(name: str, session: SessionDep) -> int:
    tag = await session.scalar(select(Tag).where(Tag.name == name).options(selectinload(Tag.posts)))
    if tag is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such tag")
    return len(tag.posts)


@router.put("/tags/{name}/other-names")
async def add_other_name(name: str, new: str, session: SessionDep) -> list[str]:
    tag = await session.scalar(select(Tag).where(Tag.name == name))
    if tag is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such tag")
    tag.other_names = [*tag.other_names, new]
    await session.commit()
    return tag.other_names


@router.delete("/tags/{name}", status_code=status.HTTP_204_NO_CONTENT)
async def delete_tag(session: SessionDep, tag: Tag = Depends(known_tag)) -> None:
    await session.delete(tag)
    await session.commit()


async def note_view(path: str) -> None:
    async with SessionLocal.begin() as session:
        session.add(PageView(path=path))


@router.post("/views", status_code=status.HTTP_201_CREATED)
async def add_view(path: str) -> None:
    await note_view(path)
