"""Read the files that declare the requirements of a project.

Supported are ``pyproject.toml`` (PEP 621, dependency groups, and the tables of uv, Poetry, PDM, Hatch, Rye
and Pixi), ``setup.cfg``, ``setup.py``, ``tox.ini``, ``Pipfile``, ``pixi.toml``, requirements files, and the
locks of uv, Poetry, PDM, Pipenv and PEP 751. Anything else becomes UNKNOWN.
"""

from __future__ import annotations

import ast
import configparser
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, Final, TypeAlias

from msgspec import Struct
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from flake8_async_fastapi.project.included import folder_of, inside, named_files
from flake8_async_fastapi.project.requirement_lines import parse_requirement, read_lines
from flake8_async_fastapi.project.requirements import (
    NOTHING,
    UNKNOWN,
    Requirement,
    RequirementFiles,
    Requirements,
)

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Item: TypeAlias = "Requirement | Locked"
"""What a file says: what it asks for, or what it locks."""

_FAILURES: Final = (
    ValueError, TypeError, AttributeError, LookupError, RecursionError, SyntaxError, configparser.Error
)  # fmt: skip
"""What a text raises that is not in its format, or holds other things than it should."""
_TOOLS: Final = ("poetry", "pdm", "hatch", "uv", "rye", "pixi", "flit")
_LISTS: Final = ("dependencies", "requires", "requires-extra")
_NOT_INSTALLED: Final = ("override", "constraint", "exclude")
_SETUP_KEYWORDS: Final = frozenset({"install_requires", "extras_require", "tests_require"})
_FACTOR: Final = re.compile(r"^[\w.,{}!-]+:\s+")
_PINNED: Final = re.compile(r"^([\w.-]+)(?:\[[^]]*\])?==([\w.!+-]+)", re.MULTILINE)
_SPACE: Final = re.compile(r"([<>=!~^]+)\s+")


class Locked(Struct, frozen=True):
    """A package with the version that a lock installs."""

    name: str
    version: str


def read_requirements(texts: Mapping[str, str]) -> RequirementFiles:
    """Read the requirements from files, given as texts by path."""
    folders: dict[str, list[str]] = {}
    for path in sorted(texts):
        folder = folder_of(path)
        if folder == "requirements" or folder.endswith("/requirements"):
            folder = folder_of(folder)
        folders.setdefault(folder, []).append(path)
    read = {folder: _read(paths, texts) for folder, paths in folders.items()}
    return RequirementFiles({folder: found for folder, found in read.items() if found != NOTHING})


def _read(paths: Iterable[str], texts: Mapping[str, str]) -> Requirements:
    declared: dict[Requirement, None] = {}
    locked: dict[tuple[str, str], None] = {}
    for path in paths:
        for item in _items(path, texts, frozenset()):
            if isinstance(item, Requirement):
                declared[item] = None
            else:
                locked[canonicalize_name(item.name), item.version] = None
    return Requirements(tuple(declared), tuple(locked))


def _items(path: str, texts: Mapping[str, str], above: frozenset[str]) -> Iterator[Item]:
    """The requirements in a file and in the files that it includes; ``above`` are the files that include
    it.
    """
    if path in above:
        return
    name, text = path.rpartition("/")[2], texts[path]
    for kind, reader in _READERS:
        if re.fullmatch(kind, name):
            try:
                yield from reader(text)
            except _FAILURES:
                yield UNKNOWN
            break
    for included in named_files(path, text):
        other = inside(path, included)
        if other in texts:
            yield from _items(other, texts, above | {path})
        else:
            yield UNKNOWN


# --- TOML ----------------------------------------------------------------------------------


def _of_pyproject(text: str) -> Iterator[Item]:
    table = tomllib.loads(text)
    project, tools = table.get("project", {}), table.get("tool", {})
    own = {canonicalize_name(one.get("name", "")) for one in (project, tools.get("poetry", {}))}
    groups = {"dependencies": table.get("dependency-groups", {})}
    tables = (project, groups, *(tools.get(tool, {}) for tool in _TOOLS))
    for item in chain.from_iterable(map(_of_table, tables)):
        if not isinstance(item, Requirement) or item.name not in own:
            yield item
    if "dependencies" in project.get("dynamic", ()) and not named_files("pyproject.toml", text):
        yield UNKNOWN  # a plugin of the build knows them


def _of_table(table: Mapping[str, Any]) -> Iterator[Item]:
    """All requirements in a table and in the tables below it."""
    for key, value in table.items():
        if key.endswith(_LISTS) and not key.startswith(_NOT_INSTALLED):
            yield from _declared(value)
        elif isinstance(value, dict):
            yield from _of_table(value)


def _declared(value: Any) -> Iterator[Item]:
    """A list of requirements, a table of such lists, or a table of versions by name."""
    if isinstance(value, list):
        for item in value:
            if isinstance(item, str):
                yield parse_requirement(item)
            elif "include-group" not in item:  # which is read as a group of its own
                yield UNKNOWN
    elif isinstance(value, dict):
        for name, said in value.items():
            if isinstance(said, list) and not _are_tables(said):
                yield from _declared(said)
            elif name != "python":
                # Poetry: a version, a table with one, or several of these for several platforms
                yield from (_versioned(name, one) for one in (said if isinstance(said, list) else [said]))
    else:
        yield UNKNOWN


