"""What FastAPI does with functions, dependencies, lifespans and response models."""

from __future__ import annotations

import threading
import warnings
import weakref
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import fastapi
import pytest
from behaviour_models import Author, Post, database
from fastapi import APIRouter, BackgroundTasks, Depends, FastAPI, Request, Response
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import FastAPIError, ResponseValidationError
from httpx import ASGITransport, AsyncClient
from pydantic import AliasPath, BaseModel, Field
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload
from starlette.middleware.base import RequestResponseEndpoint

pytestmark = pytest.mark.anyio
VERSION = tuple(map(int, fastapi.__version__.split(".")[:2]))


class AuthorOut(BaseModel):
    name: str


class Columns(BaseModel):
    id: int
    title: str


class Full(Columns):
    author: AuthorOut | None = None


class Hidden(Columns):
    author: AuthorOut | None = Field(default=None, exclude=True)


class Renamed(Columns):
    writer: AuthorOut | None = Field(default=None, validation_alias="author")


class ByPath(Columns):
    writer: str | None = Field(default=None, validation_alias=AliasPath("author", "name"))


class Loose(Columns):
    author: Any = None


async def answer(session: AsyncSession, *, loaded: bool = False, returns: Any = None, **options: Any) -> Any:
    """What a route with these options answers that returns the first post."""
    app = FastAPI()

    async def route():  # type: ignore[no-untyped-def]  # an annotation would be a response model
        load = [selectinload(Post.author)] if loaded else []
        post = await session.get(Post, 1, options=load, populate_existing=True)
        return returns(post) if returns is not None else post

    app.get("/", **options)(route)
    async with AsyncClient(transport=ASGITransport(app), base_url="http://test") as client:
        return (await client.get("/")).json()


# --- response models -----------------------------------------------------------------------------


async def test_response_model_reads_attributes_without_being_told(session: AsyncSession) -> None:
    assert "from_attributes" not in Full.model_config
    assert await answer(session, loaded=True, response_model=Full) == {
        "id": 1, "title": "first", "author": {"name": "ann"},
    }  # fmt: skip


@pytest.mark.parametrize("model", [Full, Hidden, Renamed, ByPath, Loose])
async def test_response_model_reads_each_field(session: AsyncSession, model: Any) -> None:
    with pytest.raises(ResponseValidationError, match="MissingGreenlet"):
        await answer(session, response_model=model)


@pytest.mark.parametrize(
    "options",
    [
        {"response_model_include": {"id"}},
        {"response_model_exclude": {"author"}},
        {"response_model_exclude_unset": True},
    ],
    ids=lambda options: next(iter(options)),
)
async def test_excluded_fields_are_read(session: AsyncSession, options: dict[str, Any]) -> None:
    with pytest.raises(ResponseValidationError, match="MissingGreenlet"):
        await answer(session, response_model=Full, **options)


async def test_fields_that_are_not_there_are_not_read(session: AsyncSession) -> None:
    assert await answer(session, response_model=Columns) == {"id": 1, "title": "first"}


@pytest.mark.parametrize("union", [Full | Columns, Columns | Full])
async def test_union_falls_back_to_the_member_that_fits(session: AsyncSession, union: Any) -> None:
    assert await answer(session, response_model=union) == {"id": 1, "title": "first"}


async def test_list_in_a_response_model_is_read(session: AsyncSession) -> None:
    with pytest.raises(ResponseValidationError, match="MissingGreenlet"):
        await answer(session, response_model=list[Full], returns=lambda post: [post])


@pytest.mark.parametrize("options", [{}, {"response_model": None}], ids=["absent", "none"])
async def test_without_a_response_model_nothing_is_loaded(
    session: AsyncSession, options: dict[str, Any]
) -> None:
    body = await answer(session, **options)
    assert body["title"] == "first" and "author" not in body


async def test_expired_object_without_a_response_model_is_empty(expiring: AsyncSession) -> None:
    post = await expiring.get_one(Post, 1)
    await expiring.commit()
    assert jsonable_encoder(post) == {}


async def test_return_annotation_is_the_response_model(session: AsyncSession) -> None:
    async def route() -> Full:
        return await session.get(Post, 1)  # type: ignore[return-value]

    app = FastAPI()
    app.get("/annotated")(route)
    app.get("/none", response_model=None)(route)
    app.get("/columns", response_model=Columns)(route)
    async with AsyncClient(transport=ASGITransport(app), base_url="http://test") as client:
        with pytest.raises(ResponseValidationError, match="MissingGreenlet"):
            await client.get("/annotated")
        assert "author" not in (await client.get("/none")).json()
        assert (await client.get("/columns")).json() == {"id": 1, "title": "first"}


