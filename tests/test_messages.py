"""Messages: those of the blog keep the laws of all messages, and remedies work where they are given."""

from __future__ import annotations

from pathlib import Path

import pytest
from case_files import read_cases
from message_laws import faults_of, places_in

import flake8_async_fastapi
from flake8_async_fastapi.analysis import analysis_of, open_analysis
from flake8_async_fastapi.rules.model import catalogue
from flake8_async_fastapi.store.cache import Cache

BLOG = Path(flake8_async_fastapi.__file__).parent / "blog"


def test_every_rule_says_something() -> None:
    """A mark is a finding, as the tests of the cases show."""
    programs = [case.program for case in read_cases(Path(__file__).parent / "cases")]
    marked = {code for program in programs for codes in program.marks().values() for code in codes}
    assert marked >= {rule.code for rule, _ in catalogue()}


@pytest.mark.parametrize("name", ["pitfalls", "converted"])
def test_messages_of_the_blog_keep_the_laws(name: str) -> None:
    analysis = open_analysis(BLOG / name, Cache(None))
    texts = {path: source.text for path, source in analysis.sources.items()}
    found = [finding for path in texts for finding in analysis.findings(path, level="likely")]
    assert [(finding, fault) for finding in found for fault in faults_of(finding, texts)] == []
    named = {place for finding in found for place in places_in(finding.message)}
    assert name == "converted" or len([path for path, _ in named if path in texts]) > 20


def test_names_in_other_alphabets_are_printable() -> None:
    text = "import asyncio\n\nasync def größe(): ...\n\nasync def main():\n    größe()\n"
    (finding,) = analysis_of({"main.py": text}).findings("main.py")
    assert finding.message.startswith(r"gr\xf6\xdfe() is never awaited")


def test_a_coroutine_before_or_is_a_condition() -> None:
    text = "async def may(): return 1\n\nasync def main(own):\n    if may() or own == 2:\n        return 1\n"
    (finding,) = analysis_of({"main.py": text}).findings("main.py")
    assert "the coroutine is always true" in finding.message


def test_a_coroutine_whose_attributes_are_read_is_one_mistake() -> None:
    text = "async def get(): ...\n\nasync def main():\n    found = get()\n    return found.size, found.name\n"
    (finding,) = analysis_of({"main.py": text}).findings("main.py")
    assert "the coroutine has no .name" in finding.message


REFRESHED = """
from sqlalchemy import ForeignKey, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

class Base(DeclarativeBase): ...

class Author(Base):
    __tablename__ = "authors"
    id: Mapped[int] = mapped_column(primary_key=True)
    books: Mapped[list["Book"]] = relationship()

class Book(Base):
    __tablename__ = "books"
    id: Mapped[int] = mapped_column(primary_key=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("authors.id"))

async def count(session: AsyncSession, newest: bool) -> int:
    if newest:
        authors = (await session.scalars(select(Author).where(Author.id > 100))).all()
    else:
        authors = (await session.scalars(select(Author))).all()
    found = 0
    for author in authors:
        await session.refresh(author, ["books"])
        found += len(author.books)
    return found
"""


def test_a_loop_over_the_rows_of_one_of_several_queries_is_one_finding() -> None:
    (finding,) = analysis_of({"main.py": REFRESHED}).findings("main.py")
    assert "to the query at main.py:20 (and to 1 more)" in finding.message


SUCCESSORS = """
import httpx2
from niquests import Session, get as fetch

async def main():
    httpx2.get("http://x")
    fetch("http://x")
    with Session() as session:
        session.get("http://x")
"""


def test_messages_name_the_library_that_the_file_imports() -> None:
    """Also if it imports the library of the same API too, as far as the call is written with its name."""
    names = ["httpx2.get", "niquests.get", "Session.get"]
    clients = ["httpx2.AsyncClient", "niquests.AsyncSession", "niquests.AsyncSession"]
    found = analysis_of({"main.py": SUCCESSORS}).findings("main.py")
    assert [(one.message.split()[0], one.message.split()[6]) for one in found] == list(
        zip(names, clients, strict=True)
    )
    first = analysis_of({"main.py": f"import httpx, requests{SUCCESSORS}"}).findings("main.py")[0]
    assert first.message.startswith("httpx2.get blocks the event loop: use httpx2.AsyncClient or")


