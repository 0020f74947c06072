"""The values of expressions, as far as the conversion needs to know them."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final, TypeAlias, TypeGuard


@dataclass(frozen=True)
class Library:
    """A name of a library, by its dotted path."""

    name: str


@dataclass(frozen=True)
class Module:
    """A file of the project."""

    path: str


@dataclass(frozen=True)
class Class:
    """A class of the project."""

    path: str
    name: str


@dataclass(frozen=True)
class Callee:
    """A function of the project; ``receiver`` is the object that it was read from, if any."""

    path: str
    name: str
    receiver: str = ""


@dataclass(frozen=True)
class Instance:
    """An object of a class of the project."""

    path: str
    name: str


@dataclass(frozen=True)
class Known:
    """An object of a library, by its kind: see the constants below.

    ``origin`` is the place that makes it, where that matters: see ``CLIENT``.
    """

    kind: str
    origin: str = ""


@dataclass(frozen=True)
class Many:
    """An iterable or a context manager, with the value of its items or of its target."""

    item: Value | None


@dataclass(frozen=True)
class Several:
    """A tuple, with the value of each of its items."""

    items: tuple[Value | None, ...]

    def part(self, place: int) -> Value | None:
        """The item at a place; None if there is none."""
        return self.items[place] if -len(self.items) <= place < len(self.items) else None

    def part_at(self, index: ast.expr) -> Value | None:
        """The item at a place that code writes down."""
        is_place = isinstance(index, ast.Constant) and isinstance(index.value, int)
        return self.part(index.value) if is_place else None  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Maker:
    """A callable, with the value that it returns."""

    made: Value | None


@dataclass(frozen=True)
class Query:
    """A legacy query.

    ``session`` is the text of the expression for its session, valid where the query is used. ``kind`` is
    ``entity``, ``row`` or ``value`` (one column, of an aggregate: a single row). ``entity`` is the text of
    its only entity. ``unique`` says that rows may repeat an entity, which a query leaves out; one
    ``of_columns`` keeps all rows. ``filtered`` says that it is more than ``session.query(Entity)``.
    """

    session: str
    kind: str
    entity: str = ""
    model: Value | None = None
    unique: bool = False
    filtered: bool = False
    of_columns: bool = False

    def after(self, *, unique: bool = False) -> Query:
        """The query after one more method."""
        return replace(self, unique=self.unique or (unique and not self.of_columns), filtered=True)


Value: TypeAlias = "Library | Module | Class | Callee | Instance | Known | Many | Several | Maker | Query"

SESSION: Final = Known("session")
ENGINE: Final = Known("engine")
FACTORY: Final = Known("factory")
CONNECTION: Final = Known("connection")
TRANSACTION: Final = Known("transaction")
"""What is entered as a context and gives nothing that is looked at."""
CLIENT: Final = Known("client")
"""A ``TestClient`` that becomes an ``AsyncClient``; without an origin if an annotation says all."""
PLAIN_CLIENT: Final = Known("plain client")
"""A ``TestClient`` that stays one."""
APPLICATION: Final = Known("application")
OTHER: Final = Known("other")
"""An object of a library that does not matter, or a literal."""


def best(found: Iterable[Value | None]) -> Value | None:
    """The first known value; one that does not matter only if there is no other."""
    known = [value for value in found if value is not None]
    return next((value for value in known if value != OTHER), known[0] if known else None)


def is_client(value: Value | None) -> TypeGuard[Known]:
    """Whether a value is a client of tests that becomes async."""
    return isinstance(value, Known) and value.kind == CLIENT.kind


def is_plain_client(value: Value | None) -> TypeGuard[Known]:
    """Whether a value is a client of tests that stays synchronous."""
    return isinstance(value, Known) and value.kind == PLAIN_CLIENT.kind
