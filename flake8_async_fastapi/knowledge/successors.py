"""Libraries that took over the API of another: httpx2 that of httpx, niquests that of requests.

Source: introspection of httpx2 2.16 and niquests 3.21.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from flake8_async_fastapi.knowledge import httpx


class Successor(NamedTuple):
    """A library that took over the API of another, with its client for async code."""

    name: str
    async_client: str


SUCCESSORS: Final[Mapping[str, Successor]] = {
    "httpx": Successor("httpx2", "httpx2.AsyncClient"),
    "requests": Successor("niquests", "niquests.AsyncSession"),
}
"""The successor of each library, which shares the table of the original."""

_REQUESTS: Final = tuple("get post put patch delete head options request".split())

TYPES: Final[Mapping[str, str]] = {
    "niquests.AsyncSession": """
        protocols: async-with with
        aenter -> self
        async get post put patch delete head options query request send gather -> ?
        async close -> None
        def mount -> ?
        property headers auth params cookies proxies verify cert adapters -> ?
    """,
}

FUNCTIONS: Final[Mapping[str, str]] = {f"niquests.a{name}": "async -> ?" for name in (*_REQUESTS, "query")}

ALIASES: Final[Mapping[str, str]] = {
    **{
        name.replace("httpx.", "httpx2.", 1): name
        for name in (*httpx.TYPES, *httpx.FUNCTIONS)
        if "._" not in name
    },
    "niquests.async_session.AsyncSession": "niquests.AsyncSession",
    "niquests.Session": "requests.Session",
    "niquests.sessions.Session": "requests.Session",
    **{f"niquests.{name}": f"requests.{name}" for name in _REQUESTS},
    **{f"niquests.api.{name}": f"requests.{name}" for name in _REQUESTS},
}
