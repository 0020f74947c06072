"""Ask the archive, a second SQLite file, what it has, again and again."""

import asyncio

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import create_async_engine

from app.database import Base
from app.models import Post, Tag

archive_engine = create_async_engine("sqlite+aiosqlite:///./archive.db")


async def count(model: type[Base]) -> int:
    async with archive_engine.connect() as archive:
        return await archive.scalar(select(func.count()).select_from(model)) or 0


async def compare() -> list[int]:
    return await asyncio.gather(count(Post), count(Tag))


async def watch(times: int, pause: float) -> list[list[int]]:
    found = []
    for _ in range(times):
        found.append(await compare())
        await asyncio.sleep(pause)
    await archive_engine.dispose()
    return found


def main(times: int = 3, pause: float = 60.0) -> list[list[int]]:
    return asyncio.run(watch(times, pause))


if __name__ == "__main__":
    print(main())
