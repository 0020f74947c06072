"""Functions by how they use a coroutine that is passed to them.

PLAIN_CONSUMERS use their arguments as plain values: they never await, schedule, call or keep them, and
their result does not hold them either (so not `list`, `tuple`, `sorted` or `min`, which return their
arguments).
GUARDS only test the type of a value.
Source: the documentation; the tests call what they can with a coroutine.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_LOG_METHODS: Final = ["critical", "debug", "error", "exception", "info", "log", "warning"]
_SESSION_METHODS: Final = ["add", "delete", "refresh", "merge", "expunge", "expire", "is_modified"]
_OF_PATHS: Final = [
    "os.listdir", "os.makedirs", "os.mkdir", "os.remove", "os.rename", "os.scandir", "os.stat", "os.unlink",
    "os.walk", "os.path.abspath", "os.path.basename", "os.path.dirname", "os.path.exists",
    "os.path.expanduser", "os.path.getsize", "os.path.isdir", "os.path.isfile", "os.path.join",
    "os.path.normpath", "os.path.realpath", "os.path.relpath", "os.path.splitext",
    "pathlib.Path", "shutil.copy", "shutil.copyfile", "shutil.copytree", "shutil.move", "shutil.rmtree",
]  # fmt: skip

PLAIN_CONSUMERS: Final[frozenset[str]] = frozenset({
    *_OF_PATHS,
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
    "builtins.open",
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
    *(f"pydantic.BaseModel.{method}" for method in ("from_orm", "model_validate", "parse_obj", "validate")),
    "pydantic.TypeAdapter.validate_python",
    "json.dump",
    "json.dumps",
    "json.load",
    "json.loads",
    "uuid.UUID",
    "starlette.responses.HTMLResponse",
    "starlette.responses.JSONResponse",
    "starlette.responses.PlainTextResponse",
    "fastapi.responses.ORJSONResponse",
    "fastapi.responses.UJSONResponse",
    *(f"sqlalchemy.ext.asyncio.AsyncSession.{method}" for method in _SESSION_METHODS),
    *(f"sqlmodel.ext.asyncio.session.AsyncSession.{method}" for method in _SESSION_METHODS),
    *(f"sqlalchemy.ext.asyncio.async_scoped_session.{method}" for method in _SESSION_METHODS),
    *(f"logging.{method}" for method in _LOG_METHODS),
    *(f"logging.Logger.{method}" for method in _LOG_METHODS),
})

# The builtins that iterate over their argument at once: a coroutine there is a TypeError.  Their
# results hold the items, so they do not consume coroutines among the items of a list.
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
    "builtins.str.join",
    "builtins.tuple",
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

# The position of the argument that is called: a coroutine there is not a function.
FUNCTION_ARGUMENTS: Final[Mapping[str, int]] = {
    "starlette.background.BackgroundTasks.add_task": 0,
    "starlette.background.BackgroundTask": 0,
    "starlette.concurrency.run_in_threadpool": 0,
    "asyncio.to_thread": 0,
    "anyio.to_thread.run_sync": 0,
    "asyncio.AbstractEventLoop.run_in_executor": 1,
    "asyncio.AbstractEventLoop.call_soon": 0,
    "asyncio.AbstractEventLoop.call_soon_threadsafe": 0,
}

# Those of the PLAIN_CONSUMERS that only show a coroutine, which may be awaited later.
SHOWING_CONSUMERS: Final[frozenset[str]] = frozenset({
    "builtins.ascii",
    "builtins.format",
    "builtins.print",
    "builtins.repr",
    "builtins.str",
})
