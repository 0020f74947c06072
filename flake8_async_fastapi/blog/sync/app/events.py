"""Listeners: SQLAlchemy calls them for each new connection."""

from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection


def enable_foreign_keys(connection: DBAPIConnection, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def install(engine: Engine) -> None:
    event.listen(engine, "connect", enable_foreign_keys)
