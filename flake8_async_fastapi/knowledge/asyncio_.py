"""asyncio, and the types of the standard library that the other tables name.

Covers Python 3.10 to 3.14, including members that only newer versions have. Source: introspection, and the
documentation for newer members.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_LOCK: Final = """
    protocols: async-with
    aenter -> None
    async acquire -> bool
    def locked -> bool
    def release -> None
"""

_FUTURE: Final = """
    protocols: await iter
    await -> ?
    item -> ?
    def add_done_callback set_exception set_result -> None
    def cancel cancelled done -> bool
    def exception -> object
    def result -> ?
    def get_loop -> asyncio.AbstractEventLoop
    def remove_done_callback -> int
"""

TYPES: Final[Mapping[str, str]] = {
    "asyncio.Future": _FUTURE,
    "asyncio.Task": _FUTURE + """
        def cancelling uncancel -> int
        def get_coro get_context -> ?
        def get_name -> str
        def set_name print_stack -> None
        def get_stack -> list
    """,
    "asyncio.tasks._GatheringFuture": """
        bases: asyncio.Future
        await -> list
    """,
    "asyncio.TaskGroup": """
        protocols: async-with
        aenter -> self
        def create_task -> asyncio.Task
        def cancel -> None
    """,
    "asyncio.Timeout": """
        protocols: async-with
        aenter -> self
        def expired -> bool
        def reschedule -> None
        def when -> object
    """,
    "asyncio.Lock": _LOCK,
    "asyncio.Semaphore": _LOCK,
    "asyncio.BoundedSemaphore": "bases: asyncio.Semaphore",
    "asyncio.Condition": _LOCK + """
        async wait -> bool
        async wait_for -> object
        def notify notify_all -> None
    """,
    "asyncio.Event": """
        protocols: none
        async wait -> bool
        def is_set -> bool
        def clear set -> None
    """,
    "asyncio.Barrier": """
        protocols: async-with
        aenter -> int
        async wait -> int
        async abort reset -> None
        property broken -> bool
        property n_waiting parties -> int
    """,
    "asyncio.Queue": """
        protocols: none
        async get -> ?
        async join put -> None
        def empty full -> bool
        def get_nowait -> ?
        def put_nowait shutdown task_done -> None
        def qsize -> int
        property maxsize -> int
    """,
    "contextvars.ContextVar": """
        protocols: none
        def get -> ?
        def reset -> None
        def set -> object
        property name -> str
    """,
    "asyncio.PriorityQueue": "bases: asyncio.Queue",
    "asyncio.LifoQueue": "bases: asyncio.Queue",
    "asyncio.StreamReader": """
        protocols: async-iter
        aitem -> bytes
        async read readexactly readline readuntil -> bytes
        def at_eof -> bool
        def exception -> object
        def feed_data feed_eof set_exception set_transport -> None
    """,
    "asyncio.StreamWriter": """
        protocols: none
        async drain start_tls wait_closed -> None
        def can_write_eof is_closing -> bool
        def close write write_eof writelines -> None
        def get_extra_info -> object
        property transport -> object
    """,
    "asyncio.Handle": """
        protocols: none
        def cancel -> None
        def cancelled -> bool
        def get_context -> object
    """,
    "asyncio.TimerHandle": """
        bases: asyncio.Handle
        def when -> float
    """,
    "asyncio.Server": """
        protocols: async-with
        aenter -> self
        async serve_forever start_serving wait_closed -> None
        def close close_clients abort_clients -> None
        def get_loop -> asyncio.AbstractEventLoop
        def is_serving -> bool
        property sockets -> object
    """,
    "asyncio.Runner": """
        protocols: with
        enter -> self
        def close -> None
        def get_loop -> asyncio.AbstractEventLoop
        def run -> ?
    """,
    "asyncio.subprocess.Process": """
        protocols: none
        async communicate -> tuple
        async wait -> int
        def kill send_signal terminate -> None
        property returncode pid -> int
        property stdin -> asyncio.StreamWriter
        property stdout stderr -> asyncio.StreamReader
    """,
    "asyncio.AbstractEventLoop": """
        protocols: none
        async connect_accepted_socket connect_read_pipe connect_write_pipe create_connection -> tuple
        async create_datagram_endpoint create_unix_connection subprocess_exec subprocess_shell -> tuple
        async create_server create_unix_server -> asyncio.Server
        async getaddrinfo -> list
        async getnameinfo sock_accept sock_recvfrom sock_recvfrom_into -> tuple
        async sendfile sock_recv_into sock_sendfile sock_sendto -> int
        async shutdown_asyncgens shutdown_default_executor sock_connect sock_sendall -> None
        async sock_recv -> bytes
        async start_tls -> object
        def add_reader add_signal_handler add_writer call_exception_handler close -> None
        def default_exception_handler run_forever set_debug set_default_executor -> None
        def set_exception_handler set_task_factory stop -> None
        def call_at call_later -> asyncio.TimerHandle
        def call_soon call_soon_threadsafe -> asyncio.Handle
        def create_future run_in_executor -> asyncio.Future
        def create_task -> asyncio.Task
        def get_debug is_closed is_running remove_reader remove_signal_handler remove_writer -> bool
        def get_exception_handler get_task_factory -> object
        def run_until_complete -> ?
        def time -> float
    """,
    "concurrent.futures.Future": """
        protocols: none
        def add_done_callback set_exception set_result -> None
        def cancel cancelled done running set_running_or_notify_cancel -> bool
        def exception -> object
        def result -> ?
    """,
    "contextlib.AsyncExitStack": """
        protocols: async-with
        aenter -> self
        async enter_async_context -> ?
        async aclose -> None
        def callback enter_context push push_async_callback push_async_exit -> ?
        def pop_all -> contextlib.AsyncExitStack
    """,
    "contextlib._GeneratorContextManager": """
        protocols: with call
        enter -> ?
        call -> ?
    """,
    "logging.Logger": """
        protocols: none
        def critical debug error exception fatal info log warn warning -> None
        def addFilter addHandler removeFilter removeHandler setLevel handle callHandlers -> None
        def getChild -> logging.Logger
        def getEffectiveLevel -> int
        def hasHandlers isEnabledFor -> bool
    """,
    "tempfile.SpooledTemporaryFile": """
        protocols: with iter
        enter -> self
        item -> object
        def close flush rollover writelines -> None
        def read readline -> object
        def readlines -> list
        def fileno seek tell truncate write -> int
        def isatty -> bool
        property closed -> bool
        property encoding errors mode name newlines -> object
    """,
}

FUNCTIONS: Final[Mapping[str, str]] = {
    "logging.getLogger": "def -> logging.Logger",
    "asyncio.sleep": "async -> ?",
    "asyncio.wait_for": "async -> ?",
    "asyncio.wait": "async -> tuple",
    "asyncio.to_thread": "async -> cb[?]",
    "asyncio.open_connection": "async -> tuple",
    "asyncio.open_unix_connection": "async -> tuple",
    "asyncio.start_server": "async -> asyncio.Server",
    "asyncio.start_unix_server": "async -> asyncio.Server",
    "asyncio.create_subprocess_exec": "async -> asyncio.subprocess.Process",
    "asyncio.create_subprocess_shell": "async -> asyncio.subprocess.Process",
    "asyncio.gather": "def -> asyncio.tasks._GatheringFuture",
    "asyncio.create_task": "def -> asyncio.Task",
    "asyncio.ensure_future": "def -> asyncio.Future",
    "asyncio.shield": "def -> asyncio.Future",
    "asyncio.wrap_future": "def -> asyncio.Future",
    "asyncio.run_coroutine_threadsafe": "def -> concurrent.futures.Future",
    "asyncio.as_completed": "def -> ?",
    "asyncio.run": "def -> ?",
    "asyncio.timeout": "def -> asyncio.Timeout",
    "asyncio.timeout_at": "def -> asyncio.Timeout",
    "asyncio.current_task": "def -> asyncio.Task",
    "asyncio.all_tasks": "def -> set",
    "asyncio.get_event_loop": "def -> asyncio.AbstractEventLoop",
    "asyncio.get_running_loop": "def -> asyncio.AbstractEventLoop",
    "asyncio.new_event_loop": "def -> asyncio.AbstractEventLoop",
    "asyncio.set_event_loop": "def -> None",
    "asyncio.iscoroutine": "def -> bool",
    "asyncio.iscoroutinefunction": "def -> bool",
    "asyncio.isfuture": "def -> bool",
}

ALIASES: Final[Mapping[str, str]] = {
    **{
        f"asyncio.{module}.{name}": f"asyncio.{name}"
        for module, names in {
            "futures": "Future isfuture wrap_future",
            "tasks": "Task all_tasks as_completed create_task current_task ensure_future gather "
                     "run_coroutine_threadsafe shield sleep wait wait_for",
            "taskgroups": "TaskGroup",
            "timeouts": "Timeout timeout timeout_at",
            "locks": "Barrier BoundedSemaphore Condition Event Lock Semaphore",
            "queues": "LifoQueue PriorityQueue Queue",
            "streams": "StreamReader StreamWriter open_connection start_server",
            "events": "AbstractEventLoop Handle TimerHandle get_event_loop get_running_loop new_event_loop "
                      "set_event_loop",
            "base_events": "Server",
            "runners": "Runner run",
            "threads": "to_thread",
            "coroutines": "iscoroutine iscoroutinefunction",
            "subprocess": "create_subprocess_exec create_subprocess_shell",
        }.items()
        for name in names.split()
    },
    "asyncio.events.AbstractServer": "asyncio.Server",
    "asyncio.AbstractServer": "asyncio.Server",
    "concurrent.futures._base.Future": "concurrent.futures.Future",
}
