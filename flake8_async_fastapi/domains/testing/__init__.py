"""Tests under pytest: which fixtures and tests are async, and who runs them.

Adds no part of the state, no effect and no note; says which event loops there are.
Needs no other domain.
"""

from __future__ import annotations

from flake8_async_fastapi.domains.testing import collected
from flake8_async_fastapi.engine.domain import Domain
from flake8_async_fastapi.engine.observers import Observers

DOMAIN = Domain(
    "testing",
    observers=Observers(
        decorated=(collected.report_fixture,),
        function_begins=(collected.report_test,),
    ),
)
