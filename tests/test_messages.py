"""The messages of all findings in the cases and the blog: printable anywhere, short, and with true places."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from case_files import read_cases

import flake8_async_fastapi
from flake8_async_fastapi.analysis import Analysis, analysis_of, open_analysis
from flake8_async_fastapi.rules.model import Finding, catalogue
from flake8_async_fastapi.store.cache import Cache

BLOG = Path(flake8_async_fastapi.__file__).parent / "blog"
LONGEST = 200
_INNER = r"(?:[^()]|\((?:[^()]|\([^()]*\))*\))*"
CHAIN = re.compile(
    rf" \({_INNER}(?: -> | at ){_INNER}\)"  # the calls that lead to a line
    r"|\.options\(.*?\)\)"  # a loader option
    r"|^may fail, unless [^:]*: "
)
"""What may be long."""
PLACE = re.compile(r"(?<![\w/])([\w/.-]+\.(?:py|html|txt|jinja2?|j2)):(\d+)")


def _findings_of(analysis: Analysis) -> Iterator[tuple[Analysis, Finding]]:
    for path in sorted(analysis.sources):
        for finding in analysis.findings(path, level="likely"):
            yield analysis, finding


@pytest.fixture(scope="module")
def found() -> list[tuple[Analysis, Finding]]:
    analyses = [open_analysis(BLOG / name, Cache(None)) for name in ("pitfalls", "converted")]
    analyses += [analysis_of(case.program.files) for case in read_cases(Path(__file__).parent / "cases")]
    return [pair for analysis in analyses for pair in _findings_of(analysis)]


def test_every_rule_says_something(found: list[tuple[Analysis, Finding]]) -> None:
    assert {finding.code for _, finding in found} >= {rule.code for rule, _ in catalogue()}


def test_every_locale_can_print_them(found: list[tuple[Analysis, Finding]]) -> None:
    assert [finding.message for _, finding in found if not finding.message.isascii()] == []


def test_names_in_other_alphabets_are_printable() -> None:
    text = "import asyncio\n\nasync def größe(): ...\n\nasync def main():\n    größe()\n"
    (finding,) = analysis_of({"main.py": text}).findings("main.py")
    assert finding.message.startswith(r"gr\xf6\xdfe() is never awaited")


def test_they_are_short(found: list[tuple[Analysis, Finding]]) -> None:
    messages = {finding.message for _, finding in found}
    assert [text for text in sorted(messages) if len(CHAIN.sub("", text)) > LONGEST] == []


def test_places_are_lines_of_the_program(found: list[tuple[Analysis, Finding]]) -> None:
    """Each as ``path:line``: some editors take one with a column for the place of the finding."""
    named = 0
    for analysis, finding in found:
        assert not re.search(r":\d+:\d", finding.message)
        assert not re.search(r"\blines? \d", finding.message), finding.message
        for path, line in PLACE.findall(finding.message):
            if path in analysis.sources:
                named += 1
                assert 1 <= int(line) <= len(analysis.sources[path].text.splitlines()), finding
    assert named > 100


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
        "make save async def and write await db.get(...)",
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
