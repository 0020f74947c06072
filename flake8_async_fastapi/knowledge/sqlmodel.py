"""SQLModel: its sessions, its `select`, and its re-exports of SQLAlchemy.

Source: introspection of SQLModel 0.0.50.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

TYPES: Final[Mapping[str, str]] = {
    # exec returns scalars for one entity and rows for several, so its items are unknown.
    "sqlmodel.ext.asyncio.session.AsyncSession": """
        bases: sqlalchemy.ext.asyncio.AsyncSession
        async exec -> sqlmodel._ExecResult
        property sync_session -> sqlmodel.Session
    """,
    "sqlmodel.Session": """
        bases: sqlalchemy.orm.Session
        def exec -> sqlmodel._ExecResult
    """,
    # The common members of ScalarResult and Result; those of rows are unknown.
    "sqlmodel._ExecResult": """
        protocols: with iter
        enter -> self
        item -> object
        def all fetchall fetchmany -> list
        def first one one_or_none -> object
        def close -> None
        def partitions -> object
        def unique yield_per -> self
        property closed -> bool
    """,
    "sqlmodel.sql.expression.SelectOfScalar": """
        bases: sqlalchemy.Select
    """,
}

FUNCTIONS: Final[Mapping[str, str]] = {
    "sqlmodel.select": "def -> sqlmodel.sql.expression.SelectOfScalar",
    "sqlmodel.col": "def -> object",
    "sqlmodel.Relationship": "def -> sqlalchemy.orm.Relationship",
    "sqlmodel.Field": "def -> sqlalchemy.Column",
}

ALIASES: Final[Mapping[str, str]] = {
    "sqlmodel.orm.session.Session": "sqlmodel.Session",
    "sqlmodel.sql.expression.select": "sqlmodel.select",
    "sqlmodel.sql.expression.Select": "sqlmodel.sql.expression.SelectOfScalar",
    "sqlmodel.sql.expression.col": "sqlmodel.col",
    "sqlmodel.main.Relationship": "sqlmodel.Relationship",
    "sqlmodel.main.Field": "sqlmodel.Field",
    "sqlmodel.Column": "sqlalchemy.Column",
    "sqlmodel.ForeignKey": "sqlalchemy.ForeignKey",
    "sqlmodel.Computed": "sqlalchemy.Computed",
    **{
        f"sqlmodel.{name}": f"sqlalchemy.{name}"
        for name in """
            MetaData and_ asc bindparam case cast column create_engine delete desc distinct
            engine_from_config except_ except_all exists extract false insert inspect intersect
            intersect_all join lateral literal literal_column not_ null or_ outerjoin text true tuple_
            type_coerce union union_all update values
        """.split()
    },
}
