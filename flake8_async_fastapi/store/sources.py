"""The project's Python files and templates, and their texts.

A text is what Python would read from the file: decoded as the file declares,
without byte order mark, with ``\\n`` at the line ends.  A buffer from an editor
is brought into the same form, so that both have the same digest.  Templates
are UTF-8.
"""

from __future__ import annotations

import codecs
import contextlib
import hashlib
import io
import os
import stat
import tokenize
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

from msgspec import Struct

MAX_CHARACTERS: Final = 2_000_000
"""Longer texts are generated data, not code that someone wrote."""

_MAX_BYTES: Final = 4 * MAX_CHARACTERS + 3
"""No encoding needs more for a text that is short enough (and a byte order mark)."""

MAX_TEMPLATE: Final = 1_000_000
"""Larger templates (in bytes) are pages that a build wrote, or data."""

TEMPLATE_SUFFIXES: Final = (".html", ".htm", ".xhtml", ".jinja", ".jinja2", ".j2", ".jinja-html")

_FOREIGN: Final = frozenset(
    {"__pycache__", "__pypackages__", "node_modules", "site-packages", "dist-packages", "venv"}
)

_REQUIREMENT_FILES: Final = frozenset(
    {"pyproject.toml", "setup.cfg", "uv.lock", "poetry.lock", "pdm.lock", "Pipfile", "Pipfile.lock",
     "pylock.toml", "pixi.toml", "environment.yml", "environment.yaml", "tox.ini",
     "pytest.ini", ".pytest.ini", "pytest.toml", ".pytest.toml"}
)  # fmt: skip
_PYTEST_FILES: Final = ("pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini")
"""These hold for all below, whatever they say; the first that exists does."""
_SETTINGS: Final = (".toml", ".cfg", ".ini", ".lock", ".txt", ".in", ".yml", ".yaml", "Pipfile")


class Source(Struct, frozen=True):
    """One file's text, with its path relative to the root (with slashes)."""

    path: str
    text: str
    digest: str


class Sources(Struct, frozen=True):
    """The files of a project; paths are relative to its root, in sorted order."""

    modules: dict[str, Source]
    """Its Python files, by path."""
    templates: tuple[str, ...]
    """The paths of what may be templates; whether they are read, the caller decides."""
    required: tuple[str, ...] = ()
    """The paths of the files that say what it needs, and how it is tested."""


def load_sources(root: Path, overlays: Mapping[str, str], *, salt: str = "", deep: bool = True) -> Sources:
    """Read the Python files of a project and list its other files, in one walk over the folders.

    ``overlays`` maps paths relative to the root to texts that replace or add files. ``salt`` is part of
    every digest. Files that cannot be read as Python source are left out, and with ``deep`` off those in
    folders.
    """
    found = python_files(root, deep=deep, others=_is_other)
    modules = {}
    for path in sorted({*(path for path in found if not _is_other(path)), *overlays}):
        overlay = overlays.get(path)
        text = read_text(root / path) if overlay is None else normalised(overlay)
        if text is not None:
            modules[path] = Source(path, text, digest(text, salt=salt))
    return Sources(modules, tuple(filter(is_template, found)), tuple(filter(is_requirement_file, found)))


def load_templates(root: Path, paths: Iterable[str], *, salt: str = "") -> dict[str, Source]:
    """Read templates, given relative to the root; those that cannot be read are left out."""
    templates = {}
    for path in paths:
        text = read_template(root / path)
        if text is not None:
            templates[path] = Source(path, text, digest(text, salt=salt))
    return templates


def load_required(
    root: Path, paths: Iterable[str], included: Callable[[str, str], Iterable[str]]
) -> dict[str, str]:
    """Read the files with requirements or pytest settings; files that cannot be read are left out.

    ``included`` returns the paths of further files that a file with some path and text includes.
    """
    texts: dict[str, str] = {}
    pending, seen = list(paths), set()
    while pending:
        path = pending.pop()
        text = None if path in seen else _decoded(root / path, may_be_wide=True)
        seen.add(path)
        if text is not None:
            texts[path] = text
            pending += included(path, text)
    return texts


def settings_above(root: Path, ends: Iterable[str]) -> dict[str, str]:
    """The file with settings that pytest finds above a project in its repository, as if it lay in the root.

    ``ends`` are the names of what lies in the folder of a repository. Without one, nothing is read.
    """
    for folder in (root, *root.parents):
        for name in _PYTEST_FILES if folder != root else ():
            text = _decoded(folder / name)
            if text is not None and any(os.path.lexists(up / end) for up in root.parents for end in ends):
                return {name: text}
        if any(os.path.lexists(folder / end) for end in ends):
            break
    return {}


def is_template(path: str) -> bool:
    """Whether a path is that of a template, by the end of its name."""
    return path.endswith(TEMPLATE_SUFFIXES)


def is_requirement_file(path: str) -> bool:
    """Whether a file may contain requirements or pytest settings, by its path."""
    folder, _, name = path.rpartition("/")
    is_list = name.endswith((".txt", ".in"))
    return (
        name in _REQUIREMENT_FILES
        or (name.startswith("pylock.") and name.endswith(".toml"))
        or (is_list and (name.startswith("requirement") or name in ("req.txt", "reqs.txt")))
        or (is_list and folder.rpartition("/")[2] == "requirements")
        or (name.startswith("requirements") and name.endswith(".lock"))
    )


