"""Which calls share one run of a function, and what a run is given of its caller's objects."""

from __future__ import annotations

import pytest

from flake8_async_fastapi.analysis import all_hooks, analysis_of
from flake8_async_fastapi.engine.entry import analyse
from flake8_async_fastapi.engine.machine import summaries

MODELS = """
from sqlalchemy import ForeignKey, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship, selectinload


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    posts: Mapped[list["Post"]] = relationship()


class Post(Base):
    __tablename__ = "posts"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    author: Mapped[User] = relationship()
"""

CALLER = """
async def caller(session: AsyncSession, flag: bool):
    author = User()
    if flag:
        author.posts = []
    post = Post(author=author)
    await use(post)
"""


def runs_of(name: str, text: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """How often a function of a program is run for objects that its callers give it."""
    run = summaries._run_apart
    seen: list[str] = []

    def counted(ctx, function, bound, footprint):  # type: ignore[no-untyped-def]
        if footprint:  # others are run for nobody in particular
            seen.append(function.name)
        return run(ctx, function, bound, footprint)

    monkeypatch.setattr(summaries, "_run_apart", counted)
    analyse(analysis_of({"main.py": text}).project, "main.py", hooks=all_hooks())
    return seen.count(name)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("return post.title", 1),  # whatever the author has loaded
        ("return post.author.posts", 2),
        ("return await look(post)", 3),  # once more, since `look` wants the author
    ],
)
def test_calls_that_differ_in_what_is_never_looked_at_share_a_run(
    body: str, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    use = f"""
async def use(post: Post):
    {body}


async def look(post: Post):
    return post.author.posts
"""
    assert runs_of("use", MODELS + use + CALLER, monkeypatch) == expected
