from pathlib import Path
from uuid import uuid4

import anyio
from fastapi import UploadFile

ALLOWED = {".png", ".jpg", ".jpeg", ".gif"}


MAX_BYTES = 5_000_000


class NotAnImage(Exception):
    pass


class TooBig(Exception):
    pass


async def save_avatar(upload: UploadFile, media_root: Path) -> str:
    """Store the picture and return its file name."""
    suffix = Path(upload.filename or "").suffix.lower()
    if suffix not in ALLOWED:
        raise NotAnImage(suffix)
    name = f"{uuid4().hex}{suffix}"
    content = upload.file.read()  # AFA205
    (media_root / name).write_bytes(content)  # AFA205
    return name


async def save_banner(upload: UploadFile, target: Path) -> int:
    """Store an upload, and return its size."""
    content = upload.read()  # AFA105
    if len(content) > MAX_BYTES:
        raise TooBig
    return await anyio.Path(target).write_bytes(content)
