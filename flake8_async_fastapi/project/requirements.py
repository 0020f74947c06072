"""What a project says it needs: the packages it declares, and the versions it locked.

Read from ``pyproject.toml`` (PEP 621, dependency groups, Poetry, PDM), ``setup.cfg``,
requirements files and the locks of uv, Poetry and PDM.  A line that is not understood
says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

Version: TypeAlias = tuple[int, ...]

_REQUIREMENT: Final = re.compile(
    r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[(?P<extras>[^\]]*)\])?\s*(?P<spec>[^;#]*)"
)
_QUOTED: Final = re.compile(r"\"([^\"]*)\"|'([^']*)'")
_LOCKED: Final = re.compile(r'^\[\[package\]\]\nname = "([^"]+)"\nversion = "([^"]+)"', re.MULTILINE)
_POETRY: Final = re.compile(r"^(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)\s*=\s*(?P<value>.+)$")
_CLAUSE: Final = re.compile(
    r"(?P<op>===|==|~=|>=|<=|!=|>|<|\^|~|=)?\s*v?(?P<version>\d+(?:\.\d+)*)(?P<any>\.\*)?"
)


@dataclass(frozen=True, slots=True)
class Requirement:
    """One package that a file asks for, with its extras and the text on its versions."""

    name: str
    extras: frozenset[str] = frozenset()
    spec: str = ""


@dataclass(frozen=True, slots=True)
class Requirements:
    """All that the files of a project ask for, and what a lock says it gets."""

    declared: tuple[Requirement, ...] = ()
    locked: tuple[tuple[str, str], ...] = ()

    def named(self, name: str) -> list[Requirement]:
        """What is declared of one package, in any file."""
        return [requirement for requirement in self.declared if requirement.name == name]

    def at_least(self, name: str, version: Version) -> bool | None:
        """Whether the version that is installed is this one or later; None where that is not said."""
        locked = {_version(found) >= version for package, found in self.locked if package == name}
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


def read_requirements(texts: Mapping[str, str]) -> RequirementFiles:
    """Read the files that say what a project needs, given by their paths."""
    folders: dict[str, dict[str, str]] = {}
    for path, text in texts.items():
        folder = path.rpartition("/")[0]
        if folder == "requirements" or folder.endswith("/requirements"):
            folder = folder.rpartition("/")[0]
        folders.setdefault(folder, {})[path] = text
    read = {folder: _read(files) for folder, files in folders.items()}
    return RequirementFiles({folder: found for folder, found in read.items() if found != NOTHING})


def _read(texts: Mapping[str, str]) -> Requirements:
    declared: dict[Requirement, None] = {}
    locked: dict[tuple[str, str], None] = {}
    for path, text in sorted(texts.items()):
        name = path.rpartition("/")[2]
        if name.endswith(".lock"):
            locked.update(dict.fromkeys((_canonical(n), version) for n, version in _LOCKED.findall(text)))
        elif name == "pyproject.toml":
            declared.update(dict.fromkeys(_of_pyproject(text)))
        elif name == "setup.cfg":
            declared.update(dict.fromkeys(_of_setup_cfg(text)))
        elif name.endswith((".txt", ".in")):
            declared.update(dict.fromkeys(_of_lines(text.splitlines())))
    return Requirements(tuple(declared), tuple(locked))


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _parsed(text: str) -> Iterator[Requirement]:
    match = _REQUIREMENT.match(text.strip())
    if match is not None:
        extras = frozenset(_canonical(extra.strip()) for extra in (match["extras"] or "").split(",") if extra)
        yield Requirement(_canonical(match["name"]), extras, match["spec"].strip())


def _of_lines(lines: Iterable[str]) -> Iterator[Requirement]:
    for line in lines:
        if line.strip() and not line.lstrip().startswith(("#", "-")):
            yield from _parsed(line)


def _of_setup_cfg(text: str) -> Iterator[Requirement]:
    section, wanted = "", False
    for line in text.splitlines():
        if line.startswith("["):
            section, wanted = line.strip(" []"), False
        elif line[:1].strip():
            wanted = line.startswith("install_requires") or section == "options.extras_require"
            yield from _of_lines([line.partition("=")[2]] if wanted else [])
        elif wanted:
            yield from _of_lines([line])


def _of_pyproject(text: str) -> Iterator[Requirement]:
    section, inside = "", False
    for line in text.splitlines():
        stripped = line.strip()
        if line.startswith("["):
            section, inside = stripped.strip("[]"), False
        elif section.startswith("tool.poetry") and section.endswith("dependencies"):
            yield from _of_poetry(stripped)
        elif section in ("project.optional-dependencies", "dependency-groups", "tool.pdm.dev-dependencies"):
            yield from _of_strings(stripped.partition("= [")[2] or stripped)
        elif section == "project" or section == "tool.uv":
            if re.match(r"(dev-)?dependencies\s*=", stripped):
                inside = True
                stripped = stripped.partition("=")[2]
            if inside:
                yield from _of_strings(stripped)
                inside = not stripped.endswith("]")


def _of_strings(line: str) -> Iterator[Requirement]:
    if not line.startswith("#"):
        for double, single in _QUOTED.findall(line):
            yield from _parsed(double or single)


def _of_poetry(line: str) -> Iterator[Requirement]:
    match = _POETRY.match(line)
    if match is None:
        return
    value = match["value"]
    extras = re.search(r"extras\s*=\s*\[([^\]]*)\]", value)
    version = (
        re.search(r"version\s*=\s*[\"']([^\"']*)", value) if value.startswith("{") else _QUOTED.match(value)
    )
    found = "" if version is None else next(filter(None, version.groups()), "")
    spec = "" if found == "*" else re.sub(r"^(?=\d)", "==", found)
    named = frozenset(_canonical(a or b) for a, b in _QUOTED.findall(extras[1])) if extras else frozenset()
    yield Requirement(_canonical(match["name"]), named, spec)


# --- versions ----------------------------------------------------------------------------


def _version(text: str) -> Version:
    return tuple(int(part) for part in re.findall(r"\d+", text)[:3])


def _at_least(spec: str, wanted: Version) -> bool | None:
    """Whether all versions that a text allows are this one or later, or none is."""
    if "||" in spec or "@" in spec:
        return None
    verdicts = [_clause(match, wanted) for match in _CLAUSE.finditer(spec)]
    if True in verdicts:
        return True
    return False if False in verdicts else None


def _clause(match: re.Match[str], wanted: Version) -> bool | None:
    op, version = match["op"] or "==", tuple(map(int, match["version"].split(".")))
    if op == "!=":
        return None
    low, high = version, None
    if op in ("<", "<="):
        low, high = (), version
    elif op in ("==", "===", "="):
        high = _next(version, len(version)) if match["any"] else (*version, 1)
    elif op == "~=":
        high = _next(version, max(1, len(version) - 1))
    elif op == "^":
        high = _next(version, next((at for at, part in enumerate(version, 1) if part), len(version)))
    elif op == "~":
        high = _next(version, min(2, len(version)))
    if low >= wanted:
        return True
    below = high is not None and high <= wanted and not (op == "<=" and high == wanted)
    return False if below else None


def _next(version: Version, places: int) -> Version:
    """The first version after all that begin with some places of this one."""
    return (*version[: places - 1], version[places - 1] + 1)
