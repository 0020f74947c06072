"""The standard library: builtins, containers, and the functions that give or call functions.

Adds no part of the state and no effect.
"""

from __future__ import annotations

from flake8_async_fastapi.domains.python import stdlib
from flake8_async_fastapi.engine.context import Models
from flake8_async_fastapi.engine.domain import Domain

DOMAIN = Domain("python", models=Models(calls=stdlib.CALLS))
