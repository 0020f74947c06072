from pathlib import Path
from uuid import uuid4

from fastapi import UploadFile

ALLOWED = {".png", ".jpg", ".jpeg", ".gif"}


MAX_BYTES = 5_000_000


class NotAnImage(Exception):
    pass


class TooBig(Exception):
    pass


def save_avatar(upload: UploadFile, media_root: Path) -> str:
    """Store the picture and return its file name."""
    suffix = Path(upload.filename or "").suffix.lower()
    if suffix not in ALLOWED:
        raise NotAnImage(suffix)
    name = f"{uuid4().hex}{suffix}"
    (media_root / name).write_bytes(upload.file.read())
    return name


def save_banner(upload: UploadFile, target: Path) -> int:
    """Copy a big upload piece by piece, and return its size."""
    if (upload.size or 0) > MAX_BYTES:
        raise TooBig
    size = 0
    with target.open("wb") as file:
        while chunk := upload.file.read(64 * 1024):
            size += file.write(chunk)
    return size
