"""Exceptions of libraries: which are derived from which.

``tests/knowledge/test_exceptions.py`` compares them with the installed libraries.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from typing import Final

_ROOT: Final = "builtins.Exception"

BASES: Final = {
    "asyncio.CancelledError": "builtins.BaseException",
    "fastapi.HTTPException": "starlette.exceptions.HTTPException",
    "starlette.exceptions.HTTPException": _ROOT,
    "sqlalchemy.exc.SQLAlchemyError": _ROOT,
    "sqlalchemy.exc.InvalidRequestError": "sqlalchemy.exc.SQLAlchemyError",
    "sqlalchemy.exc.PendingRollbackError": "sqlalchemy.exc.InvalidRequestError",
    "sqlalchemy.exc.NoResultFound": "sqlalchemy.exc.InvalidRequestError",
    "sqlalchemy.exc.MultipleResultsFound": "sqlalchemy.exc.InvalidRequestError",
    "sqlalchemy.exc.StatementError": "sqlalchemy.exc.SQLAlchemyError",
    "sqlalchemy.exc.DBAPIError": "sqlalchemy.exc.StatementError",
    "sqlalchemy.exc.InterfaceError": "sqlalchemy.exc.DBAPIError",
    "sqlalchemy.exc.DatabaseError": "sqlalchemy.exc.DBAPIError",
    "sqlalchemy.exc.DataError": "sqlalchemy.exc.DatabaseError",
    "sqlalchemy.exc.IntegrityError": "sqlalchemy.exc.DatabaseError",
    "sqlalchemy.exc.InternalError": "sqlalchemy.exc.DatabaseError",
    "sqlalchemy.exc.OperationalError": "sqlalchemy.exc.DatabaseError",
    "sqlalchemy.exc.ProgrammingError": "sqlalchemy.exc.DatabaseError",
}
"""The base of an exception, by their dotted names."""

ALIASES: Final = {
    "asyncio.exceptions.CancelledError": "asyncio.CancelledError",
    "fastapi.exceptions.HTTPException": "fastapi.HTTPException",
    "sqlalchemy.orm.exc.MultipleResultsFound": "sqlalchemy.exc.MultipleResultsFound",
    "sqlalchemy.orm.exc.NoResultFound": "sqlalchemy.exc.NoResultFound",
}
"""Other names of exceptions."""


def is_derived(name: str, base: str) -> bool | None:
    """Whether an exception is another one, or derived from it; None if that is not known."""
    base = ALIASES.get(base, base)
    order = list(_order(ALIASES.get(name, name)))
    if base in order:
        return True
    if not order[-1].startswith("builtins."):
        return True if base in (_ROOT, "builtins.BaseException") else None
    return False if base in BASES or base.startswith("builtins.") else None


def is_of_databases(name: str) -> bool:
    """Whether an exception comes from a database: no code has a ``raise`` for it."""
    return name in BASES and name.startswith("sqlalchemy.")


def _order(name: str) -> Iterator[str]:
    """An exception and those that it is derived from, as far as they are known."""
    yield name
    while name in BASES:
        name = BASES[name]
        yield name
    own = getattr(builtins, name.removeprefix("builtins."), None) if name.startswith("builtins.") else None
    if isinstance(own, type):
        yield from (f"builtins.{base.__name__}" for base in own.__mro__[1:])
