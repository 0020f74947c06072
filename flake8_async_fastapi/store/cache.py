"""Bytes on disk, by a digest of the data they were computed from.

An entry never becomes wrong, so nothing is invalidated: what is no longer asked for is deleted after a
while. Several processes may use one cache, and a cache may be copied to another machine. Entries are data
and nothing else; one that is truncated, damaged, renamed or not a plain file counts as absent.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from msgspec import Struct

FORMAT: Final = 1
"""Changes with the layout of folders and entries."""

VARIABLE: Final = "FLAKE8_ASYNC_FASTAPI_CACHE_DIR"
MAX_ENTRY: Final = 64 * 1024 * 1024
MAX_TOTAL: Final = 1024 * 1024 * 1024
DAY: Final = 24 * 60 * 60
KEPT_UNUSED: Final = 30 * DAY

_BLOCK: Final = 4096
"""The least that a file takes on most disks; many entries are smaller."""
_CHECKSUM: Final = 16
_NAME: Final = "flake8-async-fastapi"
_TAG: Final = "CACHEDIR.TAG"
_TAG_TEXT: Final = (
    b"Signature: 8a477f597d28d172789f06886806bc55\n"
    b"# This folder is a cache of flake8-async-fastapi. It may be deleted at any time.\n"
)
_STAMP: Final = "pruned"
_TEMPORARY: Final = ".tmp"
# O_NONBLOCK: a named pipe in the place of an entry must not hang the reader.
_READ: Final = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
_WRITE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


class Cache(Struct, frozen=True):
    """A cache in ``directory``; without one nothing is found and nothing is kept.

    With ``only_reads`` nothing new is kept.
    """

    directory: Path | None
    only_reads: bool = False

    def read(self, kind: str, key: str) -> bytes | None:
        """The bytes written under a kind (the name of a folder) and a key (hexadecimal digits).

        None if there is no such entry or it is not intact.
        """
        if self.directory is None:
            return None
        path = self._path(kind, key)
        try:
            descriptor = os.open(path, _READ)
        except (OSError, ValueError):
            return None
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_ENTRY + _CHECKSUM:
                return None
            entry = _read_all(descriptor, status.st_size)
        except OSError:
            return None
        finally:
            os.close(descriptor)
        data = entry[_CHECKSUM:]
        if entry[:_CHECKSUM] != _checksum(kind, key, data):
            return None
        if time.time() - status.st_mtime > DAY:
            with contextlib.suppress(OSError):
                os.utime(path)
        return data

    def write(self, kind: str, key: str, data: bytes) -> None:
        """Keep the bytes if that is possible.  Never raises."""
        if self.directory is None or self.only_reads or len(data) > MAX_ENTRY:
            return
        path = self._path(kind, key)
        # In the same folder, so that the replacement is atomic.
        temporary = f"{path}.{os.getpid()}.{os.urandom(6).hex()}{_TEMPORARY}"
        try:
            try:
                descriptor = os.open(temporary, _WRITE, 0o666)
            except FileNotFoundError:
                self._make_folder(os.path.dirname(path))
                descriptor = os.open(temporary, _WRITE, 0o666)
            try:
                with open(descriptor, "wb", buffering=0) as file:
                    _write_all(file.fileno(), _checksum(kind, key, data) + data)
                os.replace(temporary, path)
            except BaseException:
                with contextlib.suppress(OSError):
                    os.unlink(temporary)
                raise
            self._prune_daily()
        except (OSError, ValueError):
            return

    def prune(self) -> None:
        """Delete what was not used for KEPT_UNUSED, then the oldest beyond MAX_TOTAL.  Never raises."""
        if self.directory is None:
            return
        now = time.time()
        kept = []
        for path, status in _entries(self.directory):
            limit = DAY if path.endswith(_TEMPORARY) else KEPT_UNUSED
            if now - status.st_mtime > limit:
                _unlink(path)
            else:
                kept.append((status.st_mtime, -(-status.st_size // _BLOCK) * _BLOCK, path))
        total = sum(size for _, size, _ in kept)
        if total <= MAX_TOTAL:
            return
        # Half of the limit at once, or every day would begin with this.
        for _, size, path in sorted(kept):
            if total <= MAX_TOTAL // 2:
                return
            _unlink(path)
            total -= size

    def _prune_daily(self) -> None:
        stamp = os.path.join(self._top(), _STAMP)
        try:
            if abs(time.time() - os.lstat(stamp).st_mtime) < DAY:
                return
            os.unlink(stamp)
        except FileNotFoundError:
            pass
        # Stamped first, and made anew: of the processes of a run one succeeds, and only it goes on.
        os.close(os.open(stamp, _WRITE, 0o666))
        self.prune()

    def _make_folder(self, folder: str) -> None:
        """Make a folder, and mark what is ours as a cache for backups and git.

        The marks go below the version's folder, not beside it: the directory may
        be one that the user keeps other things in.
        """
        os.makedirs(folder, exist_ok=True)
        for name, text in ((".gitignore", b"*\n"), (_TAG, _TAG_TEXT)):
            with contextlib.suppress(FileExistsError), open(os.path.join(self._top(), name), "xb") as file:
                file.write(text)

    def _top(self) -> str:
        return f"{self.directory}{os.sep}v{FORMAT}"

    def _path(self, kind: str, key: str) -> str:
        # Plain strings: with a thousand entries, Path objects would cost more than the reading.
        return f"{self.directory}{os.sep}v{FORMAT}{os.sep}{kind}{os.sep}{key[:2]}{os.sep}{key}"


def cache_directory(
    configured: str | None, environ: Mapping[str, str], *, platform: str = sys.platform
) -> Path | None:
    """Return the directory of the cache, or None for no cache.

    The configured one, else that of the environment variable VARIABLE (for
    both, an empty value or ``off`` means no cache), else one in the place
    where the platform keeps a user's caches; None if the user has no home.
    """
    home = environ.get("HOME") or environ.get("USERPROFILE")
    chosen = environ.get(VARIABLE) if configured is None else configured
    if chosen is not None:
        chosen = chosen.strip()
        if chosen.lower() in {"", "off"}:
            return None
        if chosen.startswith("~/") and home:
            return Path(home) / chosen[2:]
        return Path(chosen)
    xdg = environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(xdg):  # The specification says to ignore relative ones.
        return Path(xdg) / _NAME
    if platform == "win32" and environ.get("LOCALAPPDATA"):
        return Path(environ["LOCALAPPDATA"]) / _NAME / "Cache"
    if not home or not os.path.isabs(home):
        return None
    if platform == "darwin":
        return Path(home) / "Library" / "Caches" / _NAME
    return Path(home) / ".cache" / _NAME


def _checksum(kind: str, key: str, data: bytes) -> bytes:
    # The name is part of it: an entry that was copied to another name is not that entry.
    state = hashlib.blake2b(f"{kind}/{key}\n".encode(), digest_size=_CHECKSUM)
    state.update(data)
    return state.digest()


def _read_all(descriptor: int, size: int) -> bytes:
    # One byte more than expected: reads to the end in one call, in nearly all cases.
    entry = os.read(descriptor, size + 1)
    while len(entry) < size:
        more = os.read(descriptor, size + 1 - len(entry))
        if not more:
            break
        entry += more
    return entry


def _write_all(descriptor: int, entry: bytes) -> None:
    rest = memoryview(entry)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _unlink(path: str) -> None:
    with contextlib.suppress(OSError):
        os.unlink(path)


def _entries(directory: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Yield the entries of all versions: only in folders that carry our mark, only where entries lie."""
    for version in _folders(str(directory)):
        if version.name[:1] == "v" and version.name[1:].isdigit() and _is_ours(version.path):
            for kind in _folders(version.path):
                for part in _folders(kind.path):
                    if len(part.name) == 2:
                        yield from _files(part.path)


def _is_ours(version: str) -> bool:
    try:
        with open(os.path.join(version, _TAG), "rb") as file:
            return file.read(len(_TAG_TEXT)) == _TAG_TEXT
    except OSError:
        return False


def _folders(folder: str) -> list[os.DirEntry[str]]:
    # Links are not followed: a copied cache could lead the pruning out of itself.
    return [entry for entry in _listed(folder) if entry.is_dir(follow_symlinks=False)]


def _files(folder: str) -> Iterator[tuple[str, os.stat_result]]:
    for entry in _listed(folder):
        with contextlib.suppress(OSError):
            status = entry.stat(follow_symlinks=False)
            if stat.S_ISREG(status.st_mode):
                yield entry.path, status


def _listed(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except (OSError, ValueError):
        return []
