"""Create the tables that are missing."""

import asyncio

import app.models  # noqa: F401  (registers the tables)
from app.database import Base, engine


async def main() -> None:
    async with engine.begin() as connection:
        # DDL is synchronous: run_sync() drives it over the async connection.
        await connection.run_sync(Base.metadata.create_all)
    await engine.dispose()


if __name__ == "__main__":
    asyncio.run(main())
