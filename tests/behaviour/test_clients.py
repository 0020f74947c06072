"""HTTP clients: how long they and their connections live."""

from __future__ import annotations

import asyncio
import gc

import httpx
import pytest

pytestmark = pytest.mark.anyio


async def test_client_of_httpx_is_entered_once() -> None:
    client = httpx.AsyncClient(transport=httpx.MockTransport(lambda request: httpx.Response(200)))
    async with client:
        assert (await client.get("http://test/")).is_success
    with pytest.raises(RuntimeError, match="Cannot reopen a client"):
        async with client:
            pass
    with pytest.raises(RuntimeError, match="has been closed"):
        await client.get("http://test/")


async def test_clients_keep_their_connections() -> None:
    connected: set[asyncio.StreamWriter] = set()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.add(writer)
        while await reader.readline():
            if await reader.readuntil(b"\r\n\r\n"):
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        connected.discard(writer)
        writer.close()

    async def fetch(url: str) -> None:
        client = httpx.AsyncClient(trust_env=False)
        await client.get(url)

    async def fetch_and_close(url: str) -> None:
        async with httpx.AsyncClient(trust_env=False) as client:
            await client.get(url)

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    gc.disable()
    try:
        for _ in range(3):
            await fetch_and_close(url)
            await fetch(url)
        await asyncio.sleep(0.1)
        assert len(connected) == 3
    finally:
        gc.enable()
        gc.collect()
        server.close()
