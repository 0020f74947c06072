"""AFA5, run for real: sessions that are shared, outlive their request, or are misused."""

import asyncio
import contextlib
import sqlite3
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from typing import Any

import httpx
import pytest
from blog_harness import PASSWORD, Blog, Outcome
from blog_marks import proves
from starlette.websockets import WebSocketDisconnect

Play = Callable[..., Outcome]
FASTAPI = tuple(int(part) for part in version("fastapi").split(".")[:2])
LEAK = "garbage collector is trying to clean up non-checked-in connection"


@proves("AFA501", "app/routers/tags.py")
def test_afa501_writing_from_several_tasks(play: Play) -> None:
    async def create(blog: Blog) -> list[str]:
        await blog.sign_in()
        answer = await blog.client.post("/api/tags/bulk", json={"names": ["one", "two"]})
        return [tag["name"] for tag in answer.json()]

    half = play("pitfalls", create)
    assert half.raised("InvalidRequestError", "Session is already flushing")
    assert half.failed_at("AFA501", "app/routers/tags.py")
    assert play("converted", create).value == ["one", "two"]


@proves("AFA501", "app/services/statistics.py")
def test_afa501_reading_from_several_tasks(play: Play) -> None:
    async def statistics(blog: Blog) -> Any:
        await blog.sign_in()
        return (await blog.client.get("/api/admin/statistics")).json()

    # With a connection at hand SQLite's driver answers in turn; here the tasks
    # find the session opening one.
    half = play("pitfalls", statistics, fresh=True)
    assert half.raised("InvalidRequestError", "provisioning a new connection") or half.raised(
        "IllegalStateChangeError"
    )
    assert play("converted", statistics, fresh=True).value == {"users": 3, "posts": 3, "comments": 2}


