"""Calls on which a coroutine waits long: for the network, for messages of others, or for time.

Source: the documentation of asyncio, AnyIO, HTTPX, aiohttp and Starlette.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_REQUESTS: Final = ("get", "options", "head", "post", "put", "patch", "delete", "request")
_RECEIVES: Final = (
    "receive", "receive_bytes", "receive_json", "receive_text", "iter_bytes", "iter_json", "iter_text",
)  # fmt: skip
_MODELS: Final = (
    "openai.AsyncOpenAI",
    "openai.AsyncAzureOpenAI",
    "anthropic.AsyncAnthropic",
    "groq.AsyncGroq",
)
_ANSWERS: Final = (
    "chat.completions.create", "chat.completions.parse", "embeddings.create", "messages.create",
    "messages.stream", "responses.create", "responses.parse",
)  # fmt: skip
# Waits by method or function: the network, or others.
WAITS: Final[Mapping[str, str]] = {
    **{f"httpx.AsyncClient.{name}": "network" for name in (*_REQUESTS, "send", "stream")},
    **{f"aiohttp.ClientSession.{name}": "network" for name in (*_REQUESTS, "ws_connect")},
    "aiohttp.request": "network",
    **{f"{client}.{name}": "network" for client in _MODELS for name in _ANSWERS},
    **{f"starlette.websockets.WebSocket.{name}": "others" for name in _RECEIVES},
    **{f"asyncio.{kind}.get": "others" for kind in ("Queue", "PriorityQueue", "LifoQueue")},
    "asyncio.Event.wait": "others",
    "asyncio.Condition.wait": "others",
    "anyio.Event.wait": "others",
    "anyio.sleep_forever": "others",
}
# Waits of as many seconds as the first argument says.
SLEEPS: Final = frozenset({"asyncio.sleep", "anyio.sleep"})
# The least number of seconds that counts as long.
LONG: Final = 1
