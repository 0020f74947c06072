"""Copy old posts to the archive, a PostgreSQL database."""

import asyncio

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import create_async_engine

from app.database import Base, SessionLocal, engine
from app.models import Post, Tag, User

archive_engine = create_async_engine("postgresql+asyncpg://archive@localhost/archive")  # AFA414


async def main() -> int:
    async with archive_engine.begin() as archive:
        await archive.run_sync(Base.metadata.drop_all)
        await archive.run_sync(Base.metadata.create_all)
        async with SessionLocal() as session:
            for model in (User, Tag, Post):
                rows = (await session.execute(select(*model.__table__.columns))).mappings().all()
                if rows:
                    await archive.execute(insert(model), [dict(row) for row in rows])
        copied = len(rows)
    await archive_engine.dispose()
    await engine.dispose()
    return copied


if __name__ == "__main__":
    print(asyncio.run(main()), "posts archived")
