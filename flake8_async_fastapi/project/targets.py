"""The targets of imports: a file, a name in a file, a namespace package, or something outside the project."""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct


class ModuleTarget(Struct, frozen=True):
    """An import that means a file of the project."""

    path: str


class NameTarget(Struct, frozen=True):
    """An import that means a name in a file of the project."""

    path: str
    name: str


class FolderTarget(Struct, frozen=True):
    """An import of a namespace package; ``dotted`` is its path as seen from the importer."""

    dotted: str
    importer: str


class LibraryTarget(Struct, frozen=True):
    """An import of something outside the project."""

    dotted: str


Target: TypeAlias = ModuleTarget | NameTarget | FolderTarget | LibraryTarget
