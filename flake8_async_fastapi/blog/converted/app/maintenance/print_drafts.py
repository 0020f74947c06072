"""List the posts that are not published."""

import asyncio

from sqlalchemy import select

from app.database import SessionLocal, engine
from app.models import Post


async def main() -> list[str]:
    async with SessionLocal() as session:
        titles = list(await session.scalars(select(Post.title).where(~Post.published)))
    await engine.dispose()
    return titles


if __name__ == "__main__":
    print(*asyncio.run(main()), sep="\n")
