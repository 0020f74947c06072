"""What the methods of an async session do to its transaction.

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


# Those that talk to the database.
STATEMENTS: Final = frozenset(
    {
        "execute", "scalar", "scalars", "stream", "stream_scalars", "get", "get_one", "merge", "flush",
        "refresh", "connection", "exec", "delete",
    }
)  # fmt: skip
# Those that surely take a connection.
CONNECTS: Final = frozenset(
    {
        "execute", "scalar", "scalars", "stream", "stream_scalars", "get", "get_one", "refresh",
        "connection", "exec",
    }
)  # fmt: skip
# Those that begin a transaction without a statement.
BEGINS: Final = frozenset({"add", "add_all"})
# Those that begin one, and the question whether there is one.
STARTS: Final = CONNECTS | BEGINS | {"begin", "flush", "merge", "delete", "in_transaction"}
# Those that end it.
ENDS: Final = frozenset({"commit", "rollback", "close", "aclose", "reset", "invalidate"})
# Those after which a session that failed can be used again.
ROLLS_BACK: Final = frozenset({"rollback", "close", "aclose", "reset", "invalidate"})
# Those whose failure leaves a session to be rolled back.
FLUSHES: Final = frozenset({"flush", "commit"})
# Those that put rows to be written into a session, or write them.
ADDS: Final = frozenset({"add", "add_all", "delete", "flush"})
# Those that may change rows, by their statement.
EXECUTES: Final = frozenset({"execute", "scalar", "scalars", "exec", "exec_driver_sql"})
WRITING_STATEMENTS: Final = ("sqlalchemy.Insert", "sqlalchemy.Update", "sqlalchemy.Delete")
WRITING_WORDS: Final = ("insert ", "update ", "delete ", "merge ", "replace ")
# Those that commit, take back on purpose, or give out what may do so.
SETTLES: Final = frozenset(
    {
        "commit", "rollback", "begin", "run_sync", "connection", "get_transaction", "reset", "invalidate",
        "execution_options", "get_raw_connection", "set_isolation_level",
    }
)  # fmt: skip
