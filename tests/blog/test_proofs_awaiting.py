"""AFA1, run for real: what is not awaited, or awaited in vain."""

import json
import sqlite3
from collections.abc import Callable
from typing import Any

import pytest
from blog_harness import Blog, Outcome
from blog_marks import proves

Play = Callable[..., Outcome]


def rows(blog: Blog, query: str) -> list[tuple[Any, ...]]:
    """What the database file holds, seen from outside."""
    connection = sqlite3.connect(blog.database)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


@proves("AFA101", "app/routers/comments.py")
def test_afa101_a_dropped_commit_writes_nothing(play: Play) -> None:
    async def delete_comment(blog: Blog) -> list[tuple[Any, ...]]:
        await blog.sign_in()
        assert (await blog.client.delete("/api/comments/1")).status_code == 204
        return rows(blog, "SELECT id FROM comments WHERE id = 1")

    half = play("pitfalls", delete_comment)
    assert half.value == [(1,)]
    assert half.never_awaited_at("AFA101", "app/routers/comments.py")
    done = play("converted", delete_comment)
    assert done.value == []
    assert done.never_awaited == []


@proves("AFA101", "app/repositories/posts.py")
def test_afa101_a_dropped_delete_deletes_nothing(play: Play) -> None:
    async def delete_post(blog: Blog) -> list[tuple[Any, ...]]:
        await blog.sign_in()
        assert (await blog.client.delete("/api/posts/1")).status_code == 204
        return rows(blog, "SELECT id FROM posts WHERE id = 1")

    half = play("pitfalls", delete_post)
    assert half.value == [(1,)]
    assert half.never_awaited_at("AFA101", "app/repositories/posts.py")
    assert play("converted", delete_post).value == []


@proves("AFA101", "app/routers/users.py")
def test_afa101_a_dropped_commit_forgets_the_avatar(play: Play) -> None:
    async def upload(blog: Blog) -> list[tuple[Any, ...]]:
        await blog.sign_in()
        answer = await blog.client.put("/api/users/me/avatar", files={"picture": ("me.png", b"pixels")})
        assert answer.status_code == 200
        return rows(blog, "SELECT count(avatar) FROM users")

    half = play("pitfalls", upload)
    assert half.value == [(0,)]
    assert half.never_awaited_at("AFA101", "app/routers/users.py")
    assert play("converted", upload).value == [(1,)]


@proves("AFA101", "app/services/moderation.py")
def test_afa101_a_dropped_commit_in_async_for(play: Play) -> None:
    async def forget(blog: Blog) -> list[tuple[Any, ...]]:
        await blog.sign_in()
        await blog.client.post("/api/posts/1/publish")
        assert rows(blog, "SELECT count(*) FROM audit_entries") == [(1,)]
        assert (await blog.client.delete("/api/admin/audit-log")).status_code == 204
        return rows(blog, "SELECT count(*) FROM audit_entries")

    half = play("pitfalls", forget)
    assert half.value == [(1,)]
    assert half.never_awaited_at("AFA101", "app/services/moderation.py")
    assert play("converted", forget).value == [(0,)]


@proves("AFA101", "app/repositories/users.py")
def test_afa101_a_coroutine_is_always_true(play: Play) -> None:
    async def is_taken(blog: Blog) -> Any:
        return (await blog.client.get("/api/users/email-taken?email=nobody@example.org")).json()

    half = play("pitfalls", is_taken)
    assert half.value is True
    assert half.never_awaited_at("AFA101", "app/repositories/users.py")
    assert play("converted", is_taken).value is False


@proves("AFA101", "app/repositories/users.py")
def test_afa101_a_coroutine_is_used_as_a_result(play: Play) -> None:
    async def read(blog: Blog) -> Any:
        return (await blog.client.get("/api/users/by-email?email=ada@example.org")).json()

    half = play("pitfalls", read)
    assert half.raised("AttributeError", "'coroutine' object has no attribute 'scalar_one_or_none'")
    assert half.never_awaited_at("AFA101", "app/repositories/users.py")
    assert play("converted", read).value["username"] == "ada"


@proves("AFA101", "app/routers/comments.py")
def test_afa101_a_coroutine_is_interpolated(play: Play) -> None:
    async def count(blog: Blog) -> Any:
        return (await blog.client.get("/api/posts/1/comments/count")).json()

    half = play("pitfalls", count)
    assert "<coroutine object" in half.value
    assert half.never_awaited_at("AFA101", "app/routers/comments.py")
    assert play("converted", count).value == "1 comments"


@proves("AFA101", "app/routers/tags.py")
def test_afa101_a_coroutine_is_returned_from_a_route(play: Play) -> None:
    async def count(blog: Blog) -> Any:
        return (await blog.client.get("/api/tags/count")).json()

    half = play("pitfalls", count)
    assert half.raised("ResponseValidationError")
    assert half.never_awaited_at("AFA101", "app/routers/tags.py")
    assert play("converted", count).value == 3


