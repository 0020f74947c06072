"""AFA3, run for real: what no query loaded, and what a flush or a commit took away."""

from collections.abc import Callable
from typing import Any

import pytest
from blog_harness import Blog, Outcome, asking
from blog_marks import proves
from sqlalchemy import event

Play = Callable[..., Outcome]
LAZY = "MissingGreenlet"


@proves("AFA301", "app/routers/posts.py")
def test_afa301_an_attribute_of_a_query_result(play: Play) -> None:
    ask = asking("GET", "/api/posts/search?q=Pools")
    half = play("pitfalls", ask)
    assert half.raised(LAZY)
    assert half.failed_at("AFA301", "app/routers/posts.py")
    assert play("converted", ask).value == [{"title": "Pools and how to empty them", "author": "grace"}]


@proves("AFA301", "app/services/posts.py")
def test_afa301_through_a_property(play: Play) -> None:
    ask = asking("GET", "/api/posts/2/announcement")
    half = play("pitfalls", ask)
    assert half.raised(LAZY)
    assert half.failed_at("AFA301", "app/services/posts.py")
    assert play("converted", ask).value.endswith("by grace")


@proves("AFA301", "app/routers/comments.py")
def test_afa301_the_second_step_of_a_path(play: Play) -> None:
    ask = asking("GET", "/api/posts/1/commenters")
    half = play("pitfalls", ask)
    assert half.raised(LAZY)
    assert half.failed_at("AFA301", "app/routers/comments.py")
    assert play("converted", ask).value == ["linus"]


@proves("AFA302", "app/routers/comments.py")
def test_afa302_refresh_does_not_load_a_relationship(play: Play) -> None:
    ask = asking("POST", "/api/posts/2/comments", signed_in=True, json={"text": "Hello."})
    half = play("pitfalls", ask)
    assert half.raised(LAZY)
    assert half.failed_at("AFA302", "app/routers/comments.py")
    assert play("converted", ask).value["post"] == "Pools and how to empty them"


@proves("AFA303", "app/routers/posts.py")
@pytest.mark.parametrize(
    "method, url, body",
    [
        ("GET", "/api/posts/2", {}),
        ("POST", "/api/posts", {"json": {"title": "New", "tags": ["python"]}}),
    ],
)
def test_afa303_a_response_model_reads_it(play: Play, method: str, url: str, body: dict[str, Any]) -> None:
    ask = asking(method, url, signed_in=method == "POST", **body)
    half = play("pitfalls", ask)
    # FastAPI validates after the route has returned: no line of the project is in sight.
    assert half.raised("ResponseValidationError", LAZY)
    assert play("converted", ask).value["author"]["username"]


@proves("AFA303", "app/routers/comments.py")
def test_afa303_a_list_in_a_response_model(play: Play) -> None:
    ask = asking("GET", "/api/posts/1/comments")
    half = play("pitfalls", ask)
    assert half.raised("ResponseValidationError", LAZY)
    [comment] = play("converted", ask).value
    assert comment["author"]["username"] == "linus"


@proves("AFA303", "app/routers/posts.py")
def test_afa303_model_validate_reads_it(play: Play) -> None:
    ask = asking("GET", "/api/posts/2/summary")
    half = play("pitfalls", ask)
    assert half.raised("ValidationError", LAZY)
    assert half.failed_at("AFA303", "app/routers/posts.py")
    assert play("converted", ask).value["tags"][0]["name"] == "databases"


@proves("AFA304", "app/routers/pages.py")
@pytest.mark.parametrize("url", ["/posts/1", "/authors/ada"])
def test_afa304_a_template_reads_it(play: Play, url: str) -> None:
    ask = asking("GET", url)
    half = play("pitfalls", ask)
    assert half.raised(LAZY)
    assert half.failed_at("AFA304", "app/routers/pages.py")
    assert "asyncio" in play("converted", ask).value


@proves("AFA305", "app/routers/admin.py")
def test_afa305_read_after_an_expiring_commit(play: Play) -> None:
    ask = asking("POST", "/api/admin/users/grace/block", signed_in=True)
    half = play("pitfalls", ask)
    assert half.raised(LAZY)
    assert half.failed_at("AFA305", "app/routers/admin.py")
    assert play("converted", ask).value == {"username": "grace", "blocked": True}


@proves("AFA305", "app/services/accounts.py")
def test_afa305_read_after_a_rollback(play: Play) -> None:
    ask = asking("PUT", "/api/users/me/email?email=grace@example.org", signed_in=True)
    half = play("pitfalls", ask)
    assert half.raised(LAZY)
    assert half.failed_at("AFA305", "app/services/accounts.py")
    assert play("converted", ask).value == {"email": "ada@example.org"}


@proves("AFA306", "app/services/posts.py")
@pytest.mark.parametrize(
    "method, url, body",
    [
        ("PATCH", "/api/posts/1", {"json": {"title": "Renamed"}}),
        ("PUT", "/api/posts/1/title?title=Renamed", {}),
    ],
)
def test_afa306_onupdate_is_expired_by_the_flush(
    play: Play, method: str, url: str, body: dict[str, Any]
) -> None:
    ask = asking(method, url, signed_in=True, **body)
    half = play("pitfalls", ask)
    assert half.raised(LAZY)
    assert half.failed_at("AFA306", "app/services/posts.py")
    assert play("converted", ask).value


@proves("AFA307", "app/routers/users.py")
def test_afa307_a_deferred_column(play: Play) -> None:
    ask = asking("GET", "/api/users/grace/bio")
    half = play("pitfalls", ask)
    assert half.raised(LAZY)
    assert half.failed_at("AFA307", "app/routers/users.py")
    assert play("converted", ask).value == {"username": "grace", "bio": "All about grace."}


