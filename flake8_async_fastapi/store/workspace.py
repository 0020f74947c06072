"""Which project files say where a project begins, and which only where a package of a workspace does."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

REPOSITORY_FOLDERS: Final = (".git", ".hg")
PANTS_FILE: Final = "pants.toml"

_BUILD_TOOLS: Final = (b"setuptools", b"distutils", b"skbuild")
_MOST_BYTES: Final = 1_000_000
_WORKSPACE: Final = re.compile(rb"""^\s*\[tool\.[\w-]+\.workspace\]|^\s*workspace\s*=\s*\{""", re.MULTILINE)
_PATH: Final = re.compile(
    rb"""["']((?:\.\./)+[\w./-]*|\.\.)["']|\bpath\s*=\s*["']([\w./-]+)["']|file:///\$\{PROJECT_ROOT\}/([\w./-]+)"""
)


def workspace_of(project: Path, wide: frozenset[Path]) -> Path:
    """The folder of a workspace that a project belongs to; the project itself if it belongs to none.

    A workspace says so in its ``pyproject.toml`` (uv, Rye, Hatch) or by its ``pants.toml``; it is looked
    for up to the repository.  Where a project names others by their paths (Poetry, PDM, uv), all lie
    below it.  ``wide`` are folders that hold more than a project.
    """
    found = project
    for other in _named_projects(project):
        common = Path(os.path.commonpath([found, other]))
        found = found if common in wide else common
    for folder in (project, *project.parents):
        if folder in wide:
            break
        if len(folder.parts) < len(found.parts) and _is_workspace(folder, project):
            found = folder
        if any(os.path.lexists(folder / name) for name in REPOSITORY_FOLDERS):
            break
    return found


def _is_workspace(folder: Path, project: Path) -> bool:
    """Whether a folder above a project is a workspace, or names the project by its path."""
    return (
        os.path.lexists(folder / PANTS_FILE)
        or _WORKSPACE.search(_settings_in(folder)) is not None
        or project in _named_projects(folder)
    )


def _named_projects(project: Path) -> Iterator[Path]:
    """The folders that the settings of a project name and that hold a project."""
    for texts in _PATH.findall(_settings_in(project)):
        folder = Path(os.path.abspath(project / os.fsdecode(b"".join(texts))))
        if any(os.path.lexists(folder / name) for name in ("pyproject.toml", "setup.py", "setup.cfg")):
            yield folder


def is_setup_module(folder: Path) -> bool:
    """Whether the ``setup.py`` of a folder is a module of an application, and builds nothing."""
    if os.path.lexists(folder / "__init__.py"):
        return True
    text = _text_of(folder / "setup.py")
    return text != b"" and not any(tool in text for tool in _BUILD_TOOLS)


def _settings_in(folder: Path) -> bytes:
    return _text_of(folder / "pyproject.toml")


def _text_of(path: Path) -> bytes:
    """The text of a file; empty if there is none that can be read."""
    try:
        return path.read_bytes() if path.is_file() and path.stat().st_size <= _MOST_BYTES else b""
    except (OSError, ValueError):
        return b""
