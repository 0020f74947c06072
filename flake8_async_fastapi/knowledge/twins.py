"""Sync types and their async counterparts.

When code becomes async, an annotation with the sync type is easily forgotten, so it says little. Source:
the libraries' documentation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

ASYNC_TWINS: Final[Mapping[str, str]] = {
    "sqlalchemy.orm.Session": "sqlalchemy.ext.asyncio.AsyncSession",
    "sqlalchemy.orm.scoped_session": "sqlalchemy.ext.asyncio.async_scoped_session",
    "sqlalchemy.orm.sessionmaker": "sqlalchemy.ext.asyncio.async_sessionmaker",
    "sqlalchemy.engine.Engine": "sqlalchemy.ext.asyncio.AsyncEngine",
    "sqlalchemy.engine.Connection": "sqlalchemy.ext.asyncio.AsyncConnection",
    "sqlalchemy.engine.Result": "sqlalchemy.ext.asyncio.AsyncResult",
    "sqlalchemy.engine.ScalarResult": "sqlalchemy.ext.asyncio.AsyncScalarResult",
    "sqlmodel.Session": "sqlmodel.ext.asyncio.session.AsyncSession",
    "httpx.Client": "httpx.AsyncClient",
    "redis.Redis": "redis.asyncio.Redis",
}
