"""FastAPI and Starlette: dependencies, routes, applications and their lifespans.

Adds no part of the state and no effect.
"""

from __future__ import annotations

from flake8_async_fastapi.domains.fastapi import dependencies, lifespans
from flake8_async_fastapi.engine.context import Models, Observers
from flake8_async_fastapi.engine.domain import Domain

DOMAIN = Domain(
    "fastapi",
    models=Models(calls=dependencies.CALLS),
    observers=Observers(
        awaited=(lifespans.note_awaited,),
        call_ends=(lifespans.called,),
        entered=(lifespans.note_unknown,),
        function_ends=(lifespans.ended,),
    ),
)
