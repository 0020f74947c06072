"""The blog before async and the converted one give the same answers."""

from collections.abc import Callable
from typing import Any

from blog_harness import Blog
from blog_requests import REQUESTS, answers_of

SETTINGS = {"beta_api": True, "labs_api": True}


def test_every_route_is_asked(play: Callable[..., Any]) -> None:
    async def routes(blog: Blog) -> set[tuple[str, str]]:
        paths = blog.app.openapi()["paths"]
        return {(method.upper(), path) for path, methods in paths.items() for method in methods}

    asked = {(request.method, request.url.partition("?")[0]) for request in REQUESTS}
    for method, path in play("converted", routes, **SETTINGS).value - {("GET", "/api/tools/version")}:
        parts = path.split("/")
        assert any(
            method == by and len(parts) == len(url.split("/")) and all(map(_fits, parts, url.split("/")))
            for by, url in asked
        ), f"no request asks for {method} {path}"


def _fits(part: str, given: str) -> bool:
    return part.startswith("{") or part == given


def test_both_give_the_same_answers(play: Callable[..., Any]) -> None:
    before = play("sync", answers_of, **SETTINGS).value
    after = play("converted", answers_of, **SETTINGS).value
    assert not [request for request, answer in before if answer.status == 500]
    for (request, old), (_, new) in zip(before, after, strict=True):
        assert new == old, request