async def test_returned_dictionaries_and_models_hold_what_they_hold(session: AsyncSession) -> None:
    made: list[Any] = [{"id": 1, "title": "first"}, Full(id=1, title="first")]
    for returned in made:
        body = await answer(session, response_model=Full, returns=lambda _, value=returned: value)
        assert body == {"id": 1, "title": "first", "author": None}


async def test_orm_class_as_annotation() -> None:
    def route() -> Author: ...  # type: ignore[empty-body]

    with pytest.raises(fastapi.exceptions.FastAPIError):
        FastAPI().get("/")(route)
    FastAPI().get("/", response_model=None)(route)


# --- functions and dependencies ----------------------------------------------------------------------


class Made:
    def __init__(self) -> None:
        self.thread = threading.get_ident()


class Called:
    async def __call__(self) -> int:
        return threading.get_ident()


def plain() -> int:
    return threading.get_ident()


def generator() -> Iterator[int]:
    yield threading.get_ident()


async def coroutine() -> int:
    return threading.get_ident()


async def async_generator() -> AsyncIterator[int]:
    yield threading.get_ident()


async def threads_of(dependency: Any) -> tuple[int, int]:
    app = FastAPI()

    async def route(found: Any = Depends(dependency)) -> dict[str, int]:
        return {"dependency": getattr(found, "thread", found), "loop": threading.get_ident()}

    app.get("/")(route)
    async with AsyncClient(transport=ASGITransport(app), base_url="http://test") as client:
        body = (await client.get("/")).json()
    return body["dependency"], body["loop"]


@pytest.mark.parametrize("dependency", [plain, generator, Made])
async def test_def_dependencies_run_in_a_thread(dependency: Any) -> None:
    thread, loop = await threads_of(dependency)
    assert thread != loop


@pytest.mark.parametrize("dependency", [coroutine, async_generator, Called()])
async def test_async_dependencies_run_on_the_loop(dependency: Any) -> None:
    thread, loop = await threads_of(dependency)
    assert thread == loop


async def test_def_routes_and_background_tasks_run_in_a_thread() -> None:
    threads: dict[str, int] = {}
    app = FastAPI()

    @app.get("/")
    def route(tasks: BackgroundTasks) -> None:
        threads["route"] = threading.get_ident()
        tasks.add_task(lambda: threads.update(task=threading.get_ident()))

    async with AsyncClient(transport=ASGITransport(app), base_url="http://test") as client:
        await client.get("/")
    assert sorted(threads) == ["route", "task"]
    assert threading.get_ident() not in threads.values()


async def test_dependency_is_called_once_a_request() -> None:
    calls: list[int] = []

    def counted() -> int:
        calls.append(1)
        return len(calls)

    def between(one: int = Depends(counted)) -> int:
        return one

    app = FastAPI()

    @app.get("/")
    async def route(
        one: int = Depends(counted),
        other: int = Depends(between),
        fresh: int = Depends(counted, use_cache=False),
    ) -> list[int]:
        return [one, other, fresh]

    async with AsyncClient(transport=ASGITransport(app), base_url="http://test") as client:
        assert (await client.get("/")).json() == [1, 1, 2]
    assert len(calls) == 2


async def test_dependencies_run_in_order() -> None:
    order: list[str] = []

    async def inner() -> None:
        order.append("inner")

    def first() -> None:
        order.append("first")

    async def second(_: None = Depends(inner)) -> None:
        order.append("second")

    app = FastAPI()

    @app.get("/")
    async def route(a: None = Depends(first), b: None = Depends(second), c: None = Depends(inner)) -> None:
        order.append("route")

    async with AsyncClient(transport=ASGITransport(app), base_url="http://test") as client:
        await client.get("/")
    assert order == ["first", "inner", "second", "route"]


# --- lifespans -------------------------------------------------------------------------------------------


async def started(app: FastAPI, register: FastAPI) -> list[str]:
    """Which handlers run: the one that is registered here writes its name."""
    seen: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        register.on_event("startup")(lambda: seen.append("handler"))
    async with app.router.lifespan_context(app):
        return seen


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    yield


async def test_on_event_runs_and_warns() -> None:
    app = FastAPI()
    with pytest.warns(DeprecationWarning):
        app.on_event("startup")
    assert await started(app, app) == ["handler"]


async def test_on_event_is_ignored_next_to_a_lifespan() -> None:
    app = FastAPI(lifespan=lifespan)
    assert await started(app, app) == []


async def test_mounted_applications_are_not_started() -> None:
    seen: list[str] = []

    @asynccontextmanager
    async def own(_: FastAPI) -> AsyncIterator[None]:
        seen.append("lifespan")
        yield

    for mounted in (FastAPI(), FastAPI(lifespan=own)):
        app = FastAPI()
        app.mount("/sub", mounted)
        assert await started(app, mounted) == []
    assert seen == []


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_lifespan_may_be_an_undecorated_generator() -> None:
    seen: list[str] = []

    async def bare(app: FastAPI) -> AsyncIterator[None]:
        seen.append("started")
        yield

    app = FastAPI(lifespan=bare)  # type: ignore[arg-type]
    async with app.router.lifespan_context(app):
        assert seen == ["started"]


