"""Functions of other libraries that use a database by a sync connection, or by a URL for one.

Source: these functions, run with async engines, connections and URLs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_JOB_STORE: Final = "apscheduler.jobstores.sqlalchemy.SQLAlchemyJobStore"

TAKE_CONNECTION: Final[Mapping[str, tuple[int, str]]] = {
    **dict.fromkeys(("pandas.read_sql", "pandas.read_sql_query", "pandas.read_sql_table"), (1, "con")),
    _JOB_STORE: (1, "engine"),
}
"""Which argument is a sync engine or connection: its position and its name."""

TAKE_URL: Final[Mapping[str, tuple[int, str]]] = {
    f"sqlalchemy_utils.{module}{name}": (0, "url")
    for module in ("", "functions.")
    for name in ("create_database", "database_exists", "drop_database")
} | {_JOB_STORE: (0, "url")}
"""Which argument is the URL of a sync driver: its position and its name."""
