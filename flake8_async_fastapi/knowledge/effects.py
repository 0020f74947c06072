"""The effects of calls on the thread that makes them.

* ``event-loop``: starts an event loop, which fails if one is running already.

* ``guards-loop``: checks whether a loop is running, or needs one, so the code handles that case.

Source: the documentation of ``asyncio`` ("This function cannot be called when another asyncio event loop is
running in the same thread"); the tests run them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

EFFECTS: Final[Mapping[str, str]] = {
    "asyncio.run": "event-loop",
    "asyncio.Runner.run": "event-loop",
    "asyncio.AbstractEventLoop.run_until_complete": "event-loop",
    "asyncio.AbstractEventLoop.run_forever": "event-loop",
    "anyio.run": "event-loop",
    "asyncio.create_task": "guards-loop",
    "asyncio.ensure_future": "guards-loop",
    "asyncio.get_running_loop": "guards-loop",
    "asyncio._get_running_loop": "guards-loop",
    "asyncio.AbstractEventLoop.is_running": "guards-loop",
    "nest_asyncio.apply": "guards-loop",
    "sniffio.current_async_library": "guards-loop",
}

NEVER_RETURN: Final[frozenset[str]] = frozenset({"os._exit", "pytest.fail", "pytest.skip", "sys.exit"})

SKIPPING: Final[frozenset[str]] = frozenset({"pytest.mark.skip", "unittest.skip"})
"""Decorators of tests that never run."""

NESTING: Final[frozenset[str]] = frozenset({"nest_asyncio"})
"""Packages that let a thread start an event loop inside another one."""
