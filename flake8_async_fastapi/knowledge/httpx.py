"""HTTPX: its asynchronous and synchronous clients, responses, module functions.

Source: introspection of HTTPX 0.28.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_CLIENT: Final = """
    def build_request -> httpx.Request
    property auth base_url cookies headers params timeout -> object
    property event_hooks -> dict
    property is_closed trust_env -> bool
"""

TYPES: Final[Mapping[str, str]] = {
    "httpx.AsyncClient": _CLIENT + """
        protocols: async-with
        aenter -> self
        async get options head post put patch delete request send -> httpx.Response
        async aclose -> None
        def stream -> httpx._AsyncStream
    """,
    "httpx._AsyncStream": """
        protocols: async-with
        aenter -> httpx.Response
    """,
    "httpx.Client": _CLIENT + """
        protocols: with
        enter -> self
        def get options head post put patch delete request send -> httpx.Response
        def close -> None
        def stream -> httpx._Stream
    """,
    "httpx._Stream": """
        protocols: with call
        enter -> httpx.Response
    """,
    "httpx.Request": """
        protocols: none
        async aread -> bytes
        def read -> bytes
        property method -> str
        property url headers extensions content -> object
        property stream -> ?
    """,
    "httpx.Response": """
        protocols: none
        async aread -> bytes
        async aclose -> None
        async-generator aiter_bytes aiter_raw -> bytes
        async-generator aiter_lines aiter_text -> str
        def json -> object
        def read -> bytes
        def raise_for_status -> self
        def close -> None
        def iter_bytes iter_lines iter_raw iter_text -> object
        property content -> bytes
        property text reason_phrase http_version -> str
        property status_code num_bytes_downloaded -> int
        property charset_encoding encoding default_encoding -> object
        property cookies elapsed headers url extensions next_request -> object
        property history -> list
        property links -> dict
        property request -> httpx.Request
        property stream -> ?
        property has_redirect_location is_client_error is_error is_informational is_redirect -> bool
        property is_server_error is_success is_closed is_stream_consumed -> bool
    """,
}

FUNCTIONS: Final[Mapping[str, str]] = {
    "httpx.get": "def -> httpx.Response",
    "httpx.options": "def -> httpx.Response",
    "httpx.head": "def -> httpx.Response",
    "httpx.post": "def -> httpx.Response",
    "httpx.put": "def -> httpx.Response",
    "httpx.patch": "def -> httpx.Response",
    "httpx.delete": "def -> httpx.Response",
    "httpx.request": "def -> httpx.Response",
    "httpx.stream": "def -> httpx._Stream",
}

ALIASES: Final[Mapping[str, str]] = {
    "httpx._client.AsyncClient": "httpx.AsyncClient",
    "httpx._client.Client": "httpx.Client",
    "httpx._models.Response": "httpx.Response",
    "httpx._models.Request": "httpx.Request",
}
