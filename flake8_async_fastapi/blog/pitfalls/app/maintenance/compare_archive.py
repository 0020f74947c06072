"""Ask the archive, a PostgreSQL database, what it has, again and again."""

import asyncio
import time

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import create_async_engine

from app.database import Base
from app.models import Post, Tag

archive_engine = create_async_engine("postgresql+asyncpg://archive@localhost/archive")  # AFA414


async def count(model: type[Base]) -> int:
    async with archive_engine.connect() as archive:
        return await archive.scalar(select(func.count()).select_from(model)) or 0


async def compare() -> list[int]:
    return await asyncio.gather(count(Post), count(Tag))


def main(times: int = 3, pause: float = 60.0) -> list[list[int]]:
    found = []
    for _ in range(times):
        found.append(asyncio.run(compare()))  # AFA603
        time.sleep(pause)
    return found


if __name__ == "__main__":
    print(main())
