"""The API of SQLAlchemy's asyncio extension: what is a coroutine, and what is not."""

from __future__ import annotations

import asyncio
import inspect
import warnings
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from behaviour_models import Author, Base, Post, database, needs_io
from sqlalchemy import create_engine, event, select
from sqlalchemy.exc import ArgumentError, InvalidRequestError, NoInspectionAvailable, NoSuchModuleError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import NullPool, QueuePool

pytestmark = pytest.mark.anyio

COROUTINES = (
    "close commit connection delete execute flush get get_one invalidate merge refresh reset rollback "
    "run_sync scalar scalars stream stream_scalars"
).split()
PLAIN = (
    "add add_all begin begin_nested expire expire_all expunge expunge_all get_bind get_nested_transaction "
    "get_transaction in_nested_transaction in_transaction is_modified"
).split()


async def test_methods_that_may_do_io_are_coroutines() -> None:
    assert [name for name in COROUTINES if not inspect.iscoroutinefunction(getattr(AsyncSession, name))] == []
    assert [name for name in PLAIN if inspect.iscoroutinefunction(getattr(AsyncSession, name))] == []


async def test_async_session_has_no_query(session: AsyncSession) -> None:
    with pytest.raises(AttributeError):
        session.query(Post)  # type: ignore[attr-defined]


async def test_result_is_sync(session: AsyncSession) -> None:
    result = await session.execute(select(Post))
    with pytest.raises(TypeError):
        await result.scalars().all()  # type: ignore[misc]
    with pytest.raises(TypeError):
        async for _ in await session.scalars(select(Post)):  # type: ignore[attr-defined]
            pass


async def test_stream_is_async(session: AsyncSession) -> None:
    stream = await session.stream(select(Post))
    with pytest.raises(TypeError):
        for _ in stream:  # type: ignore[attr-defined]
            pass
    assert len(await stream.scalars().all()) == 3
    assert len([post async for post in await session.stream_scalars(select(Post))]) == 3


async def test_session_is_an_async_context_manager() -> None:
    async with database() as factory:
        with pytest.raises((TypeError, AttributeError)), factory():  # type: ignore[attr-defined]
            pass
        with pytest.raises(TypeError):
            await factory()  # type: ignore[misc]
        async with factory.begin() as session:
            assert session.in_transaction()


async def test_engine_connects_and_begins() -> None:
    engine = create_async_engine("sqlite+aiosqlite://")
    connection = await engine.connect()
    await connection.close()
    async with engine.connect(), engine.begin():
        pass
    with pytest.raises(TypeError):
        await engine.begin()  # type: ignore[misc]
    assert inspect.iscoroutinefunction(engine.dispose)
    await engine.dispose()


# --- run_sync ----------------------------------------------------------------------------------


async def test_run_sync_gives_a_sync_session_and_the_result(session: AsyncSession) -> None:
    def titles(sync_session: Session) -> list[str]:
        assert sync_session is session.sync_session
        return [post.title for author in sync_session.scalars(select(Author)) for post in author.posts]

    assert await session.run_sync(titles) == ["first", "second"]


async def test_run_sync_does_not_run_coroutine_functions(session: AsyncSession) -> None:
    async def wrong(_: Session) -> str:
        return "done"

    returned: Any = await session.run_sync(wrong)
    assert inspect.iscoroutine(returned)
    assert await returned == "done"


# --- engines and factories ---------------------------------------------------------------------------


@pytest.mark.parametrize("url", ["sqlite://", "sqlite+pysqlite://"])
async def test_async_engine_needs_an_async_driver(url: str) -> None:
    with pytest.raises(InvalidRequestError):
        create_async_engine(url)


@pytest.mark.parametrize("url", ["postgres://u@h/db", "postgres+asyncpg://u@h/db"])
async def test_postgres_is_no_dialect(url: str) -> None:
    with pytest.raises(NoSuchModuleError):
        create_async_engine(url)


async def test_default_driver_of_postgresql() -> None:
    expected = "psycopg2" if sqlalchemy.__version__ < "2.1" else "psycopg"
    name = sqlalchemy.make_url("postgresql://u@h/db").get_dialect().driver
    assert name == expected


async def test_sync_engine_with_an_async_driver_fails_when_it_connects() -> None:
    engine = create_engine("sqlite+aiosqlite://")
    with needs_io():
        engine.connect()


async def test_arguments_of_async_engines() -> None:
    with pytest.raises(ArgumentError):
        create_async_engine("sqlite+aiosqlite://", poolclass=QueuePool)
    with pytest.raises(TypeError):
        create_async_engine("sqlite+aiosqlite://", expire_on_commit=False)
    engine = create_async_engine(
        "sqlite+aiosqlite://", poolclass=NullPool, connect_args={"check_same_thread": False}
    )
    await engine.dispose()


async def test_sessionmaker_gives_sync_sessions() -> None:
    engine = create_async_engine("sqlite+aiosqlite://")
    factory = sessionmaker(engine)  # type: ignore[call-overload]
    with pytest.raises((TypeError, AttributeError)):
        async with factory():
            pass
    async with sessionmaker(engine, class_=AsyncSession)() as session:  # type: ignore[call-overload]
        assert isinstance(session, AsyncSession)
    await engine.dispose()


async def test_async_sessionmaker_rejects_sync_engines_when_called() -> None:
    factory = async_sessionmaker(create_engine("sqlite://"))  # type: ignore[arg-type]
    with pytest.raises(ArgumentError):
        factory()


async def test_sync_ddl_on_an_async_engine() -> None:
    engine = create_async_engine("sqlite+aiosqlite://")
    with pytest.raises(AttributeError):
        Base.metadata.create_all(engine)  # type: ignore[arg-type]
    with needs_io():
        Base.metadata.create_all(engine.sync_engine)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    with pytest.raises(NoInspectionAvailable):
        sqlalchemy.inspect(engine)
    await engine.dispose()


async def test_listeners_belong_to_sync_objects(session: AsyncSession) -> None:
    engine = create_async_engine("sqlite+aiosqlite://")
    with pytest.raises(NotImplementedError):
        event.listen(engine, "connect", print)
    with pytest.raises(InvalidRequestError):
        event.listen(AsyncSession, "after_commit", print)
    seen: list[object] = []
    event.listen(session.sync_session, "after_commit", seen.append)
    await session.commit()
    assert len(seen) == 1


async def test_async_listener_is_never_awaited(session: AsyncSession) -> None:
    seen: list[object] = []

    async def listener(_: Session) -> None:
        seen.append(1)

    event.listen(session.sync_session, "after_commit", listener)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        await session.commit()
        await asyncio.sleep(0)
    assert seen == []


# --- one session, several tasks -----------------------------------------------------------------------


async def test_two_tasks_may_not_share_a_cold_session(tmp_path: Path) -> None:
    engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path / 'db'}")
    session = AsyncSession(engine)
    done = await asyncio.gather(
        *(session.execute(sqlalchemy.text("select 1")) for _ in range(2)), return_exceptions=True
    )
    assert any(isinstance(each, InvalidRequestError) for each in done)
    await session.close()
    await engine.dispose()


async def test_two_tasks_may_not_flush_one_session(session: AsyncSession) -> None:
    session.add(Post(title="new"))
    done = await asyncio.gather(session.flush(), session.flush(), return_exceptions=True)
    assert any(isinstance(each, InvalidRequestError) for each in done)