MODELS = """
from sqlalchemy import ForeignKey, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import (
    DeclarativeBase, Mapped, joinedload, mapped_column, relationship
)

engine = create_async_engine("sqlite+aiosqlite://")
make = async_sessionmaker(engine)


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    bio: Mapped[str] = mapped_column(deferred=True)


class Post(Base):
    __tablename__ = "posts"
    id: Mapped[int] = mapped_column(primary_key=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    author: Mapped[User] = relationship()
"""
REMEDIES = [
    pytest.param(
        "def save(db: AsyncSession) -> None:\n    db.commit()\n",
        "make save async def and write await db.commit()",
        id="no await in a plain function",
    ),
    pytest.param(
        "def save(db: AsyncSession, keys: list[int]) -> list[int]:\n"
        "    return [db.get(Post, key).id for key in keys]\n",
        "make save async def and write (await db.get(...)).id",
        id="nor in its comprehensions",
    ),
    pytest.param(
        "Base.metadata.create_all(engine)\n",
        "await connection.run_sync(...) in an async def",
        id="nor in a module",
    ),
    pytest.param(
        "def fill(db: AsyncSession) -> None:\n    with db.begin():\n        pass\n",
        "make fill async def and use async with",
        id="nor async with",
    ),
    pytest.param(
        "import queue\n\nasync def take(jobs: queue.Queue) -> object:\n    return jobs.get()\n",
        "asyncio.Queue if no thread fills it, or run_in_threadpool",
        id="a queue that a thread fills",
    ),
    pytest.param(
        "import time\n\ndef pause() -> None:\n    time.sleep(3)\n\nasync def work() -> None:\n    pause()\n",
        "(pause -> time.sleep at main.py:32): run pause with run_in_threadpool, or make it async def",
        id="a plain function that blocks",
    ),
    pytest.param(
        "import time\n\nasync def work() -> None:\n    pause = lambda: time.sleep(3)\n    pause()\n",
        "(<lambda> -> time.sleep at main.py:32): run the lambda with run_in_threadpool",
        id="a lambda that blocks",
    ),
    pytest.param(
        "import time\n\nclass Pause:\n    def __init__(self) -> None:\n        time.sleep(3)\n\n"
        "async def work() -> None:\n    Pause()\n",
        "run Pause with run_in_threadpool",
        id="a class that blocks",
    ),
    pytest.param(
        "async def read(db: AsyncSession) -> list[Post]:\n    return db.scalars(select(Post)).all()\n",
        "write (await db.scalars(...)).all",
        id="what is read from the call",
    ),
    pytest.param(
        "async def read(db: AsyncSession) -> list[Post]:\n"
        "    found = db.scalars(select(Post))\n    return found.all()\n",
        "write await db.scalars(...)",
        id="what is read from a variable",
    ),
    pytest.param(
        "async def read(key: int) -> int:\n"
        "    async with make() as db:\n"
        "        post = (await db.scalars(select(Post))).one()\n"
        "        await db.commit()\n"
        "    return post.author_id\n",
        'set expire_on_commit=False, or await db.refresh(post, ["author_id"]) before the session closes',
        id="a column that a commit expired",
    ),
    pytest.param(
        "async def read(key: int) -> str:\n"
        "    async with make() as db:\n"
        "        user = (await db.scalars(select(User))).one()\n"
        "    return user.bio\n",
        "add .options(undefer(User.bio))",
        id="a deferred column of a detached object",
    ),
    pytest.param(
        "async def read(db: AsyncSession) -> str:\n"
        "    post = (await db.scalars(select(Post).options(joinedload(Post.author)))).one()\n"
        "    return post.author.bio\n",
        "add .options(joinedload(Post.author).undefer(User.bio))",
        id="options that the query has",
    ),
    pytest.param(
        "async def add(db: AsyncSession) -> str:\n"
        "    new = Post(author_id=1)\n"
        "    db.add(new)\n"
        "    await db.flush()\n"
        "    return new.author.bio\n",
        'await db.refresh(new, ["author"])',
        id="names of the code",
    ),
]


@pytest.mark.parametrize(("code", "remedy"), REMEDIES)
def test_remedies_work_where_they_are_given(code: str, remedy: str) -> None:
    findings = analysis_of({"main.py": MODELS + "\n\n" + code}).findings("main.py")
    messages = [finding.message for finding in findings if not finding.advice]
    assert len(messages) == 1 and remedy in messages[0], messages


def test_migrations_have_no_coroutine_to_await() -> None:
    env = (
        "import asyncio\n\nasync def migrate() -> None: ...\n\n"
        "def run_migrations_online() -> None:\n    asyncio.run(migrate())\n\nrun_migrations_online()\n"
    )
    main = (
        "from alembic import command\nfrom alembic.config import Config\n\n"
        'def migrate() -> None:\n    command.upgrade(Config(), "head")\n\n'
        'async def start() -> None:\n    command.upgrade(Config(), "head")\n    migrate()\n'
    )
    direct, by_helper = analysis_of({"main.py": main, "alembic/env.py": env}).findings("main.py")
    why = "env.py starts an event loop, but one is already running"
    assert direct.message.endswith(f"raises RuntimeError: {why}; run it with asyncio.to_thread()")
    assert by_helper.message.endswith(f"at main.py:5): {why}; run migrate with asyncio.to_thread()")
