"""What a project says it needs: the packages it declares, and the versions it locked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Final, TypeAlias

from packaging.specifiers import Specifier, SpecifierSet
from packaging.version import InvalidVersion
from packaging.version import Version as _Version

Version: TypeAlias = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Requirement:
    """One package that a file asks for, with its extras.

    ``spec`` is the text on its versions; None where it allows nobody knows which.
    """

    name: str
    extras: frozenset[str] = frozenset()
    spec: str | None = ""


UNKNOWN: Final = Requirement("", spec=None)
"""Stands for what is not understood, and may ask for any package."""


@dataclass(frozen=True, slots=True)
class Requirements:
    """All that the files of a project ask for, and what a lock says it gets."""

    declared: tuple[Requirement, ...] = ()
    locked: tuple[tuple[str, str], ...] = ()

    @property
    def is_understood(self) -> bool:
        """Whether nothing is declared beside what is known."""
        return UNKNOWN not in self.declared

    def named(self, name: str) -> list[Requirement]:
        """What is declared of one package, in any file."""
        return [requirement for requirement in self.declared if requirement.name == name]

    def at_least(self, name: str, version: Version) -> bool | None:
        """Whether the version that is installed is this one or later; None where that is not said."""
        locked = {_release(found) >= version for package, found in self.locked if package == name}
        if locked:
            return locked.pop() if len(locked) == 1 else None
        said = {_at_least(requirement.spec, version) for requirement in self.named(name)} - {None}
        return said.pop() if len(said) == 1 else None

    def may_be_below(self, name: str, version: Version) -> bool:
        """Whether a package is declared, and so that an older version is as good."""
        return bool(self.named(name)) and self.at_least(name, version) is not True

    def brings(self, names: Iterable[str]) -> bool:
        """Whether one of some packages is declared or locked."""
        wanted = set(names)
        return any(requirement.name in wanted for requirement in self.declared) or any(
            package in wanted for package, _ in self.locked
        )

    def unlocked(self) -> tuple[Requirement, ...]:
        """What is declared, if no lock names what it brings along; else nothing."""
        return () if self.locked else self.declared


NOTHING: Final = Requirements()


@dataclass(frozen=True, slots=True)
class RequirementFiles:
    """What the files in each folder ask for; the root is the empty text."""

    by_folder: Mapping[str, Requirements] = field(default_factory=dict)

    def of(self, path: str) -> Requirements:
        """What the code in a file needs: said in the nearest folder above it that says anything."""
        folder = path
        while folder:
            folder = folder.rpartition("/")[0]
            if folder in self.by_folder:
                return self.by_folder[folder]
        return NOTHING


def _release(text: str) -> Version:
    try:
        return _Version(text).release
    except InvalidVersion:
        return ()


@cache
def _at_least(spec: str | None, wanted: Version) -> bool | None:
    """Whether all versions that a text allows are this one or later, or none is."""
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
    """The first version after all that begin with some places of this one."""
    return (*version[: places - 1], version[places - 1] + 1)
