"""Files that the kernel makes up when they are read: they are in memory, and reading them never waits."""

from __future__ import annotations

from typing import Final

from flake8_async_fastapi.engine.frame import Context
from flake8_async_fastapi.engine.values import (
    Arguments,
    Const,
    Library,
    Member,
    Object,
    Text,
    TextPrefix,
    Value,
)
from flake8_async_fastapi.knowledge.blocking_arguments import BRIEF_TO_WRITE

_FOLDERS: Final = ("/proc/", "/sys/", "/dev/shm/")


def model_folder(_: Context, written: str) -> Text | None:
    """The text of a place in such a folder: which one it is matters, also if more is appended."""
    return TextPrefix(written) if _is_in_folder(written) else None


def is_kernel_file(callee: Library | Member | Object, full: str, arguments: Arguments) -> bool:
    """Whether a call opens or reads such a file: ``open("/proc/self/status")``, ``Path("/sys/x").open()``."""
    place: Value | None = None
    if isinstance(callee, Member):
        place = callee.receiver.argument("0") if callee.receiver.type == "pathlib.Path" else None
    elif full in BRIEF_TO_WRITE:
        place = arguments.get(0, "file")
    return isinstance(place, Const) and isinstance(place.value, str) and _is_in_folder(place.value)


def _is_in_folder(text: str) -> bool:
    return f"{text}/".startswith(_FOLDERS)
