"""FastAPI and Starlette: dependencies, routes, applications and their lifespans.

Provides the values of parameters with ``Depends``, and the role in which a framework calls a function
(``Frame.role``). Adds no part of the state, and the effect ``Replaced``: functions in decorators that answer
all errors. Runs note routes, included routers and use of engines. Needs blocking, database, orm and pydantic,
to validate requests and the results of routes, and to find the owner of a session and what a module keeps.
"""

from __future__ import annotations

from flake8_async_fastapi.domains.fastapi import (
    application_state,
    applications,
    background,
    bodies,
    context_variables,
    contracts,
    dependencies,
    encoding,
    endpoints,
    exits,
    http_errors,
    kept_objects,
    lifespans,
    middleware_bodies,
    middlewares,
    overrides,
    reports,
    request_sessions,
    request_state,
    requests,
    routes,
    signatures,
    state_in_templates,
    unfilled,
    worker_contexts,
    wrapped,
)
from flake8_async_fastapi.engine.domain import Domain
from flake8_async_fastapi.engine.models import Models
from flake8_async_fastapi.engine.observers import Observers

DOMAIN = Domain(
    "fastapi",
    ("blocking", "database", "orm", "pydantic"),
    models=Models(
        passed=(worker_contexts.context_of_jobs,),
        calls={**dependencies.CALLS, **http_errors.CALLS},
        parameters={dependencies.Dependency: dependencies.provide_dependency},
        properties={**request_state.PROPERTIES, **application_state.PROPERTIES},
        reads={
            request_state.RequestState: request_state.read_state,
            application_state.ApplicationState: application_state.read_state,
        },
    ),
    effects=http_errors.EFFECTS,
    observers=Observers(
        applies=(request_state.forget_passed,),
        stored=(
            overrides.report_called,
            overrides.report_ignored,
            state_in_templates.read_for_templates,
        ),
        awaited=(lifespans.note_unknown_awaited,),
        caught=(http_errors.report_replaced,),
        call_ends=(*applications.CALLS, lifespans.CALLS, *reports.CALLS),
        decorated=(routes.note_route, contracts.report_decorated, middlewares.note_middleware),
        dropped=(background.report_dropped,),
        entered=(exits.enter_manager, lifespans.note_unknown_entered),
        function_begins=(
            endpoints.report_sync_endpoint,
            routes.begin_route,
            bodies.report_validators,
            unfilled.report_parameters,
            signatures.report_route,
            exits.begin_dependency,
            request_sessions.note_own_sessions,
            request_state.begin_with_state,
            requests.run_dependencies,
            wrapped.report_wrapped,
            middlewares.begin_middleware,
            middleware_bodies.report_bodies,
            http_errors.begin_route,
        ),
        run_begins=(kept_objects.begin_with_kept,),
        function_ends=(context_variables.report_lost, lifespans.report_engine_not_disposed),
        function_returns=(
            routes.validate_response,
            encoding.report_expired,
            background.report_replaced,
            http_errors.report_returned,
        ),
        raises=(http_errors.report_raised,),
    ),
)
