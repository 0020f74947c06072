"""AFA2, run for real: while the marked call waits, the event loop stands still.

None of this depends on how fast the machine is. Each slow operation is a
`Gate`: it ends as soon as it sees the loop go on, and gives up looking after a
while. If the call holds the loop, there is nothing to see however long it
looks; if the call is in a thread, the loop's next beats end it.
"""

import os
import sqlite3
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any

import pytest
from blog_harness import Blog, Gate, Outcome, path_of
from blog_marks import marked, proves

Play = Callable[..., Outcome]


def stood_still(gate: Gate, code: str, file: str) -> bool:
    """Did the loop stand at a marked line while the gate was held?"""
    assert gate.entered
    lines = {(path_of("pitfalls", file), line) for line in marked(code, file)}
    return not gate.loop_went_on and bool(lines & set(gate.loop_stood_at))


@contextmanager
def serving(server: Any) -> Iterator[Any]:
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def web() -> Iterator[Any]:
    """A web server on this machine whose answers wait for `web.gate`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if gate := self.server.gate:  # type: ignore[attr-defined]
                gate.hold()
            body = b"<html><title>Elsewhere</title></html>"
            self.send_response(self.server.answers)  # type: ignore[attr-defined]
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.do_GET()

        def log_message(self, *arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.gate, server.answers = None, 200  # type: ignore[attr-defined]
    server.url = f"http://127.0.0.1:{server.server_port}"  # type: ignore[attr-defined]
    with serving(server):
        yield server


@proves("AFA201", "app/routers/tools.py")
def test_afa201_a_request_through_a_helper(play: Play, web: Any) -> None:
    async def preview(blog: Blog) -> tuple[Any, Gate]:
        web.gate = blog.gate()
        return (await blog.client.get("/api/tools/preview?path=page")).json(), web.gate

    answer, gate = play("pitfalls", preview, preview_base_url=web.url).value
    assert answer == {"title": "Elsewhere"}
    assert stood_still(gate, "AFA201", "app/routers/tools.py")
    answer, gate = play("converted", preview, preview_base_url=web.url).value
    assert answer == {"title": "Elsewhere"}
    assert gate.loop_went_on


@proves("AFA201", "app/services/webhooks.py")
def test_afa201_a_request_in_a_coroutine(play: Play, web: Any) -> None:
    async def ping(blog: Blog) -> tuple[Any, Gate]:
        web.gate = blog.gate()
        return (await blog.client.post("/api/tools/ping-webhook")).json(), web.gate

    answer, gate = play("pitfalls", ping, webhook_url=web.url).value
    assert answer == {"delivered": True}
    assert stood_still(gate, "AFA201", "app/services/webhooks.py")
    answer, gate = play("converted", ping, webhook_url=web.url).value
    assert answer == {"delivered": True}
    assert gate.loop_went_on


@proves("AFA202", "app/routers/admin.py")
def test_afa202_a_sync_session_waits_for_a_lock(play: Play) -> None:
    async def hand_over(blog: Blog) -> tuple[Any, Gate]:
        from sqlalchemy import Engine, event

        await blog.sign_in()
        gate, updating = blog.gate(), threading.Event()
        lock = sqlite3.connect(blog.database, isolation_level=None, check_same_thread=False)
        lock.execute("BEGIN IMMEDIATE")

        def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
            if statement.startswith("UPDATE posts"):
                updating.set()

        def release() -> None:
            updating.wait(20)
            gate.hold()
            lock.execute("ROLLBACK")
            lock.close()

        event.listen(Engine, "before_cursor_execute", note)
        thread = threading.Thread(target=release, daemon=True)
        thread.start()
        try:
            answer = await blog.client.post("/api/admin/posts/1/hand-over/grace")
        finally:
            event.remove(Engine, "before_cursor_execute", note)
        thread.join()
        return answer.json(), gate

    answer, gate = play("pitfalls", hand_over).value
    assert answer == {"author": "grace"}
    assert stood_still(gate, "AFA202", "app/routers/admin.py")
    answer, gate = play("converted", hand_over).value
    assert answer == {"author": "grace"}
    assert gate.loop_went_on


@proves("AFA203", "app/services/webhooks.py")
def test_afa203_sleeping_on_the_loop(play: Play, web: Any) -> None:
    web.answers = 503

    async def ping(blog: Blog) -> tuple[Any, Gate, int]:
        gate = blog.gate()
        beats = blog.heart.beats
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("time.sleep", lambda seconds: gate.hold())
            answer = (await blog.client.post("/api/tools/ping-webhook")).json()
        return answer, gate, blog.heart.beats - beats

    settings = {"webhook_url": web.url, "webhook_attempts": 2, "webhook_pause": 0.1}
    answer, gate, _ = play("pitfalls", ping, **settings).value
    assert answer == {"delivered": False}
    assert stood_still(gate, "AFA203", "app/services/webhooks.py")
    answer, gate, beats = play("converted", ping, **settings).value
    assert answer == {"delivered": False}
    assert not gate.entered
    assert beats >= 3


@proves("AFA204", "app/routers/tools.py")
def test_afa204_waiting_for_a_process(play: Play, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    async def version(blog: Blog) -> tuple[Any, Gate]:
        gate = blog.gate()

        def answer_the_process() -> None:
            # Opening waits until the process reads, so the route waits for it by now.
            with pipe.open("w") as file:
                gate.hold()
                file.write("a1b2c3\n")

        thread = threading.Thread(target=answer_the_process, daemon=True)
        thread.start()
        answer = (await blog.client.get("/api/tools/version")).json()
        thread.join()
        return answer, gate

    command = ["cat", str(pipe)]
    answer, gate = play("pitfalls", version, version_command=command).value
    assert answer == {"version": "a1b2c3"}
    assert stood_still(gate, "AFA204", "app/routers/tools.py")
    answer, gate = play("converted", version, version_command=command).value
    assert answer == {"version": "a1b2c3"}
    assert gate.loop_went_on


@proves("AFA205", "app/services/avatars.py")
@pytest.mark.parametrize("owner, name", [(Path, "write_bytes"), (tempfile.SpooledTemporaryFile, "read")])
def test_afa205_reading_and_writing_files(play: Play, owner: Any, name: str) -> None:
    # Big enough for the upload to be on the disk and not in memory.
    picture = b"p" * 1_500_000

    async def upload(blog: Blog) -> tuple[Path, Gate]:
        await blog.sign_in()
        gate = blog.gate()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(owner, name, gate.before(getattr(owner, name)))
            answer = await blog.client.put("/api/users/me/avatar", files={"picture": ("me.png", picture)})
        return blog.folder / "media" / answer.json()["avatar"], gate

    stored, gate = play("pitfalls", upload).value
    assert stored.read_bytes() == picture
    assert stood_still(gate, "AFA205", "app/services/avatars.py")
    stored, gate = play("converted", upload).value
    assert stored.read_bytes() == picture
    assert gate.loop_went_on


@proves("AFA206", "app/services/mail.py")
def test_afa206_talking_to_a_mail_server(play: Play) -> None:
    class MailServer(StreamRequestHandler):
        def handle(self) -> None:
            self.server.gate.hold()  # type: ignore[attr-defined]
            self.wfile.write(b"220 here\r\n")
            while command := self.rfile.readline().strip().upper():
                if command == b"DATA":
                    self.wfile.write(b"354 go on\r\n")
                    while self.rfile.readline().strip() != b".":
                        pass
                self.wfile.write(b"221 bye\r\n" if command == b"QUIT" else b"250 fine\r\n")

    async def register(blog: Blog) -> tuple[int, Gate]:
        server.gate = gate = blog.gate()
        user = {"username": "new_user", "email": "new@example.org", "password": "long enough"}
        return (await blog.client.post("/api/users", json=user)).status_code, gate

    with serving(ThreadingTCPServer(("127.0.0.1", 0), MailServer)) as server:
        settings = {"smtp_host": "127.0.0.1", "smtp_port": server.server_address[1]}
        status, gate = play("pitfalls", register, **settings).value
        assert status == 201
        assert stood_still(gate, "AFA206", "app/services/mail.py")
        status, gate = play("converted", register, **settings).value
        assert status == 201
        assert gate.loop_went_on


@proves("AFA207", "app/services/accounts.py")
@pytest.mark.parametrize("function", ["hashpw", "checkpw"])
def test_afa207_hashing_passwords(play: Play, function: str) -> None:
    async def sign_up_and_in(blog: Blog) -> tuple[int, Gate]:
        import bcrypt

        gate = blog.gate()
        user = {"username": "new_user", "email": "new@example.org", "password": "long enough"}
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(bcrypt, function, gate.before(getattr(bcrypt, function)))
            await blog.client.post("/api/users", json=user)
            answer = await blog.client.post("/api/users/login", json=user)
        return answer.status_code, gate

    status, gate = play("pitfalls", sign_up_and_in).value
    assert status == 200
    assert stood_still(gate, "AFA207", "app/services/accounts.py")
    status, gate = play("converted", sign_up_and_in).value
    assert status == 200
    assert gate.loop_went_on


@proves("AFA208", "app/services/feeds.py")
def test_afa208_waiting_for_a_thread(play: Play) -> None:
    async def feed(blog: Blog) -> tuple[str, Gate]:
        feeds = blog.module("app.services.feeds")
        gate = blog.gate()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(feeds, "render_feed", gate.before(feeds.render_feed))
            return (await blog.client.get("/api/posts/feed")).text, gate

    text, gate = play("pitfalls", feed).value
    assert "<author>grace</author>" in text
    assert stood_still(gate, "AFA208", "app/services/feeds.py")
    text, gate = play("converted", feed).value
    assert "<author>grace</author>" in text
    assert gate.loop_went_on


@proves("AFA209", "app/dependencies.py")
def test_afa209_an_async_session_in_a_sync_dependency_cannot_commit(play: Play) -> None:
    async def views(blog: Blog) -> Any:
        await blog.sign_in()
        try:
            await blog.client.get("/posts/1")
        except Exception:
            # The page of the half-converted blog fails after its dependencies ran.
            assert blog.variant == "pitfalls"
        return (await blog.client.get("/api/admin/views")).json()

    assert play("pitfalls", views).value == []
    assert play("converted", views).value == ["/posts/1"]
