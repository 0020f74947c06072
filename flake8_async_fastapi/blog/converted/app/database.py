"""The engine, the session factory, and one session a request."""

from collections.abc import AsyncIterator

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase

from app.config import get_settings

# One engine, and so one connection pool, for the life of the process.
engine = create_async_engine(get_settings().database_url)

# Without expire_on_commit=False a commit empties every object, and the next
# attribute read would need a query at a place that cannot await one.
SessionLocal = async_sessionmaker(engine, expire_on_commit=False)


class Base(DeclarativeBase):
    pass


async def get_session() -> AsyncIterator[AsyncSession]:
    """Give a request its own session, closed (and rolled back) when it ends."""
    async with SessionLocal() as session:
        yield session
