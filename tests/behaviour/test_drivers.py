"""Which types of values the drivers refuse for a column."""

from __future__ import annotations

import os
from datetime import date, datetime, time, timezone
from uuid import UUID, uuid4

import pytest
from sqlalchemy import (
    Boolean,
    Column,
    Date,
    DateTime,
    Integer,
    MetaData,
    String,
    Table,
    Time,
    Uuid,
    insert,
    select,
    text,
)
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

pytestmark = pytest.mark.anyio

META = MetaData()
TABLE = Table(
    "kinds", META,
    Column("id", Integer, primary_key=True),
    Column("naive", DateTime),
    Column("zoned", DateTime(timezone=True)),
    Column("day", Date),
    Column("hour", Time),
    Column("word", String),
    Column("number", Integer),
    Column("flag", Boolean),
    Column("uuid", Uuid),
)  # fmt: skip
AWARE = datetime(2026, 1, 1, tzinfo=timezone.utc)
FITTING = {
    "naive": AWARE.replace(tzinfo=None), "zoned": AWARE, "day": date(2026, 1, 1), "hour": time(8),
    "word": "one", "number": 1, "flag": True, "uuid": uuid4(),
}  # fmt: skip
Refused = set[tuple[str, str]]


class Base(DeclarativeBase):
    pass


class Number(Base):
    __tablename__ = "numbers"
    n: Mapped[int] = mapped_column(primary_key=True)


async def refused(url: str, values: dict[str, object]) -> tuple[Refused, Refused]:
    """The columns and values that fail where they are written, and in a condition."""
    engine = create_async_engine(url)
    written: Refused = set()
    compared: Refused = set()
    try:
        async with engine.begin() as connection:
            await connection.run_sync(META.drop_all)
            await connection.run_sync(META.create_all)
        for column in FITTING:
            for name, value in values.items():
                statements = (
                    (insert(TABLE).values({column: value}), written),
                    (select(TABLE.c.id).where(TABLE.c[column] == value), compared),
                )
                for statement, failed in statements:
                    try:
                        async with engine.begin() as connection:
                            await connection.execute(statement)
                    except SQLAlchemyError:
                        failed.add((column, name))
    finally:
        await engine.dispose()
    return written, compared


TIMES = {(column, name) for column in ("naive", "zoned", "day", "hour") for name in ("text", "number")}


async def test_values_that_sqlite_refuses() -> None:
    values = {"aware": AWARE, "text": "2026-01-01", "number": 3, "uuid text": str(uuid4())}
    written, compared = await refused("sqlite+aiosqlite://", values)
    assert TIMES | {("uuid", "text"), ("uuid", "uuid text"), ("flag", "text")} <= written
    assert not {("naive", "aware"), ("word", "number"), ("number", "text")} & written
    assert {column for column, _ in compared} == {"uuid"}
    assert ("uuid", "uuid text") in compared


async def test_values_that_asyncpg_refuses() -> None:
    url = os.environ.get("AFA_POSTGRES_URL")
    if not url:
        pytest.skip("AFA_POSTGRES_URL names no database")
    values = {"aware": AWARE, "text": "one", "number": 3, "uuid text": str(uuid4())}
    written, compared = await refused(url, values)
    both = written & compared
    assert TIMES | {("naive", "aware"), ("word", "number"), ("number", "text"), ("flag", "text")} <= both
    assert ("uuid", "number") in both
    assert not {("zoned", "aware"), ("uuid", "uuid text"), ("word", "text"), ("number", "number")} & (
        written | compared
    )


async def test_fitting_values_are_taken() -> None:
    for column, value in FITTING.items():
        assert isinstance(value, (datetime, date, time, str, int, UUID))
        written, compared = await refused("sqlite+aiosqlite://", {column: value})
        assert (column, column) not in written | compared

async def test_commit_closes_the_cursor_of_a_stream() -> None:
    url = os.environ.get("AFA_POSTGRES_URL")
    if not url:
        pytest.skip("AFA_POSTGRES_URL names no database")
    engine = create_async_engine(url)
    failed = []
    numbers = select(Number).from_statement(text("select n from generate_series(1, 50) as n"))
    for options in ({}, {"yield_per": 10}):
        try:
            async with AsyncSession(engine) as session:
                async for _ in await session.stream(numbers, execution_options=options):
                    await session.commit()
        except Exception as error:  # that of asyncpg, as it is
            assert "outside of a transaction" in str(error)
            failed.append(bool(options))
    await engine.dispose()
    assert failed == [True]
