"""Library classes from which a project derives its own classes.

Source: the documentation of Pydantic, SQLModel and SQLAlchemy.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

RECORDS: Final[frozenset[str]] = frozenset(
    {"pydantic.BaseModel", "sqlmodel.SQLModel", "sqlalchemy.orm.DeclarativeBase"}
)
"""Their constructors keep the arguments as plain data."""

_PYDANTIC: Final = frozenset({
    "construct", "copy", "dict", "fields", "from_orm", "json", "parse_file", "parse_obj", "parse_raw",
    "schema", "schema_json", "update_forward_refs", "validate",
})
_MAPPER: Final = frozenset({"metadata", "registry", "type_annotation_map"})

TRANSPARENT: Final[Mapping[str, frozenset[str]]] = {
    "pydantic.BaseModel": _PYDANTIC,
    "sqlalchemy.ext.asyncio.AsyncAttrs": frozenset({"awaitable_attrs"}),
    "sqlalchemy.orm.DeclarativeBase": _MAPPER,
    "sqlalchemy.orm.DeclarativeBaseNoMeta": _MAPPER,
    "sqlalchemy.orm.MappedAsDataclass": frozenset(),
    "sqlmodel.SQLModel": _PYDANTIC | _MAPPER | {"sqlmodel_update"},
    "sqlmodel.main.SQLModel": _PYDANTIC | _MAPPER | {"sqlmodel_update"},
}
"""The names that they define, besides those that begin with ``model_`` or ``_``."""

PROPERTIES: Final[frozenset[str]] = frozenset({
    "abc.abstractproperty",
    "builtins.property",
    "functools.cached_property",
    "sqlalchemy.ext.hybrid.hybrid_property",
})
"""Decorators that make a property of a method."""

INJECTIONS: Final[frozenset[str]] = frozenset({"FromDishka", "Injected"})
"""The last names of generic types that mark what a container passes: those of dishka, injector and wireup."""

VALIDATORS: Final[frozenset[str]] = frozenset({
    "pydantic.field_validator",
    "pydantic.model_validator",
    "pydantic.root_validator",
    "pydantic.validator",
})
"""Decorators of methods that run when a Pydantic model is created or a request is validated."""

RUN_AFTER_INIT: Final[frozenset[str]] = frozenset({"__post_init__", "model_post_init"})
"""Methods that the generated constructors of dataclasses and Pydantic models call."""
