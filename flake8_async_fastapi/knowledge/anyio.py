"""AnyIO: tasks, scopes, locks, threads, files.

Covers 3 and 4.  Source: introspection of AnyIO 4.16.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

TYPES: Final[Mapping[str, str]] = {
    "anyio.abc.TaskGroup": """
        protocols: async-with
        aenter -> self
        async start -> ?
        def start_soon create_task -> ?
        def cancel -> None
        property cancel_scope -> anyio.CancelScope
    """,
    "anyio.CancelScope": """
        protocols: with
        enter -> self
        def cancel -> ?
        property cancel_called cancelled_caught shield -> bool
        property deadline -> float
    """,
    # fail_after is a generator's context manager, which is a decorator too.
    "anyio._FailAfter": """
        protocols: with call
        enter -> anyio.CancelScope
    """,
    "anyio.Event": """
        protocols: none
        async wait -> ?
        def is_set -> bool
        def set -> ?
        def statistics -> object
    """,
    "anyio.Lock": """
        protocols: async-with
        aenter -> ?
        async acquire -> None
        def acquire_nowait -> None
        def locked -> bool
        def release -> ?
        def statistics -> object
    """,
    "anyio.Semaphore": """
        protocols: async-with
        aenter -> ?
        async acquire -> None
        def acquire_nowait release -> None
        def statistics -> object
        property max_value value -> int
    """,
    "anyio.Condition": """
        protocols: async-with
        aenter -> ?
        async acquire wait -> None
        async wait_for -> ?
        def acquire_nowait notify notify_all -> None
        def locked -> bool
        def release -> ?
        def statistics -> object
    """,
    "anyio.CapacityLimiter": """
        protocols: async-with
        aenter -> ?
        async acquire acquire_on_behalf_of -> None
        def acquire_nowait acquire_on_behalf_of_nowait -> ?
        def release release_on_behalf_of -> None
        def statistics -> object
        property available_tokens borrowed_tokens total_tokens -> object
    """,
    "anyio.Path": """
        protocols: none
        async absolute cwd expanduser home readlink rename replace resolve -> self
        async chmod hardlink_to lchmod mkdir rmdir symlink_to touch unlink -> None
        async exists is_block_device is_char_device is_dir is_fifo is_file is_mount is_socket -> bool
        async is_junction is_symlink samefile -> bool
        async group owner read_text -> str
        async lstat stat -> object
        async open -> anyio.AsyncFile
        async read_bytes -> bytes
        async write_bytes write_text -> int
        async copy copy_into move move_into -> self
        def as_posix as_uri -> str
        def is_absolute is_relative_to is_reserved match full_match -> bool
        def joinpath relative_to with_name with_segments with_stem with_suffix from_uri -> self
        def glob rglob -> ?
        async-generator iterdir -> anyio.Path
        property anchor drive name root stem suffix -> str
        property parent -> self
        property limiter parents parts suffixes -> object
    """,
    "anyio.AsyncFile": """
        protocols: async-with async-iter
        aenter -> self
        aitem -> object
        async aclose flush writelines -> None
        async read read1 readline -> object
        async readinto readinto1 seek tell truncate write -> int
        async readlines -> list
        property limiter wrapped -> object
    """,
    "anyio.abc.Process": """
        protocols: async-with
        aenter -> self
        async aclose -> None
        async wait -> int
        def kill send_signal terminate -> None
        property pid returncode -> int
        property stderr stdin stdout -> ?
    """,
}

FUNCTIONS: Final[Mapping[str, str]] = {
    "anyio.sleep": "async -> None",
    "anyio.sleep_forever": "async -> None",
    "anyio.sleep_until": "async -> None",
    "anyio.aclose_forcefully": "async -> None",
    "anyio.open_file": "async -> anyio.AsyncFile",
    "anyio.open_process": "async -> anyio.abc.Process",
    "anyio.run_process": "async -> object",
    "anyio.connect_tcp": "async -> ?",
    "anyio.to_thread.run_sync": "async -> cb[?]",
    "anyio.create_task_group": "def -> anyio.abc.TaskGroup",
    "anyio.fail_after": "def -> anyio._FailAfter",
    "anyio.move_on_after": "def -> anyio.CancelScope",
    "anyio.run": "def -> ?",
    "anyio.from_thread.run": "def -> ?",
    "anyio.from_thread.run_sync": "def -> ?",
}

ALIASES: Final[Mapping[str, str]] = {
    "anyio.abc.CapacityLimiter": "anyio.CapacityLimiter",
    "anyio.abc.CancelScope": "anyio.CancelScope",
    "anyio.abc.Condition": "anyio.Condition",
    "anyio.abc.Event": "anyio.Event",
    "anyio.abc.Lock": "anyio.Lock",
    "anyio.abc.Semaphore": "anyio.Semaphore",
}
