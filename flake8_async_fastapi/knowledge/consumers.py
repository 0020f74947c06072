"""Functions by what they do with a coroutine that is passed to them.

PLAIN_CONSUMERS use their arguments as plain values: they never await, schedule, call or keep them, and
their result does not hold them either (so no `list`, `tuple`, `sorted` or `min`: those pass on what
they were given).
AWAITERS await or schedule a coroutine.  GUARDS only test what a value is.
Source: the documentation; the tests call what they can with a coroutine.
"""

from __future__ import annotations

from typing import Final

_LOG_METHODS: Final = "critical debug error exception info log warning".split()

PLAIN_CONSUMERS: Final[frozenset[str]] = frozenset({
    "builtins.bin",
    "builtins.bool",
    "builtins.chr",
    "builtins.complex",
    "builtins.float",
    "builtins.format",
    "builtins.hex",
    "builtins.int",
    "builtins.len",
    "builtins.oct",
    "builtins.ord",
    "builtins.print",
    "builtins.round",
    "builtins.str",
    "builtins.ascii",
    "builtins.repr",
    "builtins.sum",
    "builtins.abs",
    "builtins.bytes",
    "builtins.bytearray",
    "fastapi.encoders.jsonable_encoder",
    "json.dump",
    "json.dumps",
    "json.load",
    "json.loads",
    "starlette.responses.HTMLResponse",
    "starlette.responses.JSONResponse",
    "starlette.responses.PlainTextResponse",
    "fastapi.responses.ORJSONResponse",
    "fastapi.responses.UJSONResponse",
    *(f"logging.{method}" for method in _LOG_METHODS),
    *(f"logging.Logger.{method}" for method in _LOG_METHODS),
})

# The builtins that go through their argument at once: a coroutine there is a TypeError.  What they
# give holds the items, so coroutines among the items of a list are not consumed by them.
ITERATING_CONSUMERS: Final[frozenset[str]] = frozenset({
    "builtins.all",
    "builtins.any",
    "builtins.dict",
    "builtins.enumerate",
    "builtins.frozenset",
    "builtins.iter",
    "builtins.list",
    "builtins.reversed",
    "builtins.set",
    "builtins.sorted",
    "builtins.tuple",
})

AWAITERS: Final[frozenset[str]] = frozenset({
    "asyncio.as_completed",
    "asyncio.create_task",
    "asyncio.ensure_future",
    "asyncio.gather",
    "asyncio.run",
    "asyncio.run_coroutine_threadsafe",
    "asyncio.shield",
    "asyncio.wait",
    "asyncio.wait_for",
    "asyncio.Task",
    "asyncio.Runner.run",
    "asyncio.TaskGroup.create_task",
    "asyncio.AbstractEventLoop.create_task",
    "asyncio.AbstractEventLoop.run_until_complete",
    "anyio.abc.TaskGroup.create_task",
    "anyio.gather",
})

GUARDS: Final[frozenset[str]] = frozenset({
    "asyncio.iscoroutine",
    "asyncio.iscoroutinefunction",
    "asyncio.isfuture",
    "builtins.callable",
    "builtins.hasattr",
    "builtins.isinstance",
    "builtins.issubclass",
    "builtins.type",
    "inspect.isasyncgen",
    "inspect.isasyncgenfunction",
    "inspect.isawaitable",
    "inspect.iscoroutine",
    "inspect.iscoroutinefunction",
    "inspect.isgenerator",
})
