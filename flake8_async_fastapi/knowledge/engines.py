"""Arguments that async engines accept, and arguments that they refuse.

Source: engines that were created with each argument, for the drivers of SQLite and PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

SYNC_POOLS: Final = frozenset(
    {"sqlalchemy.pool.QueuePool", "sqlalchemy.QueuePool", "sqlalchemy.pool.impl.QueuePool"}
)

_DRIVER: Final = "it is the driver's, so it belongs in connect_args={...}"
_SESSION: Final = "it belongs to the session factory"
# Arguments that are not arguments of an engine, and where they belong.
NOT_OF_ENGINES: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        (
            "check_same_thread", "timeout", "command_timeout", "server_settings", "statement_cache_size",
            "prepared_statement_cache_size", "ssl", "sslmode", "uri", "cached_statements",
        ),
        _DRIVER,
    ),
    **dict.fromkeys(("expire_on_commit", "autoflush", "autocommit", "class_"), _SESSION),
    "bind": "the URL is the first argument",
    "pool_class": "write poolclass",
    **dict.fromkeys(("min_size", "max_size", "pool_max_size"), "write pool_size and max_overflow"),
}  # fmt: skip
