"""Functions and methods that only work on the event loop's thread.

``NEEDS_LOOP`` are functions that ask for the loop of their thread: a worker thread has none.
``LOOP_OBJECTS`` are methods that change objects of a loop. On another thread they do not wake the loop, so
that code waiting there continues to wait. Each comes with the correct call. ``GUARDS`` are calls by code
that starts a loop of its own, or checks where it runs. Source: the documentation of asyncio ("Concurrency
and Multithreading") and AnyIO.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_START: Final = "make the function async, or use asyncio.run_coroutine_threadsafe() with the loop"
_PASS: Final = "make the function async, or pass the loop to it"

NEEDS_LOOP: Final[Mapping[str, str]] = {
    "asyncio.create_task": _START,
    "asyncio.ensure_future": _START,
    "asyncio.get_running_loop": _PASS,
    "asyncio.get_event_loop": _PASS,
    "asyncio.current_task": _PASS,
    "asyncio.gather": _START,
}

_THREADSAFE: Final = "pass the method to loop.call_soon_threadsafe()"
_RUN: Final = "use asyncio.run_coroutine_threadsafe()"
_CALL: Final = "use loop.call_soon_threadsafe()"

LOOP_OBJECTS: Final[Mapping[str, str]] = {
    **{
        f"asyncio.{owner}.{name}": _THREADSAFE
        for owner, names in {
            "Queue": "put_nowait get_nowait task_done",
            "Event": "set",
            "Condition": "notify notify_all",
            "Lock": "release",
            "Semaphore": "release",
            "Future": "set_result set_exception cancel",
            "AbstractEventLoop": "stop",
            "StreamWriter": "write",
        }.items()
        for name in names.split()
    },
    "anyio.Event.set": "pass the method to anyio.from_thread.run_sync()",
    "asyncio.AbstractEventLoop.create_task": _RUN,
    "asyncio.TaskGroup.create_task": _RUN,
    "asyncio.AbstractEventLoop.call_soon": _CALL,
    "asyncio.AbstractEventLoop.call_later": _CALL,
    "asyncio.AbstractEventLoop.call_at": _CALL,
}

GUARDS: Final[frozenset[str]] = frozenset(
    {
        "anyio.run",
        "asyncio.Runner.run",
        "asyncio.AbstractEventLoop.is_running",
        "asyncio.AbstractEventLoop.run_forever",
        "asyncio.AbstractEventLoop.run_until_complete",
        "asyncio._get_running_loop",
        "asyncio.new_event_loop",
        "asyncio.run",
        "asyncio.set_event_loop",
        "nest_asyncio.apply",
        "sniffio.current_async_library",
        "threading.current_thread",
        "threading.get_ident",
        "threading.main_thread",
    }
)

THREAD_METHODS: Final[Mapping[str, tuple[str, ...]]] = {
    "threading.Thread": ("run",),
    "threading.Timer": ("run",),
    "watchdog.events.FileSystemEventHandler": (
        "dispatch", "on_any_event", "on_closed", "on_created", "on_deleted", "on_modified", "on_moved",
    ),
    "watchdog.events.PatternMatchingEventHandler": (
        "on_any_event", "on_created", "on_deleted", "on_modified",
    ),
    "socketserver.BaseRequestHandler": ("handle",),
    "http.server.BaseHTTPRequestHandler": ("do_GET", "do_POST", "do_PUT", "do_DELETE"),
}  # fmt: skip
"""Methods of these classes that run in a thread, where a class of the project derives from them."""

LOOP_STARTERS: Final[Mapping[str, str]] = {
    "asyncio.run": "",
    "anyio.run": "",
    "asgiref.sync.async_to_sync": "",
    "asyncio.AbstractEventLoop.run_until_complete": "new_event_loop",
}
"""What runs a coroutine in a new loop; for some, if the function around it mentions a name."""

MAIN_RUNNERS: Final = frozenset({"asyncio.run", "anyio.run", "asyncio.Runner"})
"""What a main program calls to run its event loop."""

LOOP_KEEPERS: Final = frozenset({"get_event_loop", "set_event_loop"})
"""A function with both takes the loop of its thread; it makes one only at first, or after ``close``."""

LOOP_CLOSER: Final = "close"

LOOP_DRIVERS: Final = frozenset({"asyncpg", "aiomysql", "asyncmy"})
"""Drivers whose connections belong to the loop that opened them."""

AWAITERS: Final = frozenset({
    "asyncio.TaskGroup.create_task",
    "asyncio.as_completed",
    "asyncio.create_task",
    "asyncio.ensure_future",
    "asyncio.gather",
    "asyncio.shield",
    "asyncio.wait",
    "asyncio.wait_for",
})
"""Functions that run the coroutines they are given on the loop of their caller."""

# Clients that keep connections, which belong to the loop that opened them, with the methods that use one.
LOOP_CLIENTS: Final[Mapping[str, frozenset[str]]] = {
    "httpx.AsyncClient": frozenset("get options head post put patch delete request send stream".split()),
    "redis.asyncio.Redis": frozenset(
        "get set setex mget delete exists expire incr decr publish ping hget hset hgetall lpush rpush lpop "
        "rpop sadd smembers zadd zrange xadd execute_command".split()
    ),
}
CLOSES: Final = frozenset({"aclose", "close"})
# Arguments by which such a client keeps no connection of its own.
KEEPS_NOTHING: Final = ("transport", "app", "limits", "**")
