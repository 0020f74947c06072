"""AFA4, run for real: engines, factories, handlers and dependencies that are set up wrongly."""

import asyncio
import sqlite3
import sys
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from blog_harness import Blog, Outcome, asking, path_of
from blog_marks import marked, proves

Play = Callable[..., Outcome]


def running(script: str, *arguments: Any) -> Callable[[Blog], Any]:
    """A scenario that runs one of the maintenance scripts, which may be a coroutine."""

    async def run(blog: Blog) -> Any:
        result = blog.module(f"app.maintenance.{script}").main(*arguments)
        return await result if hasattr(result, "__await__") else result

    return run


@proves("AFA401", "app/main.py")
@proves("AFA402", "app/main.py")
def test_afa402_an_event_handler_next_to_a_lifespan_never_runs(play: Play) -> None:
    ask = asking("GET", "/api/tools/health")
    half = play("pitfalls", ask, fresh=True)
    assert half.raised("AttributeError", "started_at")
    deprecated = {
        (warning.filename, warning.lineno)
        for warning in half.warnings
        if issubclass(warning.category, DeprecationWarning)
        and "on_event is deprecated" in str(warning.message)
    }
    assert {
        (path_of("pitfalls", "app/main.py"), line) for line in marked("AFA401", "app/main.py")
    } <= deprecated
    assert "started" in play("converted", ask).value


@proves("AFA401", "app/status.py")
def test_afa401_without_a_lifespan_the_handlers_run(play: Play) -> None:
    async def check(blog: Blog) -> int:
        status = blog.module("app.status").app
        async with status.router.lifespan_context(status):
            checks: int = status.state.checks
        return checks

    half = play("pitfalls", check, fresh=True)
    assert half.value == 0
    assert half.warned("on_event is deprecated", DeprecationWarning)
    done = play("converted", check, fresh=True)
    assert done.value == 0
    assert not done.warned("on_event is deprecated")


@proves("AFA403", "app/routers/admin.py")
def test_afa403_create_all_in_a_route(play: Play) -> None:
    ask = asking("POST", "/api/admin/tables", signed_in=True)
    half = play("pitfalls", ask)
    assert half.raised("AttributeError", "_run_ddl_visitor")
    assert half.failed_at("AFA403", "app/routers/admin.py")
    assert play("converted", ask).value is None


@proves("AFA403", "app/maintenance/create_tables.py")
def test_afa403_create_all_in_a_script(play: Play) -> None:
    run = running("create_tables")

    async def create(blog: Blog) -> set[str]:
        await run(blog)
        with sqlite3.connect(blog.database) as connection:
            return {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}

    half = play("pitfalls", create, start=False)
    assert half.raised("AttributeError", "_run_ddl_visitor")
    assert half.failed_at("AFA403", "app/maintenance/create_tables.py")
    assert {"users", "posts"} <= play("converted", create, start=False).value


@proves("AFA404", "app/maintenance/export_users.py")
def test_afa404_a_sync_driver_in_an_async_engine(play: Play) -> None:
    run = running("export_users")
    half = play("pitfalls", run)
    assert half.raised("InvalidRequestError", "requires an async driver")
    assert half.failed_at("AFA404", "app/maintenance/export_users.py")
    assert play("converted", run).value == ["ada", "grace", "linus"]


@proves("AFA404", "app/maintenance/import_tags.py")
def test_afa404_an_async_driver_in_a_sync_engine(play: Play, tmp_path: Any) -> None:
    names = tmp_path / "tags.txt"
    names.write_text("python\nsqlite\n")
    run = running("import_tags", names)
    half = play("pitfalls", run)
    assert half.raised("MissingGreenlet")
    assert play("converted", run).value == 1


@proves("AFA405", "app/reporting.py")
def test_afa405_a_sync_session_on_an_async_engine(play: Play) -> None:
    ask = asking("GET", "/api/reports/posts-by-author")
    half = play("pitfalls", ask)
    assert half.raised("AsyncContextNotStarted")
    assert play("converted", ask).value == {"ada": 1, "grace": 1, "linus": 1}


