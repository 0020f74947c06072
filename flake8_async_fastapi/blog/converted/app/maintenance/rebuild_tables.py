"""Drop and create all tables: for a development machine only."""

import asyncio

import app.models  # noqa: F401  (registers the tables)
from app.database import Base, engine


async def main() -> None:
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.drop_all)
        await connection.run_sync(Base.metadata.create_all)
    await engine.dispose()


if __name__ == "__main__":
    asyncio.run(main())
