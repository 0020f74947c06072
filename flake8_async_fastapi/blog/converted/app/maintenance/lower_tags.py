"""Write the names of all tags in lower case."""

import asyncio

from sqlalchemy import func, update

from app.database import SessionLocal, engine
from app.models import Tag


async def main() -> list[str]:
    lowered = update(Tag).values(name=func.lower(Tag.name)).returning(Tag.name)
    async with SessionLocal() as session:
        names = list((await session.execute(lowered)).scalars())
        await session.commit()
    await engine.dispose()
    return names


if __name__ == "__main__":
    print(*asyncio.run(main()), sep="\n")
