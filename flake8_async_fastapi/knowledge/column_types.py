"""The values that column types accept, by driver: an async driver converts less than others do.

Source: docs/behaviour.md#types-of-values, programs that were run with asyncpg and PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# The kind of a column, by SQLAlchemy's type.  That of a `DateTime` depends on `timezone`.
TYPES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("sqlalchemy.Date", "sqlalchemy.DATE"), "date"),
    **dict.fromkeys(("sqlalchemy.Time", "sqlalchemy.TIME"), "time"),
    **dict.fromkeys(
        ("sqlalchemy.String", "sqlalchemy.Text", "sqlalchemy.Unicode", "sqlalchemy.UnicodeText",
         "sqlalchemy.VARCHAR", "sqlalchemy.TEXT", "sqlmodel.AutoString"),
        "text",
    ),
    **dict.fromkeys(
        ("sqlalchemy.Integer", "sqlalchemy.BigInteger", "sqlalchemy.SmallInteger", "sqlalchemy.INTEGER"),
        "integer",
    ),
    **dict.fromkeys(("sqlalchemy.Boolean", "sqlalchemy.BOOLEAN"), "boolean"),
    **dict.fromkeys(
        (*(f"{package}.{name}" for package in ("sqlalchemy", "sqlalchemy.types")
           for name in ("ARRAY", "PickleType")),
         *(f"sqlalchemy.dialects.postgresql.{name}" for name in ("ARRAY", "HSTORE"))),
        "container",
    ),
    **dict.fromkeys(
        ("sqlalchemy.JSON", "sqlalchemy.types.JSON",
         *(f"sqlalchemy.dialects.postgresql.{name}" for name in ("JSON", "JSONB")),
         *(f"sqlalchemy.dialects.{name}.JSON" for name in ("mysql", "sqlite", "mssql"))),
        "json",
    ),
}  # fmt: skip
CONTAINERS: Final = frozenset({"container", "json"})
"""The kinds of columns with values that can be changed in place."""
MOMENTS: Final = frozenset({"sqlalchemy.DateTime", "sqlalchemy.DATETIME", "sqlalchemy.TIMESTAMP"})
# The kind of a column that only has an annotation.
ANNOTATIONS: Final[Mapping[str, str]] = {
    "datetime.datetime": "naive moment",
    "datetime.date": "date",
    "datetime.time": "time",
    "builtins.str": "text",
    "builtins.int": "integer",
    "builtins.bool": "boolean",
    "uuid.UUID": "uuid",
}
SINCE_AWARE: Final = (0, 0, 45)
"""The first SQLModel that makes a column with a time zone of ``datetime``; its release notes say so."""
MOMENT: Final = "moment"
"""The kind of a column for times of which it is not known whether they have a zone."""
_TIMES: Final = ("naive moment", "aware moment", MOMENT, "date", "time")
# The kinds of values, by their types: those that the code makes, and fields of Pydantic.
VALUES: Final[Mapping[str, str]] = {
    "datetime.datetime.aware": "aware",
    "datetime.datetime": "moment",
    "datetime.date": "moment",
    "datetime.time": "moment",
    "decimal.Decimal": "decimal",
    **dict.fromkeys(("uuid.UUID.made", "uuid.UUID", "pydantic.UUID4"), "uuid"),
    **dict.fromkeys(
        (f"pydantic.{name}" for name in ("AnyHttpUrl", "AnyUrl", "FileUrl", "HttpUrl", "WebsocketUrl")), "url"
    ),
    **dict.fromkeys(("pydantic.SecretBytes", "pydantic.SecretStr"), "secret"),
}
NOT_FOR_JSON: Final = frozenset(
    {"aware", "decimal", "enum", "moment", "schema", "secret", "set", "url", "uuid"}
)
"""The kinds of values that ``json.dumps()`` refuses."""
_UNBOUND: Final = ("dict", "enum", "list", "schema", "secret", "set", "tuple", "url")
"""The kinds of values that no driver takes for a column of one text or number."""
# The kinds of values that fail for a kind of column, also in conditions: with asyncpg.
REFUSED_BY_ASYNCPG: Final = frozenset(
    {
        ("naive moment", "aware"), ("text", "number"), ("uuid", "number"), ("integer", "text"),
        ("boolean", "text"), ("text", "uuid"), ("text", "decimal"), ("text", "moment"), ("text", "aware"),
        *((time, value) for time in _TIMES for value in ("text", "number")),
        *((column, value) for column in ("text", "integer") for value in _UNBOUND),
    }
)  # fmt: skip
# The same for SQLite, where only written values fail.
REFUSED_BY_SQLITE: Final = frozenset(
    {
        ("uuid", "text"), ("uuid", "number"), ("boolean", "text"), ("text", "uuid"), ("text", "decimal"),
        *((time, value) for time in _TIMES for value in ("text", "number")),
        *((column, value) for column in ("text", "integer") for value in _UNBOUND),
    }
)  # fmt: skip
