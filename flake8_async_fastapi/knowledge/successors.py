"""Libraries that took over the names of others: httpx2 those of httpx, niquests those of requests.

Source: introspection of httpx2 2.16 and niquests 3.21.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from flake8_async_fastapi.knowledge import httpx

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
