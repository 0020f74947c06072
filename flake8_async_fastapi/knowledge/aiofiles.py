"""aiofiles: open, the file objects, and its os functions.

The type of file that `open` returns depends on the mode, so only the common members are listed. Source:
introspection of aiofiles 25.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

TYPES: Final[Mapping[str, str]] = {
    "aiofiles.base.AiofilesContextManager": """
        protocols: await async-with
        await -> aiofiles._File
        aenter -> aiofiles._File
    """,
    "aiofiles._File": """
        protocols: async-iter
        aitem -> object
        async close flush writelines -> None
        async isatty seekable writable -> bool
        async read readline -> object
        async readlines -> list
        async seek tell truncate write -> int
        def fileno -> int
        property closed -> bool
        property mode name -> object
    """,
    "aiofiles.threadpool.text.AsyncTextIOWrapper": "bases: aiofiles._File",
    "aiofiles.threadpool.binary.AsyncBufferedIOBase": "bases: aiofiles._File",
    "aiofiles.threadpool.binary.AsyncBufferedReader": "bases: aiofiles._File",
    "aiofiles.threadpool.binary.AsyncFileIO": "bases: aiofiles._File",
}

FUNCTIONS: Final[Mapping[str, str]] = {
    "aiofiles.open": "def -> aiofiles.base.AiofilesContextManager",
    "aiofiles.os.stat": "async -> object",
    "aiofiles.os.rename": "async -> None",
    "aiofiles.os.replace": "async -> None",
    "aiofiles.os.remove": "async -> None",
    "aiofiles.os.unlink": "async -> None",
    "aiofiles.os.mkdir": "async -> None",
    "aiofiles.os.makedirs": "async -> None",
    "aiofiles.os.rmdir": "async -> None",
    "aiofiles.os.removedirs": "async -> None",
    "aiofiles.os.listdir": "async -> list",
    "aiofiles.os.scandir": "async -> object",
    "aiofiles.os.path.exists": "async -> bool",
    "aiofiles.os.path.isfile": "async -> bool",
    "aiofiles.os.path.isdir": "async -> bool",
    "aiofiles.os.path.getsize": "async -> int",
}

ALIASES: Final[Mapping[str, str]] = {
    "aiofiles.threadpool.open": "aiofiles.open",
    "aiofiles.ospath.exists": "aiofiles.os.path.exists",
    "aiofiles.ospath.isfile": "aiofiles.os.path.isfile",
    "aiofiles.ospath.isdir": "aiofiles.os.path.isdir",
    "aiofiles.ospath.getsize": "aiofiles.os.path.getsize",
}
