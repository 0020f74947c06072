"""Library classes from which a project derives its own classes.

Source: the documentation of Pydantic, SQLModel and SQLAlchemy.
"""

from __future__ import annotations

from typing import Final

RECORDS: Final[frozenset[str]] = frozenset(
    {"pydantic.BaseModel", "sqlmodel.SQLModel", "sqlalchemy.orm.DeclarativeBase"}
)
"""Their constructors keep the arguments as plain data."""

TRANSPARENT: Final[frozenset[str]] = frozenset({
    "pydantic.BaseModel",
    "sqlalchemy.ext.asyncio.AsyncAttrs",
    "sqlalchemy.orm.DeclarativeBase",
    "sqlalchemy.orm.DeclarativeBaseNoMeta",
    "sqlalchemy.orm.MappedAsDataclass",
    "sqlmodel.SQLModel",
    "sqlmodel.main.SQLModel",
})
"""They define no names but those of ``OWN_NAMES`` and those that begin with ``model_`` or ``_``."""

OWN_NAMES: Final[frozenset[str]] = frozenset({
    "awaitable_attrs", "construct", "copy", "dict", "fields", "from_orm", "json", "metadata", "parse_file",
    "parse_obj", "parse_raw", "registry", "schema", "schema_json", "sqlmodel_update", "type_annotation_map",
    "update_forward_refs", "validate",
})

PROPERTIES: Final[frozenset[str]] = frozenset({
    "abc.abstractproperty",
    "builtins.property",
    "functools.cached_property",
    "sqlalchemy.ext.hybrid.hybrid_property",
})
"""Decorators that make a property of a method."""
