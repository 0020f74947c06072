"""Forget who looked at what, and what was blocked."""

import asyncio

from sqlalchemy import text

from app.database import engine

TIDY = """
DELETE FROM page_views;
DELETE FROM audit_entries;
"""


async def main() -> None:
    async with engine.begin() as connection:
        await connection.execute(text(TIDY))  # AFA420


if __name__ == "__main__":
    asyncio.run(main())
