"""Experiments, switched on with BLOG_LABS_API=1."""

from fastapi import APIRouter, Depends
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import get_db
from app.models import Post

router = APIRouter(prefix="/api/labs", tags=["labs"])


@router.get("/word-count")
async def word_count(session: AsyncSession = Depends(get_db())) -> int:  # AFA412
    bodies = await session.scalars(select(Post.body).where(Post.published))
    return sum(len(body.split()) for body in bodies)
