"""Runs of ``flake8-async-fastapi check`` in a small project."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from flake8_runs import write_files

from flake8_async_fastapi import cli
from flake8_async_fastapi.faults import LOG

MODELS = """\
from sqlalchemy import ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase): ...


class Shelf(Base):
    __tablename__ = "shelf"
    id: Mapped[int] = mapped_column(primary_key=True)
    jars: Mapped[list["Jar"]] = relationship(back_populates="shelf")
    lamps: Mapped[list["Lamp"]] = relationship()


class Jar(Base):
    __tablename__ = "jar"
    id: Mapped[int] = mapped_column(primary_key=True)
    shelf_id: Mapped[int] = mapped_column(ForeignKey("shelf.id"))
    shelf: Mapped[Shelf] = relationship(back_populates="jars")


class Lamp(Base):
    __tablename__ = "lamp"
    id: Mapped[int] = mapped_column(primary_key=True)
    shelf_id: Mapped[int] = mapped_column(ForeignKey("shelf.id"))
"""
QUERIES = """\
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models import Shelf


async def find(session: AsyncSession) -> Shelf:
    return (await session.scalars(select(Shelf))).one()
"""
MAIN = """\
from sqlalchemy.ext.asyncio import AsyncSession

from queries import find


async def save(session: AsyncSession) -> None:
    größe = 1; session.commit()


async def show(session: AsyncSession) -> None:
    shelf = await find(session)
    print(shelf.jars)
"""
PROJECT = {"pyproject.toml": "", "models.py": MODELS, "queries.py": QUERIES, "main.py": MAIN}
LOADING = ("main.py", 12, "AFA301")
AWAITING = ("main.py", 7, "AFA101")

Check = Callable[..., tuple[int, str, str]]


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Check:
    """A function that runs the command in a small project: exit status, output, errors."""
    write_files(tmp_path, PROJECT)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FLAKE8_ASYNC_FASTAPI_CACHE_DIR", str(tmp_path / ".cache"))
    monkeypatch.setattr(LOG, "handlers", list(LOG.handlers))

    def command(*arguments: str, text: str | None = None) -> tuple[int, str, str]:
        if text is not None:
            monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
        try:
            status = cli.main(["check", *arguments])
        except SystemExit as end:  # argparse
            status = int(end.code or 0)
        return status, *capsys.readouterr()

    return command


def found(answer: tuple[int, str, str]) -> list[tuple[str, int, str]]:
    """Path, line and code of each finding of a run that wrote JSON."""
    return [(row["path"], row["line"], row["code"]) for row in json.loads(answer[1])]


def as_json(check: Check, *arguments: str) -> list[tuple[str, int, str]]:
    return found(check("--output-format=json", *arguments))
