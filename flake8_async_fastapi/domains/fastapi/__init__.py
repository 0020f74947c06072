"""FastAPI and Starlette: dependencies, routes, applications and their lifespans.

Adds no part of the state and no effect.
"""

from __future__ import annotations

from flake8_async_fastapi.domains.fastapi import dependencies
from flake8_async_fastapi.engine.context import Models
from flake8_async_fastapi.engine.domain import Domain

DOMAIN = Domain("fastapi", models=Models(calls=dependencies.CALLS))
