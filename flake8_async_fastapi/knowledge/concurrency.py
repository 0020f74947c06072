"""What runs coroutines at the same time, or after the request, and what does the work in turns.

Source: the documentation of asyncio, AnyIO, Starlette and FastAPI.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# Functions that run all coroutines they are given at the same time.
GATHERS: Final = frozenset({"asyncio.gather", "asyncio.wait", "asyncio.as_completed"})
# What makes a task group, and the methods that start a task in it.
GROUPS: Final = frozenset({"asyncio.TaskGroup", "anyio.create_task_group"})
STARTS: Final = frozenset({"asyncio.TaskGroup.create_task", "anyio.abc.TaskGroup.start_soon"})
# Functions that start a task of its own.
TASKS: Final = frozenset(
    {"asyncio.create_task", "asyncio.ensure_future", "asyncio.AbstractEventLoop.create_task"}
)
# The last names by which a function of the project is seen to run what it is given.
WORDS: Final = frozenset(
    {"gather", "as_completed", "create_task", "ensure_future", "start_soon", "TaskGroup", "create_task_group"}
)
# What runs a function or a generator after the response has begun, or is over.
LATER: Final[Mapping[str, str]] = {
    "starlette.background.BackgroundTasks.add_task": "background",
    "starlette.background.BackgroundTask": "background",
    "starlette.responses.StreamingResponse": "stream",
    "sse_starlette.EventSourceResponse": "stream",
    "sse_starlette.sse.EventSourceResponse": "stream",
}
# Locks that let one task at a time through.
LOCKS: Final = frozenset({"asyncio.Lock", "anyio.Lock"})
# Methods of a session that end its work.
ENDS: Final = frozenset({"close", "aclose", "reset", "invalidate", "close_all"})
