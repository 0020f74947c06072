"""FastAPI and Starlette: dependencies, routes, applications and their lifespans.

Adds no part of the state and no effect.
"""

from __future__ import annotations

from flake8_async_fastapi.domains.fastapi import applications, dependencies, endpoints, lifespans, routes
from flake8_async_fastapi.engine.domain import Domain
from flake8_async_fastapi.engine.models import Models
from flake8_async_fastapi.engine.observers import Observers

DOMAIN = Domain(
    "fastapi",
    ("pydantic",),
    models=Models(calls=dependencies.CALLS, parameters={dependencies.Dependency: dependencies.provide}),
    observers=Observers(
        awaited=(lifespans.note_awaited,),
        call_ends=(applications.observe_call, lifespans.called),
        decorated=(routes.note_route,),
        entered=(lifespans.note_unknown,),
        function_begins=(endpoints.given_sessions, routes.begin),
        function_ends=(lifespans.ended,),
        function_returns=(routes.respond,),
    ),
)
