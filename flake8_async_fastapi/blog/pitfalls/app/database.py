"""The engines, the session factories, and the sessions of a request."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker

from app.config import get_settings

settings = get_settings()

engine = create_async_engine(settings.database_url)
SessionLocal = async_sessionmaker(engine, expire_on_commit=False)
AdminSession = async_sessionmaker(engine)  # AFA406

# For the routes that are not converted yet.
sync_engine = create_engine(settings.sync_database_url)
SyncSession = sessionmaker(sync_engine)


class Base(DeclarativeBase):
    pass


async def get_db() -> AsyncIterator[AsyncSession]:
    async with SessionLocal() as session:
        yield session


async def get_admin_db() -> AsyncIterator[AsyncSession]:
    async with AdminSession() as session:
        yield session


async def open_session() -> AsyncSession:
    return SessionLocal()  # AFA504


async def get_statistics_db() -> AsyncIterator[AsyncSession]:
    session = SessionLocal()  # AFA504
    yield session


async def get_beta_db() -> AsyncIterator[AsyncSession]:
    async with SessionLocal() as session:
        try:
            yield session
            await session.commit()  # AFA509
        except Exception:  # AFA510
            await session.rollback()


@asynccontextmanager
async def session_scope() -> AsyncIterator[AsyncSession]:
    async with SessionLocal() as session:
        yield session


def get_sync_db() -> Iterator[Session]:
    with SyncSession() as session:
        yield session