@proves("AFA102", "app/routers/tags.py")
@pytest.mark.parametrize("method, url", [("POST", "/api/tags?name=new"), ("GET", "/api/tags/names")])
def test_afa102_a_plain_value_cannot_be_awaited(play: Play, method: str, url: str) -> None:
    async def ask(blog: Blog) -> int:
        await blog.sign_in()
        return (await blog.client.request(method, url)).status_code

    half = play("pitfalls", ask)
    assert half.raised("TypeError", "await")
    assert half.failed_at("AFA102", "app/routers/tags.py")
    assert play("converted", ask).value in (200, 201)


@proves("AFA103", "app/repositories/posts.py")
def test_afa103_the_await_binds_to_the_end_of_the_chain(play: Play) -> None:
    async def count(blog: Blog) -> Any:
        return (await blog.client.get("/api/posts/count")).json()

    half = play("pitfalls", count)
    assert half.raised("AttributeError", "'coroutine' object has no attribute 'scalar_one'")
    assert half.failed_at("AFA103", "app/repositories/posts.py")
    assert play("converted", count).value == 3


@proves("AFA104", "app/routers/tags.py")
def test_afa104_with_on_an_async_session(play: Play) -> None:
    async def delete(blog: Blog) -> int:
        await blog.sign_in()
        return (await blog.client.delete("/api/tags/python")).status_code

    half = play("pitfalls", delete)
    # Python 3.10 says it as `AttributeError: __enter__`
    said = "'AsyncSession' object does not support the context manager protocol"
    assert half.raised("TypeError", said) or half.raised("AttributeError", "__enter__")
    assert half.failed_at("AFA104", "app/routers/tags.py")
    assert play("converted", delete).value == 204


@proves("AFA104", "app/routers/admin.py")
def test_afa104_for_over_an_async_stream(play: Play) -> None:
    async def export(blog: Blog) -> Any:
        await blog.sign_in()
        return (await blog.client.get("/api/admin/comments/export")).json()

    half = play("pitfalls", export)
    assert half.raised("TypeError", "'AsyncScalarResult' object is not iterable")
    assert half.failed_at("AFA104", "app/routers/admin.py")
    assert len(play("converted", export).value) == 2


@proves("AFA105", "app/services/posts.py")
def test_afa105_a_dropped_call_of_the_project_never_runs(play: Play) -> None:
    async def write(blog: Blog) -> list[tuple[Any, ...]]:
        await blog.sign_in()
        form = {"title": "New", "body": "Text", "tags": "python"}
        assert (await blog.client.post("/write", data=form)).status_code == 303
        return rows(blog, "SELECT action FROM audit_entries WHERE action LIKE '%wrote New'")

    half = play("pitfalls", write)
    assert half.value == []
    assert half.never_awaited_at("AFA105", "app/services/posts.py")
    assert len(play("converted", write).value) == 1


@proves("AFA105", "app/routers/comments.py")
def test_afa105_a_condition_that_is_always_true(play: Play) -> None:
    async def edit(blog: Blog) -> int:
        await blog.sign_in()
        return (await blog.client.put("/api/comments/1", json={"text": "Better."})).status_code

    half = play("pitfalls", edit)
    assert half.value == 403
    assert half.never_awaited_at("AFA105", "app/routers/comments.py")
    assert play("converted", edit).value == 200


@proves("AFA105", "app/services/statistics.py")
def test_afa105_a_coroutine_in_a_sentence(play: Play) -> None:
    async def read(blog: Blog) -> Any:
        await blog.sign_in()
        return (await blog.client.get("/api/admin/headline")).json()

    half = play("pitfalls", read)
    assert "<coroutine object PostRepository.count_drafts" in half.value
    assert half.never_awaited_at("AFA105", "app/services/statistics.py")
    assert play("converted", read).value == "1 drafts are waiting"


@proves("AFA105", "app/routers/posts.py")
def test_afa105_a_coroutine_returned_from_a_route(play: Play) -> None:
    async def related(blog: Blog) -> Any:
        return (await blog.client.get("/api/posts/1/related")).json()

    half = play("pitfalls", related)
    assert half.raised("ResponseValidationError")
    assert half.never_awaited_at("AFA105", "app/routers/posts.py")
    assert play("converted", related).value == []


@proves("AFA105", "app/errors.py")
def test_afa105_a_default_exception_handler(play: Play) -> None:
    async def register(blog: Blog) -> int:
        return (await blog.client.post("/api/users", json={"username": "x"})).status_code

    half = play("pitfalls", register)
    assert half.raised("TypeError", "'coroutine' object is not callable")
    assert half.never_awaited_at("AFA105", "app/errors.py")
    assert play("converted", register).value == 422


