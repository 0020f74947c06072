"""How an application sets up its database: engines, session factories, global sessions, URLs.

Also reports HTTP clients that are created, and functions that are registered by a library's decorator. Adds
no part of the state and no effect; a run notes the sessions that it opens. Needs no other domain.
"""

from __future__ import annotations

from flake8_async_fastapi.domains.database import (
    engines,
    factories,
    listeners,
    shared,
    text_parameters,
    urls,
)
from flake8_async_fastapi.engine.domain import Domain
from flake8_async_fastapi.engine.models import Models
from flake8_async_fastapi.engine.observers import Observers

DOMAIN = Domain(
    "database",
    models=Models(
        calls=urls.CALLS,
        literals=(urls.model_text,),
        conditions=(urls.evaluate_url_test,),
        entries=engines.ENTRIES,
        properties=engines.PROPERTIES,
        methods={**engines.METHODS, **text_parameters.METHODS},
    ),
    observers=Observers(
        stored=(factories.report_global_session, shared.report_shared),
        call_ends=(engines.CALLS, factories.CALLS, text_parameters.CALLS),
        decorated=(listeners.report_decorated,),
        function_ends=(factories.report_session_left_open, shared.report_cached),
    ),
)