async def test_lifespan_may_not_be_a_coroutine_function() -> None:
    async def wrong(app: FastAPI) -> None: ...

    app = FastAPI(lifespan=wrong)  # type: ignore[arg-type]
    with pytest.raises((TypeError, AttributeError)):  # the latter from Python 3.10
        async with app.router.lifespan_context(app):
            pass


async def test_what_dependencies_give_is_kept() -> None:
    class Thing:
        pass

    given: list[weakref.ref[Thing]] = []

    def thing() -> Thing:
        made = Thing()
        given.append(weakref.ref(made))
        return made

    def number(_: Thing = Depends(thing)) -> int:
        return 1

    app = FastAPI()

    @app.get("/")
    async def route(_: int = Depends(number)) -> bool:
        return given[0]() is not None

    async with AsyncClient(transport=ASGITransport(app=app), base_url="http://test") as client:
        assert (await client.get("/")).json() is True


async def test_what_stands_before_a_route_leaves_its_request_state() -> None:
    async def depended(request: Request) -> None:
        request.state.depended = True

    app = FastAPI(dependencies=[Depends(depended)])

    @app.middleware("http")
    async def around(request: Request, call_next: RequestResponseEndpoint) -> Response:
        request.state.around = True
        return await call_next(request)

    @app.get("/")
    async def route(request: Request) -> list[bool]:
        return [request.state.around, request.state.depended]

    async with AsyncClient(transport=ASGITransport(app=app), base_url="http://test") as client:
        assert (await client.get("/")).json() == [True, True]


async def test_dependency_may_not_be_a_context_manager() -> None:
    @asynccontextmanager
    async def wrong() -> AsyncIterator[int]:
        yield 1

    app = FastAPI()
    app.get("/")(lambda found=Depends(wrong): found.bit_length())
    async with AsyncClient(transport=ASGITransport(app), base_url="http://test") as client:
        with pytest.raises((TypeError, AttributeError)):  # in FastAPI, or where it is used
            await client.get("/")


async def test_router_that_is_included_is_started() -> None:
    seen: list[str] = []

    @asynccontextmanager
    async def own(_: FastAPI) -> AsyncIterator[None]:
        seen.append("lifespan")
        yield

    app = FastAPI(lifespan=own)
    app.include_router(APIRouter(lifespan=own))
    app.include_router(APIRouter(on_startup=[lambda: seen.append("handler")]))
    async with app.router.lifespan_context(app):
        assert seen == ["lifespan", "lifespan", "handler"]


async def order_of_exit(**options: Any) -> list[str]:
    """What happens first: the response is sent, or a dependency that was asked for ends."""
    happened: list[str] = []

    async def dependency() -> AsyncIterator[None]:
        yield
        happened.append("exit")

    async def route(given: None = Depends(dependency, **options)) -> None: ...

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            happened.append("response")

    app = FastAPI()
    app.get("/")(route)
    scope = {"type": "http", "http_version": "1.1", "method": "GET", "path": "/", "raw_path": b"/"}
    await app({**scope, "query_string": b"", "headers": []}, receive, send)
    return happened


async def test_response_goes_out_before_a_dependency_ends() -> None:
    first = "response" if VERSION >= (0, 118) else "exit"
    assert (await order_of_exit())[0] == first
    if VERSION >= (0, 121):
        assert await order_of_exit(scope="function") == ["exit", "response"]


@pytest.mark.parametrize("error", [fastapi.HTTPException(404), ValueError()])
async def test_dependency_that_keeps_an_error_leaves_no_response(error: Exception) -> None:
    async def dependency() -> AsyncIterator[None]:
        with suppress(Exception):
            yield

    async def route(given: None = Depends(dependency)) -> None:
        raise error

    app = FastAPI()
    app.get("/")(route)
    async with AsyncClient(transport=ASGITransport(app=app), base_url="http://test") as client:
        with pytest.raises(FastAPIError, match="high chance that the app"):
            await client.get("/")


async def test_objects_in_background_tasks_load_nothing() -> None:
    failed: list[bool] = []

    async def opened() -> AsyncIterator[AsyncSession]:
        async with database() as factory, factory() as session:
            yield session

    async def work(post: Post) -> None:
        try:
            print(post.author)
        except SQLAlchemyError:
            failed.append(True)

    app = FastAPI()

    @app.get("/")
    async def route(tasks: BackgroundTasks, session: AsyncSession = Depends(opened)) -> None:
        tasks.add_task(work, await session.get_one(Post, 1))

    async with AsyncClient(transport=ASGITransport(app), base_url="http://test") as client:
        await client.get("/")
    assert failed == [True]
