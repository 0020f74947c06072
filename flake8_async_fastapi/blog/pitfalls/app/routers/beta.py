"""Routes that are switched on with BLOG_BETA_API=1."""

from collections.abc import Sequence

from fastapi import APIRouter, Depends
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from app.database import session_scope
from app.dependencies import SessionDep
from app.models import Post
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


@router.get("/reactions")
async def reactions() -> list[str]:
    return [Reaction(kind=kind).kind for kind in REACTIONS]
