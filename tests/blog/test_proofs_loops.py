"""AFA6, run for real: loops, threads, and what is used on the wrong one."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest
from blog_harness import Blog, Outcome, asking
from blog_marks import proves

Play = Callable[..., Outcome]


@proves("AFA601", "app/routers/ticker.py")
def test_afa601_a_cached_coroutine_is_awaited_twice(play: Play) -> None:
    async def ask_twice(blog: Blog) -> list[int]:
        return [(await blog.client.get("/api/ticker/posts")).json() for _ in range(2)]

    half = play("pitfalls", ask_twice)
    assert half.raised("RuntimeError", "cannot reuse already awaited coroutine")
    assert play("converted", ask_twice).value == [3, 3]


@proves("AFA602", "app/routers/ticker.py")
def test_afa602_a_thread_fills_the_queue_of_the_loop(play: Play) -> None:
    async def listen(blog: Blog) -> bool:
        for task in asyncio.all_tasks():
            if "Heart.beat" in repr(task):  # it would wake the loop all the time
                task.cancel()
        asking_words = asyncio.create_task(blog.client.get("/api/ticker/words.txt", params={"text": "a b"}))
        started = time.monotonic()
        await asyncio.wait({asking_words}, timeout=2)
        assert (await asking_words).text == "a\nb\n"
        return time.monotonic() - started < 1

    assert play("pitfalls", listen).value is False
    assert play("converted", listen).value is True


@proves("AFA603", "app/maintenance/compare_archive.py")
def test_afa603_connections_of_a_loop_that_is_over(play: Play) -> None:
    pytest.importorskip("asyncpg")

    async def compare(blog: Blog) -> list[list[int]]:
        from sqlalchemy.ext.asyncio import create_async_engine

        script = blog.module("app.maintenance.compare_archive")
        # In the place of PostgreSQL: here it is the pool that belongs to the first loop.
        url = f"sqlite+aiosqlite:///{blog.database}"
        script.archive_engine = create_async_engine(url, pool_size=1, max_overflow=0)
        return await asyncio.to_thread(script.main, 2, 0.0)

    half = play("pitfalls", compare)
    assert half.raised("RuntimeError", "is bound to a different event loop")
    assert half.failed_at("AFA603", "app/maintenance/compare_archive.py")
    assert play("converted", compare).value == [[3, 3], [3, 3]]


@proves("AFA604", "app/routers/ticker.py")
def test_afa604_a_thread_has_no_loop(play: Play) -> None:
    ask = asking("POST", "/api/ticker/log")
    half = play("pitfalls", ask)
    assert half.raised("RuntimeError", "no running event loop")
    assert half.failed_at("AFA604", "app/routers/ticker.py")
    assert play("converted", ask).value is None


@proves("AFA605", "app/routers/ticker.py")
def test_afa605_a_task_that_cannot_be_cancelled(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    async def cancel(blog: Blog) -> Any:
        ticker = blog.module("app.routers.ticker")
        task = asyncio.create_task(ticker.watch(0.01))
        await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.wait({task}, timeout=0.5)
        is_over = task.done()
        with monkeypatch.context() as patch:  # another error ends it
            patch.setattr(ticker, "log_posts", lambda: asyncio.sleep("no"))
            await asyncio.wait({task})
        return is_over

    assert play("pitfalls", cancel).value is False
    assert play("converted", cancel).value is True
