"""aiohttp: the client session, its request contexts and responses.

Source: introspection of aiohttp 3.14.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

TYPES: Final[Mapping[str, str]] = {
    # Its `with` exists, and raises TypeError.
    "aiohttp.ClientSession": """
        protocols: async-with
        aenter -> self
        async close -> None
        def delete get head options patch post put request -> aiohttp.client._RequestContextManager
        def ws_connect -> ?
        def detach -> None
        property closed -> bool
    """,
    "aiohttp.client._RequestContextManager": """
        protocols: await async-with iter
        await -> aiohttp.ClientResponse
        aenter -> aiohttp.ClientResponse
        item -> ?
    """,
    "aiohttp.ClientResponse": """
        protocols: async-with
        aenter -> self
        async json -> object
        async read -> bytes
        async text -> str
        async start -> self
        async wait_for_close -> None
        def close raise_for_status -> None
        def get_encoding -> str
        def release -> ?
        property closed ok -> bool
        property content connection -> ?
        property content_type charset -> object
        property status -> int
        property cookies headers history host links method real_url reason url -> object
    """,
}

FUNCTIONS: Final[Mapping[str, str]] = {}

ALIASES: Final[Mapping[str, str]] = {
    "aiohttp.client.ClientSession": "aiohttp.ClientSession",
    "aiohttp.client.ClientResponse": "aiohttp.ClientResponse",
    "aiohttp.client_reqrep.ClientResponse": "aiohttp.ClientResponse",
}
