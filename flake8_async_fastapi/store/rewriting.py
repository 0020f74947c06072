"""Files that are read to be changed: every byte is kept, and each is written as a whole or not at all."""

from __future__ import annotations

import codecs
import io
import os
import stat
import tempfile
import tokenize
from pathlib import Path
from typing import Final

from msgspec import Struct

_UTF_16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class ChangedMeanwhile(Exception):
    """The file is no longer as it was read."""


class Original(Struct, frozen=True):
    """A file as it was read: its bytes, and its text with the line ends that it has."""

    path: Path
    data: bytes
    text: str
    encoding: str

    def encoded(self, text: str) -> bytes:
        """A text as the bytes of this file: as it is encoded, and with a byte order mark if it has one."""
        return text.encode(self.encoding)


def read_original(path: Path) -> Original | None:
    """A file of Python, or a list of requirements, or None for one that cannot be read or decoded."""
    try:
        data = path.read_bytes()
        if data.startswith(_UTF_16) and path.suffix != ".py":  # as the shell of Windows writes a list
            text = data.decode("utf-16")
            return Original(path, data, text, "utf-16") if text.encode("utf-16") == data else None
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        return Original(path, data, data.decode(encoding), encoding)
    except (OSError, SyntaxError, ValueError, LookupError):
        return None


def rewrite(original: Original, text: str) -> None:
    """Give a file another text, unless it has changed since it was read; its mode stays.

    Raises ChangedMeanwhile, and OSError or ValueError where it cannot be written; the file is whole then.
    """
    target = Path(os.path.realpath(original.path))
    data = original.encoded(text)
    if target.read_bytes() != original.data:
        raise ChangedMeanwhile(str(original.path))
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, stat.S_IMODE(target.stat().st_mode))
        if target.read_bytes() != original.data:
            raise ChangedMeanwhile(str(original.path))
        os.replace(name, target)
    except BaseException:
        os.unlink(name)
        raise
