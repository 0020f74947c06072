"""SQLAlchemy's databases and drivers: which drivers work with asyncio, and what they require.

Source: the dialects of 1.4, 2.0 and 2.1, and engines that were created with each of their names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# Drivers by database: for `create_async_engine` only, for `create_engine` only, for both.
ASYNC: Final[Mapping[str, frozenset[str]]] = {
    "sqlite": frozenset({"aiosqlite"}),
    "postgresql": frozenset({"asyncpg", "psycopg_async"}),
    "mysql": frozenset({"aiomysql", "asyncmy"}),
    "mariadb": frozenset({"aiomysql", "asyncmy"}),
    "oracle": frozenset({"oracledb_async"}),
    "mssql": frozenset({"aioodbc"}),
}
SYNC: Final[Mapping[str, frozenset[str]]] = {
    "sqlite": frozenset({"pysqlite", "pysqlcipher"}),
    "postgresql": frozenset({"psycopg2", "psycopg2cffi", "pg8000", "pygresql", "pypostgresql"}),
    "mysql": frozenset({"mysqldb", "pymysql", "mariadbconnector", "cymysql", "pyodbc", "oursql"}),
    "mariadb": frozenset({"mysqldb", "pymysql", "mariadbconnector", "cymysql", "pyodbc"}),
    "oracle": frozenset({"cx_oracle"}),
    "mssql": frozenset({"pyodbc", "pymssql", "mssqlpython"}),
}
# Names that other packages add, or that depend on the version: nothing is reported for them.
OTHER: Final[Mapping[str, frozenset[str]]] = {
    "sqlite": frozenset({"libsql", "pysqlite_dollar", "pysqlite_numeric", "sqlean"}),
    "postgresql": frozenset(
        {"psycopg", "auroradataapi", "asyncpg_listen", "psycopg2gevent", "cloudsqlconnector"}
    ),
    "mysql": frozenset({"auroradataapi", "mysqlconnector", "asyncmycli", "adbc"}),
    "mariadb": frozenset({"mysqlconnector", "auroradataapi"}),
    "oracle": frozenset({"oracledb"}),
    "mssql": frozenset({"turbodbc", "mxodbc", "adodbapi", "zxjdbc"}),
}

# The driver of a URL without one, if it is the same in all versions.
DEFAULTS: Final[Mapping[str, str]] = {
    "sqlite": "pysqlite",
    "mysql": "mysqldb",
    "mariadb": "mysqldb",
}

# The usual async driver of each database, as recommended in messages.
USUAL: Final[Mapping[str, str]] = {
    "sqlite": "sqlite+aiosqlite",
    "postgresql": "postgresql+asyncpg",
    "mysql": "mysql+asyncmy",
    "mariadb": "mariadb+asyncmy",
    "oracle": "oracle+oracledb",
    "mssql": "mssql+aioodbc",
}

# The packages that provide a driver, by any of their names.
PACKAGES: Final[Mapping[str, frozenset[str]]] = {
    "aiosqlite": frozenset({"aiosqlite"}),
    "asyncpg": frozenset({"asyncpg"}),
    "aiomysql": frozenset({"aiomysql"}),
    "asyncmy": frozenset({"asyncmy"}),
    "aioodbc": frozenset({"aioodbc"}),
}
# The extras of SQLAlchemy that require greenlet, and packages that depend on it.
ASYNC_EXTRAS: Final = frozenset(
    {"asyncio", "aiosqlite", "postgresql-asyncpg", "aiomysql", "asyncmy", "aioodbc"}
)
BRING_GREENLET: Final = frozenset({"greenlet", "gevent", "eventlet", "playwright", "pynvim"})
# Options in a URL or `connect_args` that libpq, Prisma or sqlite3 support and asyncpg.connect() refuses as
# an unexpected keyword, with the replacement; empty for none.
REFUSED_BY_ASYNCPG: Final[Mapping[str, str]] = {
    **dict.fromkeys(("sslmode", "requiressl"), "ssl=require"),
    **dict.fromkeys(("sslcert", "sslkey", "sslrootcert", "sslcrl"), "connect_args={'ssl': a context}"),
    **dict.fromkeys(
        ("application_name", "fallback_application_name", "options", "client_encoding"),
        "connect_args={'server_settings': {...}}",
    ),
    "connect_timeout": "connect_args={'timeout': ...}",
    **dict.fromkeys(
        ("channel_binding", "gssencmode", "hostaddr", "keepalives", "keepalives_idle", "keepalives_interval",
         "keepalives_count", "tcp_user_timeout", "sslcompression", "sslpassword", "load_balance_hosts",
         "pgbouncer", "schema", "connection_limit", "check_same_thread"),
        "",
    ),
}  # fmt: skip
# Numeric options of asyncpg.connect(): SQLAlchemy passes them from a URL as text, which raises TypeError.
NUMBERS_FOR_ASYNCPG: Final = frozenset(
    {"statement_cache_size", "max_cacheable_statement_size", "max_cached_statement_lifetime", "timeout"}
)
REFUSED_IN_URL: Final[Mapping[str, str]] = {
    **REFUSED_BY_ASYNCPG,
    **{name: f"connect_args={{'{name}': ...}}" for name in sorted(NUMBERS_FOR_ASYNCPG)},
}
# Options of asyncpg or SQLAlchemy for a pooler that uses another connection for each transaction: to keep
# no prepared statements, or to give them unique names.
FOR_POOLERS: Final = frozenset({"statement_cache_size", "prepared_statement_name_func"})
# Drivers that execute one statement at a time; aiomysql and psycopg take several in a text.
TAKE_ONE_STATEMENT: Final = frozenset({"asyncpg", "aiosqlite"})
MAY_BE_PSYCOPG: Final = frozenset({"psycopg", "psycopg-binary", "psycopg-c", "psycopg-pool"})
