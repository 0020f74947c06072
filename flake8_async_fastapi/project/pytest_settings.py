"""The pytest settings of a project that decide how async tests run.

They are read from ``pytest.ini``, ``pytest.toml``, ``pyproject.toml``, ``tox.ini`` and ``setup.cfg``. Lines
that are not understood are ignored.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from msgspec import Struct, field

_SECTIONS: Final = frozenset({"pytest", "tool:pytest", "tool.pytest.ini_options", "tool.pytest"})
_SETTING: Final = re.compile(r"(\w+)\s*=\s*[\"']?([\w.-]*)")
_TEST_PATHS: Final = re.compile(r"^testpaths\s*=\s*(\[[^\]]*\]|.*(?:\n[ \t]+\S.*)*)", re.MULTILINE)
_TEST_PATH: Final = re.compile(r"[^\s\[\]\"',]+")
_AUTO: Final = re.compile(r"(?:asyncio|anyio)[-_]mode[\"']?\s*[=\s]\s*[\"']?auto")
FILES: Final = frozenset(
    {"pytest.ini", ".pytest.ini", "pytest.toml", ".pytest.toml", "pyproject.toml", "tox.ini", "setup.cfg"}
)


class PytestSettings(Struct, frozen=True):
    """The settings that apply to a test file.

    ``folder`` holds the file with the settings; ``is_configured`` is False if there is none.
    ``may_be_configured``: a file exists that could contain settings, so a missing setting means the
    default. ``is_auto``: async tests and fixtures run without a mark. ``test_loop_scope`` is how long tests
    share an event loop, ``function`` by default. ``fixture_loop_scope`` is the same for fixtures; empty
    means the fixture's own scope. ``test_paths`` are where pytest looks for tests, from ``folder`` on; empty
    if it looks everywhere.
    """

    folder: str = ""
    is_configured: bool = False
    may_be_configured: bool = False
    is_auto: bool = False
    test_loop_scope: str = "function"
    fixture_loop_scope: str = ""
    test_paths: tuple[str, ...] = ()

    def may_collect(self, path: str) -> bool:
        """Whether pytest looks for tests in a file if it is called without arguments."""
        below = path[len(self.folder) + 1 :] if self.folder else path
        roots = [one.removeprefix("./").rstrip("/") for one in self.test_paths]
        is_open = not roots or any(one in ("", ".") or "*" in one or ".." in one for one in roots)
        return is_open or any(below == one or below.startswith(f"{one}/") for one in roots)


class PytestFiles(Struct, frozen=True):
    """The settings in each folder; the root is the empty string."""

    by_folder: Mapping[str, PytestSettings] = field(default_factory=dict)
    with_files: frozenset[str] = frozenset()

    def of(self, path: str) -> PytestSettings:
        """The settings for a test file: those of the nearest folder above it that has any."""
        folder, may_be_configured = path, False
        while folder:
            folder = folder.rpartition("/")[0]
            may_be_configured |= folder in self.with_files
            if folder in self.by_folder:
                return self.by_folder[folder]
        return PytestSettings(may_be_configured=may_be_configured)


def read_pytest_settings(texts: Mapping[str, str]) -> PytestFiles:
    """Read the pytest settings from the files of a project, given as texts by path."""
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
            if "testpaths" in settings and (match := _TEST_PATHS.search(text)) is not None:
                found[folder]["testpaths"] = match[1]
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
    test_paths = tuple(_TEST_PATH.findall(found.get("testpaths", "")))
    is_auto = found.get("asyncio_mode") == "auto"
    return PytestSettings(folder, True, True, is_auto, scope, of_fixtures, test_paths)