def _are_tables(value: list[Any]) -> bool:
    return all(isinstance(one, dict) and "include-group" not in one for one in value)


def _versioned(name: str, said: Any) -> Requirement:
    table = {"version": said} if isinstance(said, str) else said
    extras = frozenset(map(canonicalize_name, table.get("extras", ())))
    version = table.get("version")
    return Requirement(canonicalize_name(name), extras, _spec(version) if isinstance(version, str) else None)


def _spec(text: str) -> str | None:
    """A version constraint in the notation of packaging; None if it cannot be written so."""
    clauses = [] if text in ("*", "") else re.split(r"[,\s]+", _SPACE.sub(r"\1", text.strip()))
    found = ",".join(map(_clause, clauses))
    try:
        SpecifierSet(found)
    except InvalidSpecifier:
        return None
    return found


def _clause(clause: str) -> str:
    sign, version = (clause[0], clause[1:]) if clause[:1] in "^~" else ("", clause)
    if sign and not version.startswith("="):
        parts = [int(part) for part in re.findall(r"\d+", version)]
        at = 1 if sign == "~" else next((at for at, part in enumerate(parts) if part), len(parts) - 1)
        at = min(at, len(parts) - 1)
        return f">={version},<{'.'.join(map(str, [*parts[:at], parts[at] + 1]))}" if parts else clause
    if clause[:1] == "=" and clause[1:2] != "=":  # conda's: all versions that begin so
        return f"=={clause[1:].removesuffix('.*')}.*"
    return f"=={clause}" if clause[:1].isdigit() else clause


def _of_pixi(text: str) -> Iterator[Item]:
    yield from _of_table(tomllib.loads(text))


def _of_pipfile(text: str) -> Iterator[Item]:
    table = tomllib.loads(text)
    for section in ("packages", "dev-packages"):
        yield from _declared(table.get(section, {}))


def _of_lock(text: str) -> Iterator[Item]:
    table = tomllib.loads(text)
    for package in table.get("package", []) or table.get("packages", []):
        yield Locked(package["name"], package.get("version", ""))


def _of_pipfile_lock(text: str) -> Iterator[Item]:
    table = json.loads(text)
    for section in ("default", "develop"):
        for name, said in table.get(section, {}).items():
            yield Locked(name, said.get("version", "").removeprefix("=="))


# --- INI and lines ---------------------------------------------------------------------------


def _of_setup_cfg(text: str) -> Iterator[Item]:
    sections = _ini(text)
    if sections.has_section("options"):
        for name in ("install_requires", "tests_require"):
            yield from read_lines(sections.get("options", name, fallback=""))
    if sections.has_section("options.extras_require"):
        for _, lines in sections.items("options.extras_require"):
            yield from read_lines(lines)


def _of_tox_ini(text: str) -> Iterator[Item]:
    """The packages of the test environments. Entries that are not understood are ignored."""
    sections = _ini(text)
    for section in sections.sections():
        if section.startswith("testenv"):
            lines = sections.get(section, "deps", fallback="").splitlines()
            found = read_lines("\n".join(_FACTOR.sub("", line) for line in lines))
            yield from (item for item in found if item is not UNKNOWN)


def _ini(text: str) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
    parser.read_string(text)
    return parser


def _of_requirements(text: str) -> Iterator[Item]:
    """The requirements in a requirements file. It counts as a lock if it pins everything and includes
    SQLAlchemy's own dependencies.
    """
    found = list(read_lines(text))
    yield from found
    pinned = {one.name: one.spec.lstrip("=") for one in found if one.spec and re.match("==[^,]+$", one.spec)}
    if len(pinned) == len(found) and "typing-extensions" in pinned:
        yield from (Locked(name, version) for name, version in pinned.items())


def _of_setup_py(text: str) -> Iterator[Item]:
    if "setup(" not in text:
        return
    files = named_files("setup.py", text)
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call) or not ast.unparse(node.func).endswith("setup"):
            continue
        for keyword in node.keywords:
            if keyword.arg in _SETUP_KEYWORDS:
                try:
                    yield from _declared(ast.literal_eval(keyword.value))
                except ValueError:
                    yield from [] if files else [UNKNOWN]
            elif keyword.arg is None:
                yield UNKNOWN


def _of_list_lock(text: str) -> Iterator[Item]:
    """The packages that a lock of Rye or pip-tools installs: ``fastapi==0.100.0`` in each line."""
    for name, version in _PINNED.findall(text):
        yield Locked(name, version)


def _of_unknown(_: str) -> Iterator[Item]:
    yield UNKNOWN


_READERS: Final[tuple[tuple[str, Callable[[str], Iterator[Item]]], ...]] = (
    (r"(uv|poetry|pdm)\.lock|pylock(\..+)?\.toml", _of_lock),
    (r"Pipfile\.lock", _of_pipfile_lock),
    (r"requirements[\w.-]*\.lock", _of_list_lock),
    (r"Pipfile", _of_pipfile),
    (r"pyproject\.toml", _of_pyproject),
    (r"pixi\.toml", _of_pixi),
    (r"setup\.cfg", _of_setup_cfg),
    (r"tox\.ini", _of_tox_ini),
    (r"setup\.py", _of_setup_py),
    (r".*\.(txt|in)", _of_requirements),
    (r".*\.ya?ml", _of_unknown),
)
"""What reads a file, by its name; the others say nothing of requirements."""
