"""Which projects of one repository belong together, because their code imports each other's modules."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from flake8_async_fastapi.store.sources import python_files

_MOST_FILES: Final = 20_000
"""In a larger repository, only what its projects declare counts: reading all of it takes too long."""
_MOST_BYTES: Final = 1_000_000

_IMPORT: Final = re.compile(rb"\n(?:from|import)[ \t]+([A-Za-z_][\w.]*)")
"""At the beginning of a line: with indented imports, the search takes three times as long."""
_SOURCE_FOLDERS: Final = ("", "src/")
"""Where the modules of a project begin."""


def linked_roots(whole: Path, begins: Callable[[Path], bool]) -> Mapping[Path, Path]:
    """The common root of each project below a folder that is linked to others; the others are left out.

    ``begins`` tells whether a project begins in a folder. Files outside all projects are one project,
    which begins in ``whole``. Two projects are linked if one imports a module that it does not have, and
    that no project has but the other. ``whole`` also has all modules below it, by their paths.
    """
    files = python_files(whole)
    if len(files) > _MOST_FILES:
        return {}
    projects = _projects(whole, files, begins)
    if len(projects) < 2:
        return {}
    modules = _modules(files)
    tops = {project: set(_tops(project, files)) for project in projects}
    groups = {project: {project} for project in projects}
    for project, own in projects.items():
        for name in _imported(whole, own):
            top = name.split(".")[0]
            if top in tops[project]:
                continue
            holders = [other for other in projects if top in tops[other] and _holds(other, name, modules)]
            if len(holders) == 1:
                group = groups[project] | groups[holders[0]]
                groups.update(dict.fromkeys(group, group))
    return {whole / project: whole / _common(group) for project, group in groups.items() if len(group) > 1}


def _projects(whole: Path, files: Iterable[str], begins: Callable[[Path], bool]) -> Mapping[str, list[str]]:
    """The files of each project, by its folder; a folder is empty, or ends in a slash."""
    projects: defaultdict[str, list[str]] = defaultdict(list)
    projects[""] = []
    known = {"": ""}

    def project_of(folder: str) -> str:
        if folder not in known:
            above = folder[:-1].rpartition("/")
            known[folder] = folder if begins(whole / folder) else project_of(above[0] + above[1])
        return known[folder]

    for file in files:
        head, slash, _ = file.rpartition("/")
        projects[project_of(head + slash)].append(file)
    return projects


def _tops(project: str, files: Iterable[str]) -> Iterator[str]:
    """The first names of the modules that can be imported from a project's folder."""
    for file in files:
        if file.startswith(project):
            inside = file[len(project) :].removeprefix("src/")
            yield inside.partition("/")[0].removesuffix(".py")


def _modules(files: Iterable[str]) -> frozenset[str]:
    """All files, and the folders that hold them."""
    found = set(files)
    for file in files:
        head = file.rpartition("/")[0]
        while head and head not in found:
            found.add(head)
            head = head.rpartition("/")[0]
    return frozenset(found)


def _holds(project: str, name: str, modules: frozenset[str]) -> bool:
    """Whether an imported module is one of a project's: two names of it are enough to say so."""
    path = "/".join(name.split(".")[:2])
    kinds = (f"{path}.py", path if "/" in path else f"{path}/__init__.py")
    return any(f"{project}{source}{kind}" in modules for source in _SOURCE_FOLDERS for kind in kinds)


def _imported(whole: Path, files: Iterable[str]) -> Iterator[str]:
    """The modules that files import; a few more do no harm, such as those in texts."""
    found: set[bytes] = set()
    for file in files:
        try:
            with open(whole / file, "rb") as text:
                found.update(_IMPORT.findall(b"\n" + text.read(_MOST_BYTES)))
        except OSError:
            continue
    yield from sorted(name.decode("ascii", "replace") for name in found)


def _common(folders: Iterable[str]) -> str:
    return os.path.commonpath([f"/{folder}" for folder in folders]).strip("/")
