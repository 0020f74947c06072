"""The effects of an async session's methods on its transaction.

Source: programs that were run against SQLAlchemy 2.0 and 2.1.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from flake8_async_fastapi.knowledge import is_subtype

SESSION: Final = "sqlalchemy.ext.asyncio.AsyncSession"
CONNECTION: Final = "sqlalchemy.ext.asyncio.AsyncConnection"


@cache
def is_session_type(name: str) -> bool:
    """Whether a library type is the async session, or derived from it."""
    return is_subtype(name, SESSION)


# Methods that run a statement they are given; `exec` is SQLModel's.
QUERIES: Final = frozenset({"execute", "scalar", "scalars", "stream", "stream_scalars", "exec"})
# Methods that find an object by its key.
GETS: Final = frozenset({"get", "get_one"})
# Methods that certainly take a connection.
CONNECTS: Final = QUERIES | GETS | {"refresh", "connection"}
# Methods that access the database.
STATEMENTS: Final = CONNECTS | {"merge", "flush", "delete"}
# Methods that begin a transaction without a statement.
BEGINS: Final = frozenset({"add", "add_all"})
# Methods that begin one, and the test for one.
STARTS: Final = CONNECTS | BEGINS | {"begin", "flush", "merge", "delete", "in_transaction"}
# Methods that end it.
ENDS: Final = frozenset({"commit", "rollback", "close", "aclose", "reset", "invalidate"})
# Methods after which a session can be used again after a failure.
ROLLS_BACK: Final = frozenset({"rollback", "close", "aclose", "reset", "invalidate"})
# Methods after whose failure a session must be rolled back.
FLUSHES: Final = frozenset({"flush", "commit"})
# Methods that add rows to a session, or write them.
ADDS: Final = frozenset({"add", "add_all", "delete", "flush"})
# Methods that may change rows, depending on their statement.
EXECUTES: Final = frozenset({"execute", "scalar", "scalars", "exec", "exec_driver_sql"})
WRITING_STATEMENTS: Final = ("sqlalchemy.Insert", "sqlalchemy.Update", "sqlalchemy.Delete")
WRITING_WORDS: Final = ("insert ", "update ", "delete ", "merge ", "replace ")
# Methods that commit, roll back on purpose, or return an object that may do so.
SETTLES: Final = frozenset(
    {
        "commit", "rollback", "begin", "run_sync", "connection", "get_transaction", "reset", "invalidate",
        "execution_options", "get_raw_connection", "set_isolation_level",
    }
)  # fmt: skip
