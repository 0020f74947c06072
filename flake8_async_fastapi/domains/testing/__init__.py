"""Tests under pytest: what runs them, on which loops, and which applications their clients start.

Adds no part of the state and no effect; a run notes the engines that a fixture creates. Needs database,
fastapi, orm and threads, to find the engines of sessions, what lifespans set, the objects that fixtures
hand on and which functions use engines.
"""

from __future__ import annotations

from flake8_async_fastapi.domains.testing import (
    clients,
    collected,
    given_clients,
    given_fixtures,
    given_generators,
    given_objects,
    given_sessions,
    kept_objects,
    loops,
    overrides,
)
from flake8_async_fastapi.engine.domain import Domain
from flake8_async_fastapi.engine.models import Models
from flake8_async_fastapi.engine.observers import Observers

DOMAIN = Domain(
    "testing",
    ("database", "fastapi", "orm", "threads"),
    models=Models(
        undeclared=(
            given_clients.receives_async_client,
            given_fixtures.gets_other_type,
            given_generators.gets_generator,
        ),
        passed=(given_objects.pass_fixture,),
        guesses=(given_fixtures.object_of_fixture,),
    ),
    observers=Observers(
        call_ends=(clients.CALLS, given_objects.CALLS, loops.CALLS),
        decorated=(collected.report_fixture,),
        function_begins=(collected.report_test, kept_objects.fill_receiver),
        function_ends=(
            given_sessions.report_given_session,
            loops.report_engine_use,
            overrides.report_left_override,
        ),
    ),
)