@proves("AFA105", "app/routers/tools.py")
@pytest.mark.parametrize(
    "url, body",
    [
        ("/api/tools/check-link", {"json": {"path": "x"}}),
        ("/api/tools/import", {"files": {"file": ("posts.json", json.dumps([{"title": "Imported"}]))}}),
    ],
)
def test_afa105_a_body_that_is_never_read(play: Play, url: str, body: dict[str, Any]) -> None:
    async def send(blog: Blog) -> int:
        await blog.sign_in()
        return (await blog.client.post(url, **body)).status_code

    half = play("pitfalls", send)
    assert half.raised("TypeError", "coroutine")
    assert half.never_awaited_at("AFA105", "app/routers/tools.py")
    # Nothing listens at the preview site, which the converted blog finds out.
    assert play("converted", send, preview_base_url="http://127.0.0.1:9").value in (200, 201)


@proves("AFA105", "app/services/avatars.py")
def test_afa105_an_upload_that_is_never_read(play: Play) -> None:
    async def upload(blog: Blog) -> Any:
        await blog.sign_in()
        return (await blog.client.put("/api/users/me/banner", files={"picture": ("b.png", b"wide")})).json()

    half = play("pitfalls", upload)
    assert half.raised("TypeError")
    assert half.never_awaited_at("AFA105", "app/services/avatars.py")
    assert play("converted", upload).value == {"size": 4}


@proves("AFA105", "app/services/link_preview.py")
def test_afa105_a_request_that_is_never_sent(play: Play) -> None:
    async def check(blog: Blog) -> Any:
        return (await blog.client.get("/api/tools/reachable?path=x")).json()

    half = play("pitfalls", check, preview_base_url="http://127.0.0.1:9")
    assert half.raised("AttributeError")
    assert half.never_awaited_at("AFA105", "app/services/link_preview.py")
    assert play("converted", check, preview_base_url="http://127.0.0.1:9").value is False


@proves("AFA105", "app/routers/live.py")
def test_afa105_a_web_socket_that_is_never_accepted(play: Play) -> None:
    async def listen(blog: Blog) -> list[str]:
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "websocket.connect"}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        scope = {
            "type": "websocket",
            "asgi": {"version": "3.0"},
            "scheme": "ws",
            "path": "/api/live/titles",
            "raw_path": b"/api/live/titles",
            "root_path": "",
            "query_string": b"",
            "headers": [],
            "subprotocols": [],
        }
        await blog.app(scope, receive, send)
        return [message["text"] for message in sent if message["type"] == "websocket.send"]

    half = play("pitfalls", listen)
    assert half.raised("RuntimeError", "websocket.accept")
    assert half.never_awaited_at("AFA105", "app/routers/live.py")
    assert play("converted", listen).value == ["Pools and how to empty them", "What a greenlet is for"]


@proves("AFA106", "app/routers/admin.py")
def test_afa106_an_async_session_has_no_query(play: Play) -> None:
    async def ask(blog: Blog) -> Any:
        await blog.sign_in()
        return (await blog.client.get("/api/admin/comments/longest")).json()

    half = play("pitfalls", ask)
    assert half.raised("AttributeError", "'AsyncSession' object has no attribute 'query'")
    assert half.failed_at("AFA106", "app/routers/admin.py")
    assert play("converted", ask).value == "So that is where await went."


@proves("AFA107", "app/reporting.py")
def test_afa107_a_loop_inside_the_loop(play: Play) -> None:
    async def ask(blog: Blog) -> Any:
        return (await blog.client.get("/api/reports/tags")).json()

    half = play("pitfalls", ask)
    assert half.raised("RuntimeError", "already running")
    assert half.failed_at("AFA107", "app/reporting.py")
    assert play("converted", ask).value == 3


@proves("AFA108", "app/routers/admin.py")
def test_afa108_run_sync_with_an_async_function(play: Play) -> None:
    async def tidy(blog: Blog) -> list[tuple[Any, ...]]:
        await blog.sign_in()
        connection = sqlite3.connect(blog.database)
        connection.execute("INSERT INTO tags (name) VALUES ('unused')")
        connection.commit()
        connection.close()
        try:
            await blog.client.post("/api/admin/tidy-tags")
        except Exception:
            assert blog.variant == "pitfalls"
        return rows(blog, "SELECT name FROM tags WHERE name = 'unused'")

    half = play("pitfalls", tidy)
    assert half.value == [("unused",)]
    assert any("remove_unused_tags" in message for message in half.never_awaited)
    assert play("converted", tidy).value == []


@proves("AFA108", "app/maintenance/rebuild_tables.py")
def test_afa108_run_sync_with_the_result_of_a_call(play: Play) -> None:
    async def rebuild(blog: Blog) -> list[tuple[Any, ...]]:
        await blog.module("app.maintenance.rebuild_tables").main()
        return rows(blog, "SELECT count(*) FROM posts")

    half = play("pitfalls", rebuild)
    assert half.raised("TypeError")
    assert half.failed_at("AFA108", "app/maintenance/rebuild_tables.py")
    assert play("converted", rebuild).value == [(0,)]
