"""The targets of imports: a file, a name in a file, a namespace package, or something outside the project."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class ModuleTarget:
    """An import that means a file of the project."""

    path: str


@dataclass(frozen=True, slots=True)
class NameTarget:
    """An import that means a name in a file of the project."""

    path: str
    name: str


@dataclass(frozen=True, slots=True)
class FolderTarget:
    """An import of a namespace package; ``dotted`` is its path as seen from the importer."""

    dotted: str
    importer: str


@dataclass(frozen=True, slots=True)
class LibraryTarget:
    """An import of something outside the project."""

    dotted: str


Target: TypeAlias = ModuleTarget | NameTarget | FolderTarget | LibraryTarget
