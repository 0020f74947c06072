"""Where a project begins.

The linker knows all files below the root, so the root decides what a finding
can depend on.  It must not change with the working directory or with the
files that happen to be named on the command line, as long as the project says
where it begins.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from flake8_async_fastapi.store.links import linked_roots
from flake8_async_fastapi.store.workspace import (
    PANTS_FILE,
    REPOSITORY_FOLDERS,
    is_setup_module,
    workspace_of,
)

PROJECT_FILES: Final = ("pyproject.toml", "setup.cfg", "setup.py", "tox.ini", ".flake8", PANTS_FILE)

_AT_HOME: Final = frozenset({"pyproject.toml", "setup.py"})
"""In a home directory the others are the user's settings, not a project's."""


class RootError(ValueError):
    """The configured root is not a directory.  The text is a message for the user."""


def find_root(
    path: Path,
    *,
    arguments: Sequence[str] = (),
    cwd: Path,
    configured: str | None = None,
    links: dict[Path, Mapping[Path, Path]] | None = None,
) -> Path:
    """Return the root of the project that the file ``path`` belongs to, absolute.

    The file need not exist (a buffer has a display name only).  Relative
    paths, those in ``arguments`` (the files and directories of the command
    line) and the ``configured`` root too, are relative to ``cwd``.

    In this order: the configured root; the nearest directory above the file
    with a project file that is no package of a project around it, or the
    workspace around that, or what holds it and the projects of the repository that
    import from each other; the nearest one with a repository; the outermost
    directory of the command line that holds the file (what holds it, if it is
    a package); ``cwd`` if it holds the file; the directory that holds the
    file's topmost package.  The user's home and the root of the file system are
    taken only for good reasons, since everything below the root is searched.
    ``links`` keeps for the next calls which projects import from each other.

    Raises RootError if the configured root is not a directory.
    """
    here = absolute(cwd)
    if configured is not None:
        root = absolute(here / os.path.expanduser(configured))
        if not root.is_dir():
            raise RootError(f"the configured project root is not a directory: {root}")
        return root
    file = absolute(here / path)
    above = list(file.parents)
    wide = _wide(file)
    for directory in above:
        if _holds(directory, PROJECT_FILES, wide) and not _is_inner(directory, wide):
            linked = _linked_root(directory, wide, {} if links is None else links)
            # each holds the project, so one holds the other
            return min(workspace_of(directory, wide), linked, key=lambda root: len(root.parts))
    for directory in above:
        if _holds(directory, REPOSITORY_FOLDERS, wide):
            return directory
    named = {absolute(here / argument) for argument in arguments}
    for directory in reversed(above):
        if directory in named:
            return _above_packages(directory)  # `flake8 app` means the project that imports `app`
    if here in above and here not in wide:
        return here
    return _above_packages(file.parent)


def _linked_root(project: Path, wide: frozenset[Path], links: dict[Path, Mapping[Path, Path]]) -> Path:
    """What holds a project and those that it imports from, or that import from it."""
    whole = project
    for folder in (project, *project.parents):
        if folder in wide:
            break
        if _holds(folder, (*REPOSITORY_FOLDERS, *PROJECT_FILES), wide):
            whole = folder
        if _holds(folder, REPOSITORY_FOLDERS, wide):
            break
    if whole == project:
        return project

    def begins(folder: Path) -> bool:
        return _holds(folder, PROJECT_FILES, wide) and not _is_inner(folder, wide)

    if whole not in links:
        links[whole] = linked_roots(whole, begins)
    return links[whole].get(project, project)


def is_makeshift(
    root: Path, *, arguments: Sequence[str] = (), cwd: Path, configured: str | None = None
) -> bool:
    """Whether a root is the home directory or that of the file system, for want of a better one.

    A file that lies there belongs to no project: what is in the folders below is not its own.
    """
    wide = _wide(root)
    if configured is not None or root not in wide or _holds(root, _AT_HOME, wide):
        return False
    return root not in {absolute(absolute(cwd) / argument) for argument in arguments}


def relative_path(path: str | Path, root: Path, *, cwd: str | Path) -> str | None:
    """Return ``path`` relative to ``root`` with slashes, or None if it lies elsewhere.

    Symbolic links are looked through only if the path as written is outside.
    """
    file = os.path.abspath(os.path.join(cwd, path))
    inside = _below(file, str(root))
    return _below(os.path.realpath(file), os.path.realpath(root)) if inside is None else inside


def _below(file: str, folder: str) -> str | None:
    # Plain strings: this is done for every file, and Path objects would cost more than the rest.
    start = os.path.join(folder, "")
    if os.path.normcase(file).startswith(os.path.normcase(start)):
        return file[len(start) :].replace(os.sep, "/")
    return None


def absolute(path: Path) -> Path:
    """Return the path without ``..``, links kept: a link belongs where it is written."""
    return Path(os.path.abspath(path))


def _wide(path: Path) -> frozenset[Path]:
    return frozenset({absolute(Path(os.path.expanduser("~"))), Path(path.anchor)})


def _holds(directory: Path, names: Iterable[str], wide: frozenset[Path]) -> bool:
    return any(
        _exists(directory / name) and (name != "setup.py" or not is_setup_module(directory))
        for name in names
        if directory not in wide or name in _AT_HOME
    )


def _is_inner(directory: Path, wide: frozenset[Path]) -> bool:
    """Whether a folder is a package of a project around it: settings in it are for that part only."""
    outside = _above_packages(directory)
    if outside == directory or _holds(directory, REPOSITORY_FOLDERS, wide):
        return False
    # the project, or a folder such as src in it
    around = [folder for folder in (outside, outside.parent) if folder not in wide]
    return any(_holds(folder, (*PROJECT_FILES, *REPOSITORY_FOLDERS), wide) for folder in around)


def _above_packages(directory: Path) -> Path:
    while _exists(directory / "__init__.py") and directory.parent != directory:
        directory = directory.parent
    return directory


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False
