"""Functions that run coroutines concurrently or after the request, and locks.

Source: the documentation of asyncio, AnyIO, Starlette and FastAPI.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from flake8_async_fastapi.knowledge.consumers import FUNCTION_ARGUMENTS

# Functions that run all their coroutines concurrently.
GATHERS: Final = frozenset({"asyncio.gather", "asyncio.wait", "asyncio.as_completed"})
# Functions that create a task group, and the methods that start a task in it.
GROUPS: Final = frozenset({"asyncio.TaskGroup", "anyio.create_task_group"})
STARTS: Final = frozenset({"asyncio.TaskGroup.create_task", "anyio.abc.TaskGroup.start_soon"})
# Functions that start a task of its own.
TASKS: Final = frozenset(
    {"asyncio.create_task", "asyncio.ensure_future", "asyncio.AbstractEventLoop.create_task"}
)
# Functions that await their arguments when awaited, and functions that run them at once.
AWAITING: Final = frozenset({"asyncio.gather", "asyncio.wait_for", "asyncio.shield", "asyncio.run"})
RUNS: Final = frozenset({"asyncio.run"})
# What lets a coroutine go on where the task that waits for it is cancelled.
SHIELD: Final = "asyncio.shield"
# Functions that start coroutines which then run by themselves.
STARTING: Final = GATHERS | STARTS | TASKS | {SHIELD, "asyncio.run_coroutine_threadsafe"}
# Functions that run a function elsewhere, or later: its position before its arguments.
_EXECUTORS: Final = ("Executor", "ThreadPoolExecutor")
MAPPERS: Final = frozenset(f"concurrent.futures.{name}.map" for name in _EXECUTORS)
RUNNERS: Final[Mapping[str, int]] = {
    **FUNCTION_ARGUMENTS,
    **dict.fromkeys(MAPPERS, 0),
    **dict.fromkeys([f"concurrent.futures.{name}.submit" for name in _EXECUTORS], 0),
    "anyio.abc.TaskGroup.start_soon": 0,
}
# Functions that create threads from a ``target`` and its ``args``.
THREADS: Final = frozenset({"threading.Thread", "threading.Timer"})
# The last names by which a function of the project is recognised to run its arguments.
WORDS: Final = frozenset(
    {"gather", "as_completed", "create_task", "ensure_future", "start_soon", "TaskGroup", "create_task_group"}
)
# Functions that run a function or a generator after the response has begun or ended.
LATER: Final[Mapping[str, str]] = {
    "starlette.background.BackgroundTasks.add_task": "background",
    "starlette.background.BackgroundTask": "background",
    "starlette.responses.StreamingResponse": "stream",
    "sse_starlette.EventSourceResponse": "stream",
    "sse_starlette.sse.EventSourceResponse": "stream",
}
# Locks that let one task pass at a time.
LOCKS: Final = frozenset({"asyncio.Lock", "anyio.Lock"})
# Methods of a session that end its work.
ENDS: Final = frozenset({"close", "aclose", "reset", "invalidate", "close_all"})