@pytest.fixture
def subscriber() -> Iterator[Any]:
    """The site that hears of new posts: it answers when it is told to."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.server.may_answer.wait(20)  # type: ignore[attr-defined]
            self.send_response(204)
            self.end_headers()

        def log_message(self, *arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.may_answer = threading.Event()  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@proves("AFA502", "app/routers/posts.py")
def test_afa502_a_task_that_outlives_the_request_writes_nothing(play: Play, subscriber: Any) -> None:
    async def publish(blog: Blog) -> int:
        await blog.sign_in()
        subscriber.may_answer.clear()
        before = asyncio.all_tasks()
        assert (await blog.client.post("/api/posts/3/publish")).json() == {"published": True}
        # The request is over, its session is closed: now the delivery may end.
        subscriber.may_answer.set()
        await asyncio.gather(*(asyncio.all_tasks() - before), return_exceptions=True)
        with sqlite3.connect(blog.database) as connection:
            [(announced,)] = connection.execute("SELECT announced FROM posts WHERE id = 3")
        return int(announced)

    url = f"http://127.0.0.1:{subscriber.server_port}"
    half = play("pitfalls", publish, webhook_url=url)
    assert (half.value, half.failures) == (0, [])
    assert play("converted", publish, webhook_url=url).value == 1


@proves("AFA502", "app/routers/posts.py")
def test_afa502_a_stream_takes_a_connection_and_never_returns_it(play: Play) -> None:
    async def titles(blog: Blog) -> str:
        return (await blog.client.get("/api/posts/titles.txt")).text

    half = play("pitfalls", titles)
    assert half.warned(LEAK)
    done = play("converted", titles)
    assert done.value == half.value
    assert not done.warned(LEAK)


@proves("AFA502", "app/routers/pages.py")
def test_afa502_a_background_task_takes_a_connection_and_never_returns_it(play: Play) -> None:
    async def comment(blog: Blog) -> int:
        await blog.sign_in()
        return (await blog.client.post("/posts/1/comments", data={"text": "Well."})).status_code

    half = play("pitfalls", comment)
    assert half.value == 303
    assert half.warned(LEAK)
    done = play("converted", comment)
    assert done.value == 303
    assert not done.warned(LEAK)


@proves("AFA503", "app/services/audit.py")
def test_afa503_two_requests_meet_in_one_session(play: Play) -> None:
    async def publish_twice(blog: Blog) -> list[Any]:
        from sqlalchemy import event, util
        from sqlalchemy.orm import Session

        await blog.sign_in()
        writing, may_go_on = asyncio.Event(), asyncio.Event()

        def stop_the_first(session: Session, *rest: Any) -> None:
            """The first request waits in the middle of its entry in the log."""
            if any(type(new).__name__ == "AuditEntry" for new in session.new) and not writing.is_set():
                writing.set()
                util.await_only(may_go_on.wait())

        event.listen(Session, "before_flush", stop_the_first)
        try:
            first = asyncio.create_task(blog.client.post("/api/posts/1/publish"))
            await writing.wait()
            second = await asyncio.gather(blog.client.post("/api/posts/2/publish"), return_exceptions=True)
            may_go_on.set()
            answers = second + await asyncio.gather(first, return_exceptions=True)
        finally:
            event.remove(Session, "before_flush", stop_the_first)
        return [getattr(answer, "status_code", None) or type(answer).__name__ for answer in answers]

    second, _ = play("pitfalls", publish_twice, fresh=True).value
    assert second in ("InvalidRequestError", "IllegalStateChangeError")
    assert play("converted", publish_twice).value == [202, 202]


@proves("AFA504", "app/database.py")
@pytest.mark.parametrize("url", ["/api/tags", "/api/admin/views"])
def test_afa504_nobody_closes_the_session(play: Play, url: str) -> None:
    async def ask(blog: Blog) -> int:
        await blog.sign_in()
        return (await blog.client.get(url)).status_code

    half = play("pitfalls", ask)
    assert half.value == 200
    assert half.warned(LEAK)
    done = play("converted", ask)
    assert done.value == 200
    assert not done.warned(LEAK)


@proves("AFA505", "app/services/moderation.py")
def test_afa505_begin_after_a_statement(play: Play) -> None:
    async def hide(blog: Blog) -> Any:
        await blog.sign_in()
        return (await blog.client.post("/api/admin/users/linus/hide-comments")).json()

    half = play("pitfalls", hide)
    assert half.raised("InvalidRequestError", "already begun")
    assert half.failed_at("AFA505", "app/services/moderation.py")
    assert play("converted", hide).value == {"hidden": 1}


@proves("AFA506", "app/services/accounts.py")
def test_afa506_a_failed_flush_without_a_rollback(play: Play) -> None:
    async def register(blog: Blog) -> tuple[int, str]:
        user = {"username": "ada", "email": "second@example.org", "password": PASSWORD}
        answer = await blog.client.post("/api/users", json=user)
        return answer.status_code, answer.json()["detail"]

    half = play("pitfalls", register)
    assert half.raised("PendingRollbackError")
    assert half.failed_at("AFA506", "app/services/accounts.py")
    assert play("converted", register).value == (409, "the name is taken, how about ada3?")


@proves("AFA507", "app/routers/live.py")
def test_afa507_a_socket_keeps_a_connection_as_long_as_it_is_open(play: Play) -> None:
    async def type_something(blog: Blog) -> tuple[str, int]:
        held: list[int] = []
        sent: list[str] = []
        incoming = [
            {"type": "websocket.disconnect", "code": 1001},
            {"type": "websocket.receive", "text": "Well."},
            {"type": "websocket.connect"},
        ]

        async def receive() -> dict[str, Any]:
            held.append(blog.module("app.database").engine.pool.checkedout())
            return incoming.pop()

        async def send(message: dict[str, Any]) -> None:
            sent.append(str(message.get("text")))

        path = "/api/live/posts/1/typing"
        scope = {
            "type": "websocket",
            "asgi": {"version": "3.0"},
            "scheme": "ws",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": b"",
            "headers": [],
            "subprotocols": [],
        }
        with contextlib.suppress(WebSocketDisconnect):
            await blog.app(scope, receive, send)
        return sent[-1], held[-1]

    half = play("pitfalls", type_something).value
    assert half[0].endswith(": Well.")
    assert half[1] == 1
    assert play("converted", type_something).value == (half[0], 0)


@proves("AFA508", "app/routers/beta.py")
def test_afa508_a_request_waits_for_a_second_connection(play: Play) -> None:
    async def ask_with_one_connection_left(blog: Blog) -> Any:
        pool = blog.module("app.database").engine.pool
        pool._timeout, pool._max_overflow = 0.1, 0
        try:
            async with contextlib.AsyncExitStack() as stack:
                for _ in range(pool.size() - 1):
                    await stack.enter_async_context(blog.module("app.database").engine.connect())
                return (await blog.client.get("/api/beta/summary")).json()
        finally:
            pool._timeout, pool._max_overflow = 30, 10

    half = play("pitfalls", ask_with_one_connection_left, beta_api=True)
    assert half.raised("TimeoutError", "QueuePool limit")
    assert half.failed_at("AFA508", "app/routers/beta.py")
    assert play("converted", ask_with_one_connection_left, beta_api=True).value == {"posts": 3, "views": 0}


@proves("AFA509", "app/database.py")
@pytest.mark.skipif(FASTAPI < (0, 118), reason="the dependency ends before the response")
def test_afa509_a_commit_fails_and_the_client_never_knows(play: Play) -> None:
    async def create_twice(blog: Blog) -> list[int]:
        return [(await blog.client.post("/api/beta/tags/greenlets")).status_code for _ in range(2)]

    assert play("pitfalls", create_twice, beta_api=True).value == [201, 201]
    assert play("converted", create_twice, beta_api=True).value == [201, 409]


@proves("AFA510", "app/database.py")
def test_afa510_the_error_of_the_route_is_lost(play: Play) -> None:
    async def ask(blog: Blog) -> int:
        return (await blog.client.get("/api/beta/tags/unheard-of")).status_code

    half = play("pitfalls", ask, beta_api=True)
    assert half.raised("FastAPIError", "high chance that the app")
    assert play("converted", ask, beta_api=True).value == 404


@proves("AFA511", "app/routers/beta.py")
def test_afa511_a_helper_writes_and_nobody_commits(play: Play) -> None:
    async def view(blog: Blog) -> Any:
        assert (await blog.client.post("/api/beta/views", params={"path": "/"})).status_code == 201
        return (await blog.client.get("/api/beta/summary")).json()["views"]

    assert play("pitfalls", view, beta_api=True).value == 0
    assert play("converted", view, beta_api=True).value == 1


@proves("AFA512", "app/intake.py")
def test_afa512_a_task_reads_an_upload_that_is_closed(play: Play) -> None:
    async def send(blog: Blog) -> dict[int, str]:
        intake = blog.module("app.intake")
        transport = httpx.ASGITransport(app=intake.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://letters") as client:
            answer = await client.post("/letters/1", files={"letter": b"Dear Ada"})
        assert answer.status_code == 202
        await asyncio.gather(*intake.jobs, return_exceptions=True)
        kept: dict[int, str] = intake.letters
        return kept

    assert play("pitfalls", send).value == {}
    assert play("converted", send).value == {1: "Dear Ada"}


@proves("AFA514", "app/routers/beta.py")
def test_afa514_the_second_request_has_no_client(play: Play) -> None:
    async def check(blog: Blog) -> list[Any]:
        url = "/api/beta/reachable?url=http://127.0.0.1:9/"
        return [(await blog.client.get(url)).json() for _ in range(2)]

    half = play("pitfalls", check, beta_api=True)
    assert half.raised("RuntimeError", "Cannot reopen a client")
    assert half.failed_at("AFA514", "app/routers/beta.py")
    assert play("converted", check, beta_api=True).value == [False, False]


@proves("AFA513", "app/routers/beta.py")
def test_afa513_a_tag_of_another_session_is_deleted(play: Play) -> None:
    async def delete(blog: Blog) -> list[int]:
        made = await blog.client.post("/api/beta/tags/fleeting")
        gone = await blog.client.delete("/api/beta/tags/fleeting")
        return [made.status_code, gone.status_code]

    half = play("pitfalls", delete, beta_api=True)
    assert half.raised("InvalidRequestError", "already attached to session")
    assert half.failed_at("AFA513", "app/routers/beta.py")
    assert play("converted", delete, beta_api=True).value == [201, 204]
