"""Decorators after which a function is called as before.

A coroutine function remains one, and its parameters do not change. Other decorators are unknown, and calls
of functions decorated with them are not checked. Source: the libraries' documentation, the stubs of
typeshed (``IdentityFunction``); those that are installed for the tests are run there.
"""

from __future__ import annotations

from typing import Final

KEEPERS: Final[frozenset[str]] = frozenset({
    "abc.abstractmethod",
    "typing.final",
    "typing.no_type_check",
    "typing.overload",
    "typing.override",
    "typing_extensions.deprecated",
    "typing_extensions.final",
    "typing_extensions.overload",
    "typing_extensions.override",
    "warnings.deprecated",
    "functools.cache",
    "functools.lru_cache",
    "functools.wraps",
    "backoff.on_exception",
    "backoff.on_predicate",
    "beartype.beartype",
    "circuitbreaker.circuit",
    "dependency_injector.wiring.inject",
    "deprecated.deprecated",
    "deprecated.classic.deprecated",
    "deprecated.sphinx.deprecated",
    "deprecated.sphinx.versionadded",
    "deprecated.sphinx.versionchanged",
    "injector.inject",
    "langfuse.observe",
    "langsmith.traceable",
    "langsmith.run_helpers.traceable",
    "logfire.instrument",
    "loguru.logger.catch",
    "newrelic.agent.background_task",
    "newrelic.agent.function_trace",
    "pydantic.validate_call",
    "ratelimit.limits",
    "ratelimit.sleep_and_retry",
    "ratelimit.decorators.sleep_and_retry",
    "retry.retry",
    "retry.api.retry",
    "retrying.retry",
    "sentry_sdk.trace",
    "sqlalchemy.event.listens_for",
    "sqlalchemy.orm.validates",
    "sqlalchemy.orm.reconstructor",
    "slowapi.Limiter.limit",
    "slowapi.extension.Limiter.limit",
    "stamina.retry",
    "strawberry.field",  # of methods: the class gets its functions back
    "strawberry.mutation",
    "temporalio.activity.defn",
    "tenacity.retry",
    "typeguard.typechecked",
})

# These support coroutine functions only: a plain function becomes a coroutine function, or they fail.
ASYNC_KEEPERS: Final[frozenset[str]] = frozenset({
    "aiocache.cached",
    "aiocache.decorators.cached",
    "async_lru.alru_cache",
    "elasticapm.async_capture_span",
    "fastapi_cache.decorator.cache",
    "fastapi_utils.tasks.repeat_every",
})

# Members of FastAPI, APIRouter, Starlette and Router that register a function and return it.
ROUTE_VERBS: Final[frozenset[str]] = frozenset({
    "api_route", "delete", "get", "head", "options", "patch", "post", "put", "trace", "websocket",
    "websocket_route", "route", "exception_handler", "middleware", "on_event",
})