@proves("AFA308", "app/services/posts.py")
@pytest.mark.parametrize(
    "method, url, body",
    [("PUT", "/api/posts/2/tags", {"json": {"names": ["python"]}}), ("POST", "/api/posts/2/tags/python", {})],
)
def test_afa308_a_collection_is_changed(play: Play, method: str, url: str, body: dict[str, Any]) -> None:
    async def ask(blog: Blog) -> list[str]:
        await blog.sign_in()
        (await blog.client.request(method, url, **body)).raise_for_status()
        post = (await blog.client.get("/api/posts/2")).json()
        return sorted(tag["name"] for tag in post["tags"])

    half = play("pitfalls", ask)
    assert half.raised(LAZY)
    assert half.failed_at("AFA308", "app/services/posts.py")
    assert play("converted", ask).value == (["python"] if method == "PUT" else ["databases", "python"])


@proves("AFA309", "app/repositories/posts.py")
def test_afa309_a_joined_collection_needs_unique(play: Play) -> None:
    ask = asking("GET", "/api/posts/tagged/python")
    half = play("pitfalls", ask)
    assert half.raised("InvalidRequestError", "The unique() method must be invoked")
    assert half.failed_at("AFA309", "app/repositories/posts.py")
    assert len(play("converted", ask).value) == 1


@proves("AFA310", "app/services/moderation.py")
def test_afa310_read_after_the_session_is_closed(play: Play) -> None:
    ask = asking("GET", "/api/admin/last-comment", signed_in=True)
    half = play("pitfalls", ask)
    assert half.raised("DetachedInstanceError")
    assert half.failed_at("AFA310", "app/services/moderation.py")
    assert play("converted", ask).value == "linus: So that is where await went."


@proves("AFA311", "app/repositories/posts.py")
def test_afa311_options_whose_result_is_dropped(play: Play) -> None:
    async def unloaded(blog: Blog) -> bool:
        """Did the repository load the author that it was asked to load?"""
        posts = blog.module("app.repositories.posts")
        database = blog.module("app.database")
        async with database.SessionLocal() as session:
            found = await posts.PostRepository(session).search("Pools", with_author=True)
            return ["author" in vars(post) for post in found] == [False]

    assert play("pitfalls", unloaded).value is True
    assert play("converted", unloaded).value is False


@proves("AFA311", "app/routers/beta.py")
def test_afa311_options_by_name(play: Play) -> None:
    ask = asking("GET", "/api/beta/drafts")
    half = play("pitfalls", ask, beta_api=True)
    assert half.raised("ArgumentError", "Strings are not accepted")
    assert half.failed_at("AFA311", "app/routers/beta.py")
    assert [post["title"] for post in play("converted", ask, beta_api=True).value] == ["Half a thought"]


@proves("AFA312", "app/repositories/users.py")
def test_afa312_a_dynamic_relationship_queries(play: Play) -> None:
    ask = asking("GET", "/api/users/me/logins", signed_in=True)
    half = play("pitfalls", ask)
    assert half.raised(LAZY)
    assert half.failed_at("AFA312", "app/repositories/users.py")
    assert len(play("converted", ask).value) == 1


@proves("AFA313", "app/plugins/reactions.py")
def test_afa313_an_unknown_strategy_fails_when_mappers_are_configured(play: Play) -> None:
    ask = asking("GET", "/api/beta/reactions")
    half = play("pitfalls", ask, beta_api=True)
    assert half.raised("LoaderStrategyException", "select_in")
    assert play("converted", ask, beta_api=True).value == ["like", "laugh"]


@proves("AFA314", "app/services/posts.py")
def test_afa314_noload_is_always_none(play: Play) -> None:
    ask = asking("GET", "/api/posts/1/reviewer")
    assert play("pitfalls", ask).value == "nobody"
    assert play("converted", ask).value == "grace"


@proves("AFA316", "app/routers/beta.py")
def test_afa316_a_refresh_discards_the_new_name(play: Play) -> None:
    async def rename(blog: Blog) -> list[Any]:
        await blog.client.post("/api/beta/tags/greenlets")
        renamed = await blog.client.put("/api/beta/tags/greenlets", params={"new": "threads"})
        return [renamed.status_code, renamed.json()]

    assert play("pitfalls", rename, beta_api=True).value == [200, "greenlets"]
    assert play("converted", rename, beta_api=True).value == [200, "threads"]


@proves("AFA317", "app/routers/beta.py")
def test_afa317_a_name_that_was_appended_is_not_stored(play: Play) -> None:
    async def add(blog: Blog) -> list[Any]:
        url = "/api/beta/tags/greenlets/other-names"
        await blog.client.post("/api/beta/tags/greenlets")
        answers = [await blog.client.put(url, params={"new": name}) for name in ("fibres", "threads")]
        return [answer.json() for answer in answers]

    assert play("pitfalls", add, beta_api=True).value == [["fibres"], ["threads"]]
    assert play("converted", add, beta_api=True).value == [["fibres"], ["fibres", "threads"]]


@proves("AFA315", "app/services/statistics.py")
def test_afa315_a_statement_for_each_comment(play: Play) -> None:
    async def count_statements(blog: Blog) -> int:
        database, statistics = blog.module("app.database"), blog.module("app.services.statistics")
        sent: list[str] = []
        listener = database.engine.sync_engine, "before_cursor_execute", lambda *given: sent.append(given[2])
        event.listen(*listener)
        try:
            async with database.SessionLocal() as session:
                assert await statistics.commenters(session) == ["ada", "linus"]
        finally:
            event.remove(*listener)  # the engine is that of other tests, too
        return len(sent)

    assert play("pitfalls", count_statements).value == 3
    assert play("converted", count_statements).value == 2
