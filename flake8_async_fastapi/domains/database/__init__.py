"""Engines, session factories and database URLs: how an application sets up its database.

Adds no part of the state and no effect.
"""

from __future__ import annotations

from flake8_async_fastapi.domains.database import engines, factories, listeners, urls
from flake8_async_fastapi.engine.domain import Domain
from flake8_async_fastapi.engine.models import Models
from flake8_async_fastapi.engine.observers import Observers

DOMAIN = Domain(
    "database",
    models=Models(
        calls=urls.CALLS,
        literals=(urls.literal,),
        conditions=(urls.holds,),
        properties=engines.PROPERTIES,
    ),
    observers=Observers(
        assigned=(factories.assigned,),
        call_ends=(engines.made, factories.made),
        decorated=(listeners.decorated,),
        function_ends=(factories.ended,),
    ),
)
