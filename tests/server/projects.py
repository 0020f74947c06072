"""A small application: a route, a repository and two models."""

from __future__ import annotations

from pathlib import Path

MODELS = """
from sqlalchemy import ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class Author(Base):
    __tablename__ = "authors"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class Post(Base):
    __tablename__ = "posts"
    id: Mapped[int] = mapped_column(primary_key=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("authors.id"))
    author: Mapped[Author] = relationship()
"""
REPOSITORY = """
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from app.models import Post


async def newest(session: AsyncSession) -> Post:
    statement = select(Post).options(selectinload(Post.author))
    return (await session.scalars(statement)).one()
"""
ROUTES = """
import time

from fastapi import APIRouter, Depends
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from app.repository import newest

factory = async_sessionmaker(create_async_engine("sqlite+aiosqlite://"), expire_on_commit=False)
router = APIRouter()


async def get_session():
    async with factory() as session:
        yield session


class AuthorRead(BaseModel):
    name: str


class PostRead(BaseModel):
    id: int
    author: AuthorRead


@router.get("/newest", response_model=PostRead)
async def read_newest(session: AsyncSession = Depends(get_session)):
    post = await newest(session)
    return post
"""


def write_project(root: Path) -> Path:
    """Write the application into a folder; gives the folder."""
    files = {
        "setup.cfg": "[flake8]\nmax-line-length = 100\n",
        "app/__init__.py": "",
        "app/models.py": MODELS,
        "app/repository.py": REPOSITORY,
        "app/routes.py": ROUTES,
    }
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return root
