"""Give the space of deleted rows back to the disk."""

import asyncio

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

# NullPool: the connection is closed when the script is done with it.
engine = create_async_engine("sqlite+aiosqlite:///./blog.db", poolclass=NullPool)


async def main() -> None:
    async with engine.connect() as connection:
        autocommit = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await autocommit.execute(text("VACUUM"))
    await engine.dispose()


if __name__ == "__main__":
    asyncio.run(main())
