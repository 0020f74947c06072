"""Listeners: SQLAlchemy calls them synchronously, also under asyncio."""

from typing import Any

from sqlalchemy import event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine


def enable_foreign_keys(connection: DBAPIConnection, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def install(engine: AsyncEngine) -> None:
    # Events belong to the sync engine inside the async one.
    event.listen(engine.sync_engine, "connect", enable_foreign_keys)