def project_files(root: Path) -> tuple[str, ...]:
    """The files below a root that findings depend on: code, templates, requirements and settings."""
    return python_files(root, others=_is_other)


def is_settings_file(path: str) -> bool:
    """Whether a file may be one of those, or be included by one, and so is neither code nor a template."""
    return path.endswith(_SETTINGS)


def is_setup_script(path: str) -> bool:
    """Whether a Python file may contain requirements."""
    return path == "setup.py" or path.endswith("/setup.py")


def _is_other(path: str) -> bool:
    return is_template(path) or is_requirement_file(path)


def python_files(
    root: Path, *, deep: bool = True, others: Callable[[str], bool] | None = None
) -> tuple[str, ...]:
    """Return the Python files below ``root``: relative, with slashes, sorted.

    Among them, in one walk, the files that are ``others``.
    Hidden directories, virtual environments, installed packages, caches and
    copies made by a build are left out.  As in flake8's own search, symbolic
    links to directories are not followed, which also rules out loops; links to
    files are.  Directories that cannot be listed are taken as empty.
    """
    found: list[str] = []
    pending = [""]
    while pending:
        prefix = pending.pop()
        files: list[str] = []
        beside: list[str] = []
        folders: list[str] = []
        marks = set()
        try:
            with os.scandir(root / prefix) as entries:
                for entry in entries:
                    name = entry.name
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(name)
                    elif name.endswith(".py"):
                        if _is_file(entry) and _is_text(name):
                            files.append(prefix + name)
                    elif others is not None and others(prefix + name):
                        if _is_file(entry) and _is_text(name):
                            beside.append(prefix + name)
                    elif name == "pyvenv.cfg":
                        marks.add(name)
        except OSError:
            continue
        if prefix and (marks or "conda-meta" in folders):
            continue  # An environment, whatever its name; but one may be the root itself.
        if prefix and _is_build_output(prefix, files, folders):
            continue
        found += files
        found += beside
        pending += [
            f"{prefix}{name}/"
            for name in folders
            if deep and name not in _FOREIGN and not name.startswith(".") and _is_text(name)
        ]
    return tuple(sorted(found))


def read_text(path: Path) -> str | None:
    """Return the text of a Python file, or None.

    None for what cannot be read or decoded, for what is no regular file, for
    null bytes and for more than MAX_CHARACTERS.
    """
    return _decoded(path)


def _decoded(path: Path, *, may_be_wide: bool = False) -> str | None:
    """As ``read_text``; ``may_be_wide``: UTF-16 with its byte order mark is read, too, as pip does."""
    try:
        data = _read(path, _MAX_BYTES)
        if data is None:
            return None
        if may_be_wide and data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return normalised(data.decode("utf-16"))
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        return normalised(data.decode(encoding))
    except (OSError, SyntaxError, ValueError, LookupError):
        return None


def read_template(path: Path) -> str | None:
    """Return the text of a template, or None.

    None for what cannot be read or is not UTF-8, for what is no regular file, for
    null bytes and for more than MAX_TEMPLATE bytes.
    """
    try:
        data = _read(path, MAX_TEMPLATE)
        return None if data is None else normalised(data.decode("utf-8"))
    except (OSError, ValueError):
        return None


def _read(path: Path, most: int) -> bytes | None:
    """The bytes of a regular file; None for another, and for one with more than ``most``."""
    # A named pipe would block at open, so look first.
    status = os.stat(path)
    if not stat.S_ISREG(status.st_mode) or status.st_size > most:
        return None
    with open(path, "rb") as file:
        data = file.read(most + 1)
    return data if len(data) <= most else None


def normalised(text: str) -> str | None:
    """Return the text with ``\\n`` line ends and no byte order mark.

    None for a null character and for more than MAX_CHARACTERS.
    """
    text = text.removeprefix("\ufeff")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return None if len(text) > MAX_CHARACTERS or "\0" in text else text


def digest(text: str, *, salt: str) -> str:
    """Return 32 hexadecimal digits that name the text under a salt."""
    prefix = f"{len(salt)}:{salt}:"
    data = (prefix + text).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def code_digest(package: Path) -> str:
    """Return hexadecimal digits that name the Python code of an installed package.

    The bundled blog is left out: it is never imported.
    """
    state = hashlib.blake2b(digest_size=16)
    for path in python_files(package):
        if not path.startswith("blog/"):
            with contextlib.suppress(OSError):
                state.update(path.encode() + b"\0" + (package / path).read_bytes())
    return state.hexdigest()


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:  # a link to itself
        return False


def _is_text(name: str) -> bool:
    """Whether a file name can be written down: not every byte string can."""
    if name.isascii():
        return True
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_build_output(prefix: str, files: list[str], folders: list[str]) -> bool:
    """Whether a folder ``build`` holds copies; some projects keep code in one."""
    return (
        (prefix == "build/" or prefix.endswith("/build/"))
        and not files
        and any(name == "lib" or name.startswith(("lib.", "bdist.", "temp.")) for name in folders)
    )
