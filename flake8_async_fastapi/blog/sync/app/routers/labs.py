"""Experiments, switched on with BLOG_LABS_API=1."""

from fastapi import APIRouter
from sqlalchemy import select

from app.dependencies import SessionDep
from app.models import Post

router = APIRouter(prefix="/api/labs", tags=["labs"])


@router.get("/word-count")
def word_count(session: SessionDep) -> int:
    bodies = session.scalars(select(Post.body).where(Post.published))
    return sum(len(body.split()) for body in bodies)
