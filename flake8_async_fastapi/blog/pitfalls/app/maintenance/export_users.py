"""Print the users of a database file."""

import asyncio

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from app.models import User

engine = create_async_engine("sqlite:///./blog.db")  # AFA404


async def main() -> list[str]:
    async with AsyncSession(engine, expire_on_commit=False) as session:
        names = list(await session.scalars(select(User.username).order_by(User.id)))
    await engine.dispose()
    return names


if __name__ == "__main__":
    print(*asyncio.run(main()), sep="\n")
