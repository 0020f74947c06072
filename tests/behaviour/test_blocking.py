"""What holds up the event loop: a heartbeat on the loop counts while something else runs."""

from __future__ import annotations

import asyncio
import queue
import socket
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from fastapi import FastAPI
from pydantic import BaseModel, field_validator
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.concurrency import run_in_threadpool

pytestmark = pytest.mark.anyio

WAIT = 0.2


async def longest_gap(act: Callable[[], Awaitable[object]]) -> float:
    """The longest time that the loop had no turn while this ran."""
    gaps: list[float] = []

    async def beat() -> None:
        last = time.perf_counter()
        while True:
            await asyncio.sleep(0.01)
            now = time.perf_counter()
            gaps.append(now - last)
            last = now

    heart = asyncio.create_task(beat())
    await asyncio.sleep(0.02)
    await act()
    await asyncio.sleep(0.02)
    heart.cancel()
    return max(gaps)


def job() -> None:
    time.sleep(WAIT)


async def calls() -> None:
    job()


async def leaves_a_pool() -> None:
    with ThreadPoolExecutor() as pool:
        pool.submit(job)


async def waits_for_a_future() -> None:
    pool = ThreadPoolExecutor()
    pool.submit(job).result()
    pool.shutdown()


async def joins_a_thread() -> None:
    thread = threading.Thread(target=job)
    thread.start()
    thread.join()


async def waits_for_a_queue() -> None:
    with pytest.raises(queue.Empty):
        queue.Queue[int]().get(timeout=WAIT)


async def calls_in_an_argument() -> None:
    await asyncio.to_thread(print, job())  # type: ignore[func-returns-value]


BLOCKING = [calls, leaves_a_pool, waits_for_a_future, joins_a_thread, waits_for_a_queue, calls_in_an_argument]


@pytest.mark.parametrize("act", BLOCKING)
async def test_blocks_the_loop(act: Callable[[], Awaitable[None]]) -> None:
    assert await longest_gap(act) >= WAIT * 0.9


async def test_run_sync_runs_on_the_loop(session: AsyncSession) -> None:
    thread = await session.run_sync(lambda _: threading.get_ident())
    assert thread == threading.get_ident()
    assert await longest_gap(lambda: session.run_sync(lambda _: job())) >= WAIT * 0.9


async def test_threads_leave_the_loop_alone() -> None:
    here = threading.get_ident()
    assert await asyncio.to_thread(threading.get_ident) != here
    assert await run_in_threadpool(threading.get_ident) != here
    assert await asyncio.get_running_loop().run_in_executor(None, threading.get_ident) != here


async def test_sockets_that_cannot_wait() -> None:
    async def use() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.connect(("127.0.0.1", 9))  # a datagram socket sends nothing for it
            sock.setblocking(False)
            with pytest.raises(BlockingIOError):
                sock.recv(10)

    assert await longest_gap(use) < WAIT / 2


class Named(BaseModel):
    name: str

    @field_validator("name")
    @classmethod
    def look_up(cls, value: str) -> str:
        return f"{value} {threading.get_ident()}"


async def test_validators_of_requests_run_on_the_loop() -> None:
    app = FastAPI()

    @app.post("/coroutine")
    async def coroutine(body: Named) -> str:
        return body.name

    @app.post("/plain")
    def plain(body: Named) -> str:
        return body.name

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://app") as client:
        for path in ("/coroutine", "/plain"):
            answer = await client.post(path, json={"name": "in"})
            assert answer.json() == f"in {threading.get_ident()}"
