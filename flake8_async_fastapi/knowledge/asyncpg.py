"""asyncpg: connections, pools, transactions, prepared statements.

Source: introspection of asyncpg 0.32.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_QUERIES: Final = """
    async execute -> str
    async executemany reset_type_codec set_builtin_type_codec set_type_codec -> ?
    async fetch -> list
    async fetchrow -> asyncpg.Record
    async fetchval -> object
    async fetchmany -> list
    async copy_from_query copy_from_table copy_records_to_table copy_to_table -> str
    async close -> None
"""

_POOL_QUERIES: Final = """
    async execute -> str
    async executemany -> ?
    async fetch fetchmany -> list
    async fetchrow -> asyncpg.Record
    async fetchval -> object
    async copy_from_query copy_from_table copy_records_to_table copy_to_table -> str
    async close -> None
"""

TYPES: Final[Mapping[str, str]] = {
    "asyncpg.Connection": _QUERIES + """
        protocols: none
        async prepare -> asyncpg.prepared_stmt.PreparedStatement
        async add_listener remove_listener reload_schema_state reset -> None
        def cursor -> ?
        def transaction -> asyncpg.transaction.Transaction
        def is_closed is_in_transaction -> bool
        def terminate -> None
        def get_server_pid -> int
        def get_server_version get_settings -> object
    """,
    "asyncpg.pool.Pool": _POOL_QUERIES + """
        protocols: await async-with
        await -> self
        aenter -> self
        async release expire_connections -> None
        def acquire -> asyncpg.pool.PoolAcquireContext
        def terminate -> None
        def get_idle_size get_max_size get_min_size get_size -> int
        def is_closing -> bool
    """,
    "asyncpg.pool.PoolAcquireContext": """
        protocols: await async-with
        await -> asyncpg.Connection
        aenter -> asyncpg.Connection
    """,
    "asyncpg.transaction.Transaction": """
        protocols: async-with
        aenter -> ?
        async start commit rollback -> None
    """,
    "asyncpg.prepared_stmt.PreparedStatement": """
        async fetch -> list
        async fetchrow -> asyncpg.Record
        async fetchval -> object
        async executemany -> ?
        def cursor -> ?
    """,
    "asyncpg.Record": """
        protocols: iter
        item -> object
        def get items keys values -> object
    """,
}

FUNCTIONS: Final[Mapping[str, str]] = {
    "asyncpg.connect": "async -> asyncpg.Connection",
    "asyncpg.create_pool": "def -> asyncpg.pool.Pool",
}

ALIASES: Final[Mapping[str, str]] = {
    "asyncpg.connection.Connection": "asyncpg.Connection",
    "asyncpg.connection.connect": "asyncpg.connect",
    "asyncpg.pool.create_pool": "asyncpg.create_pool",
    "asyncpg.Pool": "asyncpg.pool.Pool",
}
