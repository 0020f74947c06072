"""The conversion of a project on the disk: its files, and whether it can be converted."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from flake8_async_fastapi.convert.convert import NotConvertible, convert_texts
from flake8_async_fastapi.convert.mending import mend
from flake8_async_fastapi.convert.migrations import is_environment, is_migration
from flake8_async_fastapi.convert.remaining import Remaining
from flake8_async_fastapi.convert.testing import TestWays
from flake8_async_fastapi.convert.texts import Source, parse
from flake8_async_fastapi.fixes.migrations import takes_url_of_ini
from flake8_async_fastapi.fixes.requirements import brings_client, names_package, with_client, with_drivers
from flake8_async_fastapi.fixes.settings import (
    SettingUrl,
    is_compose_file,
    is_environment_file,
    is_ini,
    is_option,
    with_async_urls,
)
from flake8_async_fastapi.fixes.urls import DRIVERS, WITH_PSYCOPG, drivers_in
from flake8_async_fastapi.project.modules import is_test
from flake8_async_fastapi.store.rewriting import Original, read_original, restored, rewrite_all
from flake8_async_fastapi.store.root import absolute, find_root
from flake8_async_fastapi.store.sources import (
    MAX_CHARACTERS,
    is_requirement_file,
    is_setup_script,
    is_template,
    normalised,
    python_files,
)

_ASYNC: Final = ("sqlalchemy.ext.asyncio", "sqlmodel.ext.asyncio")
_SETTINGS_OF_TESTS: Final = ("pytest.ini", "tox.ini")
_WORD: Final = re.compile(r"\w+")
_PREFIX: Final = re.compile(r"env_prefix\s*=\s*[\"'](\w+)[\"']")
_MADE: Final = frozenset({"create_engine", "engine_from_config", "sessionmaker", "scoped_session", "Session"})
_MAKERS: Final = frozenset({"create_engine", "sessionmaker", "scoped_session"})


class Refused(Exception):
    """A project that is not converted; the text says why. ``is_done``: it is async already."""

    def __init__(self, reason: str, *, is_done: bool = False) -> None:
        super().__init__(reason)
        self.is_done = is_done


@dataclass(frozen=True)
class Converted:
    """The files of a project that change, and the work that is left to do."""

    originals: Mapping[str, Original]
    texts: Mapping[str, str]
    around: Path | None = None
    """The folder of the whole project, if only a part of it is converted."""
    left: Remaining = field(default_factory=Remaining)

    def write(self) -> None:
        """Write all files that change, or none.

        Raises ChangedMeanwhile, OSError and ValueError.
        """
        rewrite_all({self.originals[path]: text for path, text in self.texts.items()})


def convert_project(root: Path, driver: str = "") -> Converted:
    """Convert the project in a folder, without writing anything.

    ``driver`` is that for PostgreSQL: ``asyncpg``, or ``psycopg`` if empty and the project requires it.
    Raises Refused.
    """
    originals = _read(root)
    texts = {path: _normal(original.text) for path, original in originals.items()}
    modules = {path: text for path, text in texts.items() if path.endswith(".py")}
    _refuse(root, modules)
    try:
        inis = [text for path, text in texts.items() if is_ini(path)]
        ways = TestWays.of(text for path, text in texts.items() if _says_how_to_test(path))
        schemes = _schemes(driver, (text for path, text in texts.items() if is_requirement_file(path)))
        found = convert_texts(modules, inis, ways, schemes)
    except NotConvertible as error:
        raise Refused(
            f"the changes of {root / str(error)} do not fit together: nothing is converted"
        ) from error
    converted = {**modules, **found}
    beside = {path: text for path, text in texts.items() if path not in modules}
    beside |= _with_async_urls(beside, converted.values(), schemes)
    settings = (text for path, text in beside.items() if is_environment_file(path) or is_compose_file(path))
    drivers = set().union(*(drivers_in(text, schemes) for text in (*converted.values(), *settings)))
    beside |= {
        path: with_drivers(path, text, drivers) for path, text in beside.items() if is_requirement_file(path)
    }
    beside |= _with_client(beside, found.values(), ways.http)
    if any(_takes_url_of_ini(path, modules[path]) for path in found):
        beside |= {
            path: with_async_urls(text, is_option, schemes) for path, text in beside.items() if is_ini(path)
        }
    known = {path: text for path, text in beside.items() if is_template(path) or is_requirement_file(path)}
    mended, left = mend(converted, known)
    mended |= {
        path: with_drivers(path, text, drivers) for path, text in mended.items() if is_setup_script(path)
    }
    changed = {path: text for path, text in {**mended, **beside}.items() if text != texts[path]}
    written = {path: restored(originals[path], text) for path, text in changed.items()}
    return Converted(originals, written, _around(root), left)


def _around(root: Path) -> Path | None:
    here = absolute(root)
    found = find_root(here / "__init__.py", arguments=[str(here)], cwd=Path.cwd())
    return found if found != here and here.is_relative_to(found) else None


def _read(root: Path) -> dict[str, Original]:
    found = {}
    for path in python_files(root, others=_is_beside):
        original = read_original(root / path)
        if original is not None and normalised(_normal(original.text)) is not None:
            found[path] = original
        elif path.endswith(".py") and (root / path).stat().st_size <= MAX_CHARACTERS:
            raise Refused(f"{root / path} cannot be read as Python: mend it first")
    return found


def _is_beside(path: str) -> bool:
    known = is_template(path) or is_requirement_file(path) or path.rpartition("/")[2] in _SETTINGS_OF_TESTS
    return known or is_environment_file(path) or is_compose_file(path) or is_ini(path)


def _says_how_to_test(path: str) -> bool:
    return is_requirement_file(path) or is_test(path) or path.rpartition("/")[2] in _SETTINGS_OF_TESTS


def _takes_url_of_ini(path: str, text: str) -> bool:
    source = parse(path, text)
    return source is not None and is_environment(source) and takes_url_of_ini(source.tree)


def _schemes(driver: str, requirements: Iterable[str]) -> Mapping[str, tuple[str, str]]:
    """The async name for each scheme of a URL; the driver for PostgreSQL is asked for, or required."""
    is_required = any(names_package(text, "psycopg") for text in requirements)  # version 2 is psycopg2
    return WITH_PSYCOPG if driver == "psycopg" or (not driver and is_required) else DRIVERS


def _with_async_urls(
    beside: Mapping[str, str], modules: Iterable[str], schemes: Mapping[str, tuple[str, str]]
) -> dict[str, str]:
    """The files that set variables of the environment, with async drivers in their URLs.

    A file of Docker Compose sets those of other programs, too. So there, only what the code names is changed.
    """
    words, prefixes = set[str](), set[str]()
    for text in modules:
        words |= set(_WORD.findall(text.lower()))
        prefixes |= {found.lower() for found in _PREFIX.findall(text)}

    def is_named(url: SettingUrl) -> bool:
        name = url.name.lower()
        return name in words or any(name.removeprefix(prefix) in words for prefix in prefixes)

    found = {}
    for path, text in beside.items():
        if is_environment_file(path):
            found[path] = with_async_urls(text, lambda _: True, schemes)
        elif is_compose_file(path):
            found[path] = with_async_urls(text, is_named, schemes)
    return found


def _with_client(beside: Mapping[str, str], changed: Iterable[str], client: str) -> dict[str, str]:
    """The requirements with the library of the async client, if nothing brings it to tests that use one."""
    texts = {path: text for path, text in beside.items() if is_requirement_file(path)}
    if brings_client(texts.values()) or not any(f"from {client} import" in text for text in changed):
        return {}
    return {path: with_client(path, text, client) for path, text in texts.items()}


def _normal(text: str) -> str:
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _refuse(root: Path, modules: Mapping[str, str]) -> None:
    """Raise Refused for a project that is not a synchronous application."""
    sources = []
    for path, text in modules.items():
        source = parse(path, text)
        if source is None:
            version = ".".join(map(str, sys.version_info[:2]))
            raise Refused(f"{root / path} does not parse as Python {version}: mend it first")
        if not is_migration(source):
            sources.append(source)
    homes = {name: source.path for source in reversed(sources) for name in _imported(source)}
    names = set(homes)
    if not any(name.partition(".")[0] == "fastapi" for name in names):
        raise Refused(f"there is no FastAPI application in {root}")
    is_async = any(name.startswith(_ASYNC) for name in names)
    own = {
        name.rpartition(".")[2]
        for name in names
        if name.startswith(("sqlalchemy.", "sqlmodel.")) and not name.startswith(_ASYNC)
    }
    if is_async and own & _MAKERS:
        asynchronous, plain = (
            next(homes[name] for name in sorted(names) if is_meant(name))
            for is_meant in (
                lambda name: name.startswith(_ASYNC),
                lambda name: name.rpartition(".")[2] in _MAKERS and not name.startswith(_ASYNC),
            )
        )
        raise Refused(
            f"{root} is half converted: {asynchronous} imports sqlalchemy.ext.asyncio, and {plain} makes"
            " synchronous sessions; convert starts from an application that is synchronous throughout"
        )
    if is_async:
        raise Refused(f"{root} is async already", is_done=True)
    if not own & {*_MAKERS, "Session"}:
        raise Refused(f"{root} has no engine or session of SQLAlchemy: there is nothing to convert")
    if not any(_makes_sessions(source) for source in sources):
        raise Refused(
            f"{root} makes no engine and no session: convert cannot make those async that a library gives it"
        )


def _makes_sessions(source: Source) -> bool:
    called = (node.func for node in ast.walk(source.tree) if isinstance(node, ast.Call))
    return any(getattr(function, "attr", getattr(function, "id", "")) in _MADE for function in called)


def _imported(source: Source) -> set[str]:
    """The dotted names that a file imports."""
    found = set()
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found
