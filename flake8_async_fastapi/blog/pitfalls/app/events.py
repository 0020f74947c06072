"""Listeners."""

from typing import Any

from sqlalchemy import event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine


async def enable_foreign_keys(connection: DBAPIConnection, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def install(engine: AsyncEngine) -> None:
    event.listen(engine.sync_engine, "connect", enable_foreign_keys)  # AFA411
