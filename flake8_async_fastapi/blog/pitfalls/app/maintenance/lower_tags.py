"""Write the names of all tags in lower case."""

import asyncio

from sqlalchemy import func, update

from app.database import SessionLocal, engine
from app.models import Tag


async def main() -> list[str]:
    async with SessionLocal() as session:
        result = await session.execute(update(Tag).values(name=func.lower(Tag.name)))
        names = list(result.scalars())  # AFA422
        await session.commit()
    await engine.dispose()
    return names


if __name__ == "__main__":
    print(*asyncio.run(main()), sep="\n")