@proves("AFA408", "app/maintenance/smoke_test.py")
def test_afa408_httpx_takes_no_app(play: Play) -> None:
    run = running("smoke_test")
    half = play("pitfalls", run, start=False)
    assert half.raised("TypeError", "unexpected keyword argument 'app'")
    assert half.failed_at("AFA408", "app/maintenance/smoke_test.py")
    assert play("converted", run, start=False).value == 200


@proves("AFA409", "app/reporting.py")
def test_afa409_every_request_opens_connections_of_its_own(play: Play) -> None:
    async def connections(blog: Blog) -> int:
        from sqlalchemy import event
        from sqlalchemy.pool import Pool

        opened = []

        def note(connection: Any, record: Any) -> None:
            opened.append(connection)

        event.listen(Pool, "connect", note)
        try:
            for _ in range(3):
                assert (await blog.client.get("/api/reports/comments")).json() == 2
        finally:
            event.remove(Pool, "connect", note)
        return len(opened)

    assert play("pitfalls", connections).value == 3
    assert play("converted", connections).value == 1


@proves("AFA410", "app/maintenance/vacuum.py")
def test_afa410_a_pool_that_blocks(play: Play) -> None:
    run = running("vacuum")
    half = play("pitfalls", run)
    assert half.raised("ArgumentError", "QueuePool cannot be used with asyncio engine")
    assert half.failed_at("AFA410", "app/maintenance/vacuum.py")
    assert not play("converted", run).failures


@proves("AFA411", "app/events.py")
def test_afa411_an_async_listener_is_never_awaited(play: Play) -> None:
    async def enforced(blog: Blog) -> bool:
        from sqlalchemy import text

        async with blog.module("app.database").engine.connect() as connection:
            return bool(await connection.scalar(text("PRAGMA foreign_keys")))

    half = play("pitfalls", enforced, fresh=True)
    assert half.value is False
    assert any("enable_foreign_keys" in message for message in half.never_awaited)
    assert play("converted", enforced).value is True


@proves("AFA411", "app/maintenance/audit_changes.py")
def test_afa411_a_listener_on_the_async_session(play: Play) -> None:
    run = running("audit_changes")
    half = play("pitfalls", run)
    assert half.raised("InvalidRequestError", "No such event 'before_flush'")
    assert half.failed_at("AFA411", "app/maintenance/audit_changes.py")
    assert play("converted", run).value == ["AuditEntry"]


@proves("AFA412", "app/routers/beta.py")
def test_afa412_a_context_manager_as_a_dependency(play: Play) -> None:
    ask = asking("GET", "/api/beta/latest")
    half = play("pitfalls", ask, beta_api=True)
    # FastAPI 0.115 says it in other words, at the first use of the "session".
    assert half.raised("TypeError") or half.raised("AttributeError")
    assert play("converted", ask, beta_api=True).value == "Half a thought"


@proves("AFA412", "app/routers/labs.py")
def test_afa412_a_dependency_that_was_called(play: Play) -> None:
    ask = asking("GET", "/api/labs/word-count")

    async def count(blog: Blog) -> Any:
        # Imported here and not at the start, which would fail as a whole.
        blog.app.include_router(blog.module("app.routers.labs").router)
        return await ask(blog)

    half = play("pitfalls", count, fresh=True)
    assert half.raised("TypeError", "is not a callable object")
    assert play("converted", ask, labs_api=True).value == 17


@proves("AFA412", "app/maintenance/print_drafts.py")
def test_afa412_next_on_an_async_dependency(play: Play) -> None:
    run = running("print_drafts")
    half = play("pitfalls", run)
    assert half.raised("TypeError", "'async_generator' object is not an iterator")
    assert half.failed_at("AFA412", "app/maintenance/print_drafts.py")
    assert play("converted", run).value == ["Half a thought"]


@proves("AFA413", "app/main.py")
def test_afa413_the_lifespan_of_a_mounted_application_never_runs(play: Play) -> None:
    ask = asking("GET", "/widgets/headline")
    half = play("pitfalls", ask)
    assert half.raised("AttributeError", "headline")
    assert "Read Loop" in play("converted", ask).value


