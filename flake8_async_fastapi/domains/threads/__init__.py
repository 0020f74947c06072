"""Functions that are handed over: to a thread, to the loop for later, to a scheduler, or to a cache.

Adds to the summary of a function: ``Drop`` (it drops or keeps the coroutine of a function that it got),
``LoopUse`` (it uses objects of the event loop), ``EngineUse`` (it opens a connection), ``SureUse`` (it does
so in any case), ``EngineDisposal`` (it closes those in the pool), ``LoopStart`` (it opens one in its own
loop) and ``SessionRun`` (it uses a session of its caller there). Adds no part of the state; a run notes
which of these it does. Needs database and fastapi, to know the drivers of engines, and which functions run
in threads.
"""

from __future__ import annotations

from flake8_async_fastapi.domains.threads import (
    caches,
    calls,
    cancellation,
    engine_loops,
    loop_starts,
    loop_use,
    session_loops,
    sure_uses,
    unawaited,
)
from flake8_async_fastapi.engine.domain import Domain
from flake8_async_fastapi.engine.observers import Observers

DOMAIN = Domain(
    "threads",
    ("fastapi", "database"),
    observers=Observers(
        stored=(unawaited.note_assignment,),
        call_ends=(calls.CALLS, unawaited.DEFAULT_CALLS),
        decorated=(unawaited.check_decorated, caches.check_decorator, loop_starts.check_decorated),
        dropped=(unawaited.note_dropped,),
        function_begins=(cancellation.report_swallowed, unawaited.report_called_by_python),
    ),
    effects={
        **unawaited.EFFECTS,
        **loop_use.EFFECTS,
        **engine_loops.EFFECTS,
        **loop_starts.EFFECTS,
        **session_loops.EFFECTS,
        **sure_uses.EFFECTS,
    },
)
