"""Routes that are switched on with BLOG_BETA_API=1."""

from collections.abc import AsyncIterator, Sequence

import httpx
from fastapi import APIRouter, Depends, HTTPException, status
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from app.database import SessionLocal, get_beta_db, session_scope
from app.dependencies import SessionDep
from app.models import PageView, Post, Tag
from app.plugins.reactions import REACTIONS, Reaction
from app.schemas import PostSummary

router = APIRouter(prefix="/api/beta", tags=["beta"])


@router.get("/drafts", response_model=list[PostSummary])
async def drafts(session: SessionDep) -> Sequence[Post]:
    statement = select(Post).where(~Post.published).options(selectinload(Post.tags))
    statement = statement.options(selectinload("author"))  # AFA311
    return (await session.scalars(statement)).all()


@router.get("/latest")
async def latest(session: AsyncSession = Depends(session_scope)) -> str | None:  # AFA412
    return await session.scalar(select(Post.title).order_by(Post.id.desc()).limit(1))


checker = httpx.AsyncClient(timeout=1.0)


@router.get("/reachable")
async def reachable(url: str) -> bool:
    try:
        async with checker:  # AFA514
            response = await checker.head(url)
    except httpx.HTTPError:
        return False
    return response.is_success


@router.get("/reactions")
async def reactions() -> list[str]:
    return [Reaction(kind=kind).kind for kind in REACTIONS]


async def count_views() -> int:
    async with SessionLocal() as session:
        return await session.scalar(select(func.count(PageView.id))) or 0


@router.get("/summary")
async def summary(session: SessionDep) -> dict[str, int]:
    posts = await session.scalar(select(func.count(Post.id))) or 0
    return {"posts": posts, "views": await count_views()}  # AFA508


@router.post("/tags/{name}", status_code=status.HTTP_201_CREATED)
async def create_tag(name: str, session: AsyncSession = Depends(get_beta_db)) -> str:
    session.add(Tag(name=name))
    return name


@router.get("/tags/{name}")
async def read_tag(name: str, session: AsyncSession = Depends(get_beta_db)) -> int:
    found = await session.scalar(select(Tag.id).where(Tag.name == name))
    if found is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such tag")
    return found


async def known_tag(name: str) -> AsyncIterator[Tag]:
    async with SessionLocal() as session:
        found = await session.scalar(select(Tag).where(Tag.name == name))
        if found is None:
            raise HTTPException(status.HTTP_404_NOT_FOUND, "no such tag")
        yield found


@router.put("/tags/{name}")
async def rename_tag(name: str, new: str, session: SessionDep) -> str:
    tag = await session.scalar(select(Tag).where(Tag.name == name))
    if tag is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such tag")
    tag.name = new
    await session.refresh(tag)  # AFA316
    await session.commit()
    return tag.name


@router.get("/tags/{name}/posts")
async def count_posts(name: str, session: SessionDep) -> int:
    try:
        tag = await session.scalar(select(Tag).where(Tag.name == name).options(selectinload(Tag.posts)))
        if tag is None:
            raise HTTPException(status.HTTP_404_NOT_FOUND, "no such tag")
        return len(tag.posts)
    except Exception as error:  # AFA423
        raise HTTPException(status.HTTP_500_INTERNAL_SERVER_ERROR, "cannot count the posts") from error


@router.put("/tags/{name}/other-names")
async def add_other_name(name: str, new: str, session: SessionDep) -> list[str]:
    tag = await session.scalar(select(Tag).where(Tag.name == name))
    if tag is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such tag")
    tag.other_names.append(new)  # AFA317
    await session.commit()
    return tag.other_names


@router.delete("/tags/{name}", status_code=status.HTTP_204_NO_CONTENT)
async def delete_tag(session: SessionDep, tag: Tag = Depends(known_tag)) -> None:
    await session.delete(tag)  # AFA513
    await session.commit()


async def note_view(path: str) -> None:
    async with SessionLocal() as session:
        session.add(PageView(path=path))  # AFA511


@router.post("/views", status_code=status.HTTP_201_CREATED)
async def add_view(path: str) -> None:
    await note_view(path)
