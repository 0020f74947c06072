"""The files that a requirements file or a project file includes."""

from __future__ import annotations

import posixpath
import re
import sys
from collections.abc import Iterable
from typing import Any, Final

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_INCLUDE: Final = re.compile(r"^\s*(?:-r|--requirement)(?:\s+|=|(?=[\w./]))([^\s#]+)", re.MULTILINE)
_NAMED: Final = re.compile(r"""["']([\w./-]*requirements[\w./-]*\.(?:txt|in))["']""")


def included_files(path: str, text: str) -> list[str]:
    """The paths below the root of the files that a file includes."""
    return [found for found in (inside(path, name) for name in named_files(path, text)) if found]


def named_files(path: str, text: str) -> list[str]:
    """The names of the files that a file includes, as written there: relative to its folder."""
    name = path.rpartition("/")[2]
    if name == "pyproject.toml":
        return list(_of_pyproject(text)) if "dynamic" in text or "requirements_txt" in text else []
    if name == "setup.py":
        return _NAMED.findall(text)
    return _INCLUDE.findall(text) if name.endswith((".txt", ".in")) else []


def inside(path: str, name: str) -> str:
    """The path of a file that another file names; empty if it is not below the root."""
    found = posixpath.normpath(posixpath.join(folder_of(path), name))
    return "" if found.startswith(("../", "/")) else found


def folder_of(path: str) -> str:
    """The folder that holds a file."""
    return path.rpartition("/")[0]


def _of_pyproject(text: str) -> Iterable[str]:
    """The files of setuptools' dynamic dependencies, and of Hatch's plugin for requirements files."""
    try:
        tools = tomllib.loads(text).get("tool", {})
    except tomllib.TOMLDecodeError:
        return
    dynamic = tools.get("setuptools", {}).get("dynamic", {})
    optional = dynamic.get("optional-dependencies", {})
    hooks = tools.get("hatch", {}).get("metadata", {}).get("hooks", {})
    tables = [dynamic.get("dependencies"), *(optional.values() if isinstance(optional, dict) else ())]
    for table in tables:
        yield from _texts(table.get("file") if isinstance(table, dict) else None)
    yield from _texts(hooks.get("requirements_txt", {}).get("files"))


def _texts(value: Any) -> Iterable[str]:
    named = value if isinstance(value, list) else [value]
    return [name for name in named if isinstance(name, str)]
