"""The project's Python files and their texts.

A text is what Python would read from the file: decoded as the file declares,
without byte order mark, with ``\\n`` at the line ends.  A buffer from an editor
is brought into the same form, so that both have the same digest.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import stat
import tokenize
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MAX_CHARACTERS: Final = 2_000_000
"""Longer texts are generated data, not code that someone wrote."""

_MAX_BYTES: Final = 4 * MAX_CHARACTERS + 3
"""No encoding needs more for a text that is short enough (and a byte order mark)."""

_FOREIGN: Final = frozenset(
    {"__pycache__", "__pypackages__", "node_modules", "site-packages", "dist-packages", "venv"}
)


@dataclass(frozen=True, slots=True)
class Source:
    """One file's text, with its path relative to the root (with slashes)."""

    path: str
    text: str
    digest: str


def load_sources(
    root: Path, overlays: Mapping[str, str], *, salt: str = "", deep: bool = True
) -> dict[str, Source]:
    """Return the sources of a project by path, in sorted order.

    ``overlays`` maps paths relative to the root to texts that replace or add
    files.  ``salt`` is part of every digest.  Files that cannot be read as
    Python source are left out, and with ``deep`` off those in folders.
    """
    sources = {}
    for path in sorted({*python_files(root, deep=deep), *overlays}):
        overlay = overlays.get(path)
        text = read_text(root / path) if overlay is None else normalised(overlay)
        if text is not None:
            sources[path] = Source(path, text, digest(text, salt=salt))
    return sources


def python_files(root: Path, *, deep: bool = True) -> tuple[str, ...]:
    """Return the Python files below ``root``: relative, with slashes, sorted.

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
                    elif name == "pyvenv.cfg":
                        marks.add(name)
        except OSError:
            continue
        if prefix and (marks or "conda-meta" in folders):
            continue  # An environment, whatever its name; but one may be the root itself.
        if prefix and _is_build_output(prefix, files, folders):
            continue
        found += files
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
    try:
        # A named pipe would block at open, so look first.
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode) or status.st_size > _MAX_BYTES:
            return None
        with open(path, "rb") as file:
            data = file.read(_MAX_BYTES + 1)
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        return normalised(data.decode(encoding))
    except (OSError, SyntaxError, ValueError, LookupError):
        return None


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
