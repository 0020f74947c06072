"""How pytest runs the tests of a project, as far as that decides about async code.

Read from ``pytest.ini``, ``pytest.toml``, ``pyproject.toml``, ``tox.ini`` and ``setup.cfg``.  A line
that is not understood says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

_SECTIONS: Final = frozenset({"pytest", "tool:pytest", "tool.pytest.ini_options", "tool.pytest"})
_SETTING: Final = re.compile(r"(\w+)\s*=\s*[\"']?([\w.-]*)")
_AUTO: Final = re.compile(r"(?:asyncio|anyio)[-_]mode[\"']?\s*[=\s]\s*[\"']?auto")
FILES: Final = frozenset(
    {"pytest.ini", ".pytest.ini", "pytest.toml", ".pytest.toml", "pyproject.toml", "tox.ini", "setup.cfg"}
)


@dataclass(frozen=True, slots=True)
class PytestSettings:
    """``folder`` is where a file says how tests are run, ``is_configured`` whether there is one.

    ``may_be_configured``: there is a file that would say it, so that its silence means something.

    ``is_auto``: each async test and fixture is run, marked or not.  ``test_loop_scope`` is for
    how long tests share an event loop: ``function`` if nothing is said.  ``fixture_loop_scope`` is the
    same for fixtures: empty if nothing is said, and a fixture's own scope counts.
    """

    folder: str = ""
    is_configured: bool = False
    may_be_configured: bool = False
    is_auto: bool = False
    test_loop_scope: str = "function"
    fixture_loop_scope: str = ""


@dataclass(frozen=True, slots=True)
class PytestFiles:
    """What the files in each folder say; the root is the empty text."""

    by_folder: Mapping[str, PytestSettings] = field(default_factory=dict)
    with_files: frozenset[str] = frozenset()

    def of(self, path: str) -> PytestSettings:
        """How a test file is run: said in the nearest folder above it that says anything."""
        folder, may_be_configured = path, False
        while folder:
            folder = folder.rpartition("/")[0]
            may_be_configured |= folder in self.with_files
            if folder in self.by_folder:
                return self.by_folder[folder]
        return PytestSettings(may_be_configured=may_be_configured)


def read_pytest_settings(texts: Mapping[str, str]) -> PytestFiles:
    """Read the files that configure pytest, given by their paths among others."""
    found: dict[str, dict[str, str]] = {}
    with_files = set()
    for path, text in sorted(texts.items()):
        folder, _, name = path.rpartition("/")
        if name in FILES:
            with_files.add(folder)
            settings = dict(_settings_in(text))
            if _AUTO.search(text):  # also an option of a command
                settings["asyncio_mode"] = "auto"
            if settings:
                found.setdefault(folder, {}).update(settings)
    read = {folder: _as_settings(folder, settings) for folder, settings in found.items()}
    return PytestFiles(read, frozenset(with_files))


def _settings_in(text: str) -> Iterator[tuple[str, str]]:
    section = ""
    for line in text.splitlines():
        if line.startswith("["):
            section = line.strip().strip("[]")
        elif section in _SECTIONS and (match := _SETTING.match(line.strip())) is not None:
            yield match[1], match[2]


def _as_settings(folder: str, found: Mapping[str, str]) -> PytestSettings:
    scope = found.get("asyncio_default_test_loop_scope", "function")
    of_fixtures = found.get("asyncio_default_fixture_loop_scope", "")
    return PytestSettings(folder, True, True, found.get("asyncio_mode") == "auto", scope, of_fixtures)
