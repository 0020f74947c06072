"""The requirements of a project: the packages it declares, and the versions it locks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Final, TypeAlias

import msgspec
from msgspec import Struct, field
from packaging.specifiers import Specifier, SpecifierSet
from packaging.version import InvalidVersion
from packaging.version import Version as _Version

Version: TypeAlias = tuple[int, ...]


class Requirement(Struct, frozen=True):
    """A declared package with its extras.

    ``spec`` is the version constraint; None if the constraint is not known.
    """

    name: str
    extras: frozenset[str] = frozenset()
    spec: str | None = ""


UNKNOWN: Final = Requirement("", spec=None)
"""Stands for what is not understood, and may ask for any package."""


class Requirements(Struct, frozen=True):
    """All declared requirements of a project, and the versions in its lock."""

    declared: tuple[Requirement, ...] = ()
    locked: tuple[tuple[str, str], ...] = ()

    @property
    def is_understood(self) -> bool:
        """Whether every declaration was understood."""
        return UNKNOWN not in self.declared

    def named(self, name: str) -> list[Requirement]:
        """The declarations of one package, in any file."""
        return [requirement for requirement in self.declared if requirement.name == name]

    def at_least(self, name: str, version: Version) -> bool | None:
        """Whether the installed version is this one or later; None if that is not known."""
        locked = {_release(found) >= version for package, found in self.locked if package == name}
        if locked:
            return locked.pop() if len(locked) == 1 else None
        said = {_at_least(requirement.spec, version) for requirement in self.named(name)} - {None}
        return said.pop() if len(said) == 1 else None

    def is_kept_below(self, name: str, version: Version) -> bool:
        """Whether one of the requirements keeps a package below a version, and no lock says otherwise."""
        below = any(_at_least(requirement.spec, version) is False for requirement in self.named(name))
        return below and self.at_least(name, version) is not True

    def may_be_below(self, name: str, version: Version) -> bool:
        """Whether a package is declared in a way that allows an older version than this one."""
        return bool(self.named(name)) and self.at_least(name, version) is not True

    def may_be_prerelease(self, name: str) -> bool:
        """Whether a version before a release may be installed, which may be older than its number says."""
        written = [version for package, version in self.locked if package == name]
        written += [clause.version for one in self.named(name) for clause in SpecifierSet(one.spec or "")]
        return any(_PRERELEASE.search(version) for version in written)

    def brings(self, names: Iterable[str]) -> bool:
        """Whether one of some packages is declared or locked."""
        wanted = set(names)
        return not (
            wanted.isdisjoint([requirement.name for requirement in self.declared])
            and wanted.isdisjoint([package for package, _ in self.locked])
        )

    def unlocked(self) -> tuple[Requirement, ...]:
        """The declared packages if no lock lists their dependencies; otherwise nothing."""
        return () if self.locked else self.declared


NOTHING: Final = Requirements()
_FRAMEWORKS: Final = ("fastapi", "sqlalchemy", "sqlmodel")
_PRERELEASE: Final = re.compile(r"\d\.?(a|b|rc|alpha|beta|dev)", re.IGNORECASE)


class RequirementFiles(Struct, frozen=True):
    """The requirements in each folder; the root is the empty string."""

    by_folder: Mapping[str, Requirements] = field(default_factory=dict)

    def of(self, path: str) -> Requirements:
        """The requirements for the code in a file: those of the nearest folder above it that has any.

        If there is none, those of all folders whose requirements are an application's.
        """
        folder = path
        while folder:
            folder = folder.rpartition("/")[0]
            if folder in self.by_folder:
                return self.by_folder[folder]
        applications = [found for found in self.by_folder.values() if found.brings(_FRAMEWORKS)]
        return applications[0] if len(applications) == 1 else _joined(applications)


def _joined(several: Iterable[Requirements]) -> Requirements:
    """The requirements of several applications: where one locks a version, the others may have another."""
    declared: dict[Requirement, None] = {}
    for one in several:
        pinned = (Requirement(name, spec=f"=={version}") for name, version in one.locked)
        declared |= dict.fromkeys((*one.declared, *pinned))
    return Requirements(tuple(declared))


def encode(files: RequirementFiles) -> bytes:
    """Requirements as bytes, for the cache."""
    return msgspec.msgpack.encode(files)


def decode(data: bytes) -> RequirementFiles | None:
    """Requirements from bytes; None if they are no requirements."""
    try:
        return msgspec.msgpack.decode(data, type=RequirementFiles)
    except (msgspec.DecodeError, RecursionError):
        return None


def _release(text: str) -> Version:
    try:
        return _Version(text).release
    except InvalidVersion:
        return ()


@cache
def _at_least(spec: str | None, wanted: Version) -> bool | None:
    """Whether all versions that a constraint allows are this version or later, or none of them is."""
    verdicts = {_clause(clause, wanted) for clause in SpecifierSet(spec or "")}
    if True in verdicts:
        return True
    return False if False in verdicts else None


def _clause(clause: Specifier, wanted: Version) -> bool | None:
    op, version = clause.operator, _release(clause.version.removesuffix(".*"))
    if op == "!=" or not version:
        return None
    low, high = version, None
    if op in ("<", "<="):
        low, high = (), version
    elif op in ("==", "==="):
        high = _next(version, len(version)) if clause.version.endswith(".*") else (*version, 1)
    elif op == "~=":
        high = _next(version, max(1, len(version) - 1))
    if low >= wanted:
        return True
    below = high is not None and high <= wanted and not (op == "<=" and high == wanted)
    return False if below else None


def _next(version: Version, places: int) -> Version:
    """The first version after all versions that begin with the given parts."""
    return (*version[: places - 1], version[places - 1] + 1)
