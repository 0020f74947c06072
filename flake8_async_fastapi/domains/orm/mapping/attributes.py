"""The attributes that a class maps, as data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias

from msgspec import Struct

from flake8_async_fastapi.engine.values import ClassValue

COLUMN: Final = "sqlalchemy.Column"


class Column(Struct, frozen=True):
    """A mapped column or SQL expression.

    ``deferred``: queries load it only if asked to. ``on_update``: the database computes it anew with every
    UPDATE (``sql``), or may do so (``?``). ``on_insert``: the same for a default that only the database
    knows. ``has_default``: there is or may be a default, so that a new object has a value that the code did
    not set. ``expression``: a ``column_property``, which no flush reloads. ``references``: the table of its
    foreign key, or the class that the key names. ``is_key``: a part of the primary key. ``group``: what it is
    deferred with, ``?`` for a name that is not known.
    """

    deferred: bool = False
    on_update: str = ""
    on_insert: str = ""
    has_default: bool = False
    expression: bool = False
    references: str = ""
    is_key: bool = False
    group: str = ""
    in_repr: bool = True


class Relationship(Struct, frozen=True):
    """A relationship: its target, its default load strategy, and whether it is a collection.

    ``target`` is None and the others empty or None if they are not known. ``to_one`` says that the foreign
    key is on this side. ``inverse`` is the attribute of the target that ``back_populates`` or ``backref``
    names. ``keys`` are the names of the foreign key columns of a many-to-one. ``has_remote_side``: the
    declaration says which columns are on the other side.
    """

    target: ClassValue | None
    lazy: str
    is_collection: bool | None
    to_one: bool | None = None
    inverse: str = ""
    keys: tuple[str, ...] | None = None
    defaults: bool = False
    has_depth: bool = False
    has_remote_side: bool = False
    in_repr: bool = True


class AssociationProxy(Struct, frozen=True):
    """An ``association_proxy``: reading it reads a relationship, and an attribute of its target."""

    through: str
    attribute: str
    in_repr: bool = False


class Synonym(Struct, frozen=True):
    """A ``synonym``: another name of an attribute."""

    of: str


Attribute: TypeAlias = Column | Relationship | AssociationProxy


class Model(Struct, frozen=True):
    """The attributes that a class maps. ``eager_defaults`` is ``on``, ``off``, ``auto`` or ``?``.

    ``is_dataclass``: a subclass of ``MappedAsDataclass``, whose constructor takes the attributes in order.
    ``is_complete``: every base is known, so there are no other attributes. ``synonyms`` are other names.
    """

    attributes: Mapping[str, Attribute]
    eager_defaults: str = "auto"
    is_polymorphic: bool = False
    is_dataclass: bool = False
    is_complete: bool = True
    synonyms: Mapping[str, str] = {}

    def __hash__(self) -> int:
        return hash((self.eager_defaults, self.is_polymorphic, self.is_dataclass, self.is_complete))

    def name_of(self, name: str) -> str:
        """The name under which an attribute is mapped, which may have synonyms."""
        return self.synonyms.get(name, name)

    def relationships(self) -> Iterator[tuple[str, Relationship]]:
        return ((name, found) for name, found in self.attributes.items() if isinstance(found, Relationship))
