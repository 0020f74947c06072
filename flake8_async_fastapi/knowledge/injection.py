"""Containers of dependency injection: those that are asked for a class, in the notation of ``table.py``.

Source: the documentation of the libraries.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

TYPES: Final[Mapping[str, str]] = {
    "dishka.AsyncContainer": """
        aenter -> self
        call -> self
        async get close -> ?
    """,
    "dishka.Container": """
        enter -> self
        call -> self
        def get close -> ?
    """,
    "injector.Injector": "def get create_object -> ?",
    "lagom.Container": "def resolve -> ?",
    "punq.Container": "def resolve instantiate -> ?\ndef register -> self",
    "svcs.Container": """
        enter -> self
        aenter -> self
        def get get_abstract -> ?
        async aget aget_abstract aclose -> ?
    """,
    "wireup.AsyncContainer": "async get -> ?",
    "wireup.SyncContainer": "def get -> ?",
}

FUNCTIONS: Final[Mapping[str, str]] = {
    "dishka.make_async_container": "def -> dishka.AsyncContainer",
    "dishka.make_container": "def -> dishka.Container",
    "wireup.create_async_container": "def -> wireup.AsyncContainer",
    "wireup.create_sync_container": "def -> wireup.SyncContainer",
}

ALIASES: Final[Mapping[str, str]] = {
    "dishka.async_container.AsyncContainer": "dishka.AsyncContainer",
    "dishka.container.Container": "dishka.Container",
    "svcs.fastapi.DepContainer": "svcs.Container",
}

ASKED: Final[frozenset[str]] = frozenset({
    "dishka.AsyncContainer.get",
    "dishka.Container.get",
    "injector.Injector.create_object",
    "injector.Injector.get",
    "lagom.Container.resolve",
    "punq.Container.instantiate",
    "punq.Container.resolve",
    "svcs.Container.aget",
    "svcs.Container.get",
    "wireup.AsyncContainer.get",
    "wireup.SyncContainer.get",
})
"""Methods that return an object of the class that they are given."""

PROVIDERS: Final[frozenset[str]] = frozenset(
    f"dependency_injector.providers.{name}"
    for name in (
        "ContextLocalSingleton", "Factory", "Singleton", "ThreadLocalSingleton", "ThreadSafeSingleton",
    )
)  # fmt: skip
"""Classes of what makes objects of the class that they are given."""
