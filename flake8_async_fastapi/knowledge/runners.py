"""Functions that call a function passed to them, where they run it, and whether they await its result.

None of these awaits: a coroutine function is called there, and its coroutine is dropped. Source: the
documentation of the standard library, AnyIO, APScheduler, schedule and Celery.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

ON_LOOP: Final = "loop"
THREAD: Final = "thread"
POOL: Final = "pool"
"""A thread whose end wakes the event loop."""
PROCESS: Final = "process"
SCHEDULED: Final = "scheduled"


class Runner(NamedTuple):
    """The argument of a call that is the function to run: by position or by name.

    ``arguments`` is the name of the list of arguments for the function; if it is empty, they are all
    arguments after it. ``where`` the function runs is one of the words above. ``gives_back`` says that the
    caller can get the function's result. ``remedy`` is how to run a coroutine instead.
    """

    place: int
    name: str
    where: str
    arguments: str = ""
    gives_back: bool = False
    remedy: str = ""


_LOOP: Final = "pass a plain function that calls asyncio.create_task()"
_THREAD: Final = "use asyncio.create_task(), or pass a plain function"
_SCHEDULER: Final = "use AsyncIOScheduler"
_SYNC: Final = "pass a plain function"
_AWAIT: Final = "call it without the executor, and await that"

RUNNERS: Final[Mapping[str, Runner]] = {
    "threading.Thread": Runner(1, "target", THREAD, "args", remedy=_THREAD),
    "threading.Timer": Runner(1, "function", THREAD, "args", remedy=_THREAD),
    "multiprocessing.Process": Runner(1, "target", PROCESS, "args", remedy=_SYNC),
    "_thread.start_new_thread": Runner(0, "function", THREAD, "args", remedy=_THREAD),
    "concurrent.futures.Executor.submit": Runner(0, "fn", THREAD, gives_back=True, remedy=_AWAIT),
    "concurrent.futures.ProcessPoolExecutor.submit": Runner(0, "fn", PROCESS, gives_back=True, remedy=_SYNC),
    "asyncio.AbstractEventLoop.run_in_executor": Runner(1, "func", POOL, gives_back=True, remedy=_AWAIT),
    "concurrent.futures.Executor.map": Runner(0, "fn", THREAD, "args", gives_back=True, remedy=_SYNC),
    "asyncio.AbstractEventLoop.call_soon": Runner(0, "callback", ON_LOOP, remedy=_LOOP),
    "asyncio.AbstractEventLoop.call_soon_threadsafe": Runner(
        0, "callback", ON_LOOP, remedy="use asyncio.run_coroutine_threadsafe()"
    ),
    "asyncio.AbstractEventLoop.call_later": Runner(1, "callback", ON_LOOP, remedy=_LOOP),
    "asyncio.AbstractEventLoop.call_at": Runner(1, "callback", ON_LOOP, remedy=_LOOP),
    "asyncio.AbstractEventLoop.add_signal_handler": Runner(1, "callback", ON_LOOP, remedy=_LOOP),
    "asyncio.AbstractEventLoop.add_reader": Runner(1, "callback", ON_LOOP, remedy=_LOOP),
    "asyncio.AbstractEventLoop.add_writer": Runner(1, "callback", ON_LOOP, remedy=_LOOP),
    "asyncio.Future.add_done_callback": Runner(0, "fn", ON_LOOP, "", remedy=_LOOP),
    "asyncio.Task.add_done_callback": Runner(0, "fn", ON_LOOP, "", remedy=_LOOP),
    "concurrent.futures.Future.add_done_callback": Runner(0, "fn", THREAD, remedy=_SYNC),
    "atexit.register": Runner(0, "func", SCHEDULED, remedy=_SYNC),
    "signal.signal": Runner(1, "handler", SCHEDULED, remedy="use loop.add_signal_handler()"),
    "weakref.finalize": Runner(1, "func", SCHEDULED, remedy=_SYNC),
    "apscheduler.schedulers.background.BackgroundScheduler.add_job": Runner(
        0, "func", THREAD, "args", remedy=_SCHEDULER
    ),
    "apscheduler.schedulers.blocking.BlockingScheduler.add_job": Runner(
        0, "func", THREAD, "args", remedy=_SCHEDULER
    ),
    "schedule.Job.do": Runner(0, "job_func", SCHEDULED, remedy=_SYNC),
    "starlette.background.BackgroundTasks.add_task": Runner(0, "func", POOL, gives_back=True),
    "starlette.background.BackgroundTask": Runner(0, "func", POOL, gives_back=True),
    "asyncio.to_thread": Runner(0, "func", POOL, gives_back=True),
    "anyio.to_thread.run_sync": Runner(0, "func", POOL, gives_back=True),
    "starlette.concurrency.run_in_threadpool": Runner(0, "func", POOL, gives_back=True),
}

_BEATS: Final = "call asyncio.run() in a plain task"

_TASKS: Final[Mapping[str, str]] = {
    "celery.shared_task": _BEATS,
    "celery.Celery.task": _BEATS,
    "huey.Huey.task": _BEATS,
    "huey.Huey.periodic_task": _BEATS,
    "apscheduler.schedulers.background.BackgroundScheduler.scheduled_job": _SCHEDULER,
    "apscheduler.schedulers.blocking.BlockingScheduler.scheduled_job": _SCHEDULER,
}
_CHECKS: Final = "write a plain function, and check what needs an await in the route or a dependency"
VALIDATORS: Final = (
    "pydantic.field_serializer", "pydantic.field_validator", "pydantic.model_serializer",
    "pydantic.model_validator", "pydantic.root_validator", "pydantic.validator", "sqlalchemy.orm.validates",
)  # fmt: skip
DECORATORS: Final[Mapping[str, str]] = {
    **_TASKS,
    "atexit.register": _SYNC,
    "dramatiq.actor": "add AsyncIO() to the middleware of the broker, or write a plain function",
    **dict.fromkeys(VALIDATORS, _CHECKS),
}
"""Decorators by which something calls a function that never awaits; with the remedy."""

WITH_OWN_POOL: Final = ("celery_aio_pool", "celery_pool_asyncio")
"""Packages that teach a runner to await."""

AWAITS_BY: Final[Mapping[str, str]] = {"dramatiq.actor": "AsyncIO"}
"""Decorators whose functions are awaited in a project that mentions a name."""

DEFAULTS: Final[Mapping[str, frozenset[str]]] = {
    "sqlalchemy.Column": frozenset({"default", "onupdate"}),
    "sqlalchemy.orm.mapped_column": frozenset({"default", "default_factory", "insert_default", "onupdate"}),
    **dict.fromkeys(
        ("dataclasses.field", "pydantic.Field", "sqlmodel.Field"), frozenset({"default_factory"})
    ),
}
"""Declarations of columns and fields, with the arguments that are functions which give a value."""

CALLED_BY_PYTHON: Final = frozenset(
    {"__bool__", "__del__", "__init__", "__len__", "__post_init__", "__repr__", "__str__"}
)
"""Methods that Python calls, which refuses or drops a coroutine."""

CACHES: Final[frozenset[str]] = frozenset(
    {
        "functools.cache",
        "functools.lru_cache",
        "functools.cached_property",
        "cachetools.cached",
        "cachetools.cachedmethod",
        "cachetools.func.fifo_cache",
        "cachetools.func.lfu_cache",
        "cachetools.func.lru_cache",
        "cachetools.func.rr_cache",
        "cachetools.func.ttl_cache",
        "methodtools.lru_cache",
        "toolz.memoize",
        "toolz.functoolz.memoize",
        "django.utils.functional.cached_property",
        "werkzeug.utils.cached_property",
    }
)
"""Decorators that keep what a function returns: of a coroutine function, the coroutine."""

TASK_DECORATORS: Final[frozenset[str]] = frozenset(
    {
        *_TASKS,
        "dramatiq.actor",
    }
)
"""Decorators of functions that a worker or a scheduler runs many times."""

TASK_SIGNALS: Final = ("task_prerun", "task_postrun")
"""Signals of Celery whose receivers a worker calls before and after each task."""