@proves("AFA414", "app/maintenance/archive.py")
def test_afa414_a_driver_that_is_not_required(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    # As in an environment that has only what requirements.txt asks for.
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    run = running("archive")
    half = play("pitfalls", run)
    assert half.raised("ModuleNotFoundError", "asyncpg")
    assert half.failed_at("AFA414", "app/maintenance/archive.py")
    assert play("converted", run).value == 3


def of_letters(*requests: tuple[str, str], **body: Any) -> Callable[[Blog], Any]:
    """A scenario that sends requests to the application for letters; its module, and the last answer."""

    async def send(blog: Blog) -> tuple[Any, httpx.Response]:
        intake = blog.module("app.intake")
        transport = httpx.ASGITransport(app=intake.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://letters") as client:
            for method, url in requests:
                answer = await client.request(method, url, **body)
                await asyncio.gather(*intake.jobs, return_exceptions=True)
        return intake, answer

    return send


@proves("AFA415", "app/intake.py")
def test_afa415_a_dependency_that_is_called_by_hand(play: Play) -> None:
    ask = of_letters(("GET", "/authors/ada"))
    half = play("pitfalls", ask)
    assert half.raised("AttributeError", "has no attribute 'scalar'")
    assert half.failed_at("AFA415", "app/intake.py")
    assert play("converted", ask).value[1].json() == "ada"


@proves("AFA416", "app/routers/trends.py")
def test_afa416_a_session_that_no_dependency_gives(play: Play) -> None:
    ask = asking("GET", "/api/trends/views")

    async def count(blog: Blog) -> Any:
        # Imported here and not at the start, which would fail as a whole.
        blog.app.include_router(blog.module("app.routers.trends").router)
        return await ask(blog)

    half = play("pitfalls", count, fresh=True)
    assert half.raised("FastAPIError", "Invalid args for response field")
    assert play("converted", ask, labs_api=True).value == 0


@proves("AFA419", "app/intake.py")
def test_afa419_a_context_variable_that_a_thread_sets(play: Play) -> None:
    ask = of_letters(("GET", "/greeting?name=ada"))
    assert play("pitfalls", ask).value[1].json() == "Dear somebody"
    assert play("converted", ask).value[1].json() == "Dear ada"


@proves("AFA417", "app/intake.py")
def test_afa417_a_route_of_starlette_gets_no_session(play: Play) -> None:
    ask = of_letters(("GET", "/posts/count"))
    assert play("pitfalls", ask).raised("AttributeError", "has no attribute 'scalar'")
    assert int(play("converted", ask).value[1].text) > 0


@proves("AFA418", "app/intake.py")
def test_afa418_the_tasks_of_a_dependency_are_dropped(play: Play) -> None:
    ask = of_letters(("DELETE", "/letters/1"))
    assert play("pitfalls", ask).value[0].journal == ["mailed"]
    assert play("converted", ask).value[0].journal == ["audited", "mailed"]


@proves("AFA420", "app/maintenance/tidy.py")
def test_afa420_a_text_of_two_statements(play: Play) -> None:
    run = running("tidy")
    half = play("pitfalls", run)
    raised = "ProgrammingError" if sys.version_info >= (3, 11) else "Warning"
    assert half.raised(raised, "one statement at a time")
    assert half.failed_at("AFA420", "app/maintenance/tidy.py")
    assert play("converted", run).value is None


@proves("AFA422", "app/maintenance/lower_tags.py")
def test_afa422_rows_of_an_update(play: Play) -> None:
    run = running("lower_tags")
    half = play("pitfalls", run)
    assert half.raised("ResourceClosedError", "does not return rows")
    assert half.failed_at("AFA422", "app/maintenance/lower_tags.py")
    assert play("converted", run).value != []


@proves("AFA421", "app/maintenance/note_move.py")
def test_afa421_a_text_for_a_timestamp(play: Play) -> None:
    run = running("note_move")
    half = play("pitfalls", run)
    assert half.raised("StatementError", "only accepts Python datetime")
    assert play("converted", run).value is None


@proves("AFA423", "app/routers/beta.py")
def test_afa423_a_tag_that_is_missing_is_an_error_of_the_server(play: Play) -> None:
    async def count(blog: Blog) -> int:
        return (await blog.client.get("/api/beta/tags/nothing/posts")).status_code

    assert play("pitfalls", count, beta_api=True).value == 500
    assert play("converted", count, beta_api=True).value == 404
