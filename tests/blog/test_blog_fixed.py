"""``fix --unsafe`` on the half converted blog: what is left, and what its requests answer then."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from blog_harness import Blog, Outcome
from blog_marks import BLOG
from blog_requests import Answer, Request, answers_of

from flake8_async_fastapi import cli
from flake8_async_fastapi.rules.model import catalogue

pytest.importorskip("libcst")

Play = Callable[..., Outcome]
FIXABLE = {rule.code for rule, _ in catalogue() if rule.fixable != "no"}
NOT_MENDED = {
    ("GET", "/api/admin/comments/longest"): "AFA106",
    ("POST", "/api/admin/users/linus/hide-comments"): "AFA505",
    ("GET", "/api/beta/tags/no"): "AFA510",
    ("POST", "/api/beta/tags/wild"): "AFA510",
    ("PUT", "/api/beta/tags/wild?new=tame"): "AFA316",
    ("PUT", "/api/beta/tags/tame?new=wild"): "AFA316",
    ("PUT", "/api/beta/tags/wild/other-names?new=untamed"): "AFA317",
    ("GET", "/api/beta/tags/no/posts"): "AFA423",
    ("DELETE", "/api/beta/tags/wild"): "AFA513",
}
"""Requests that still fail, or answer something else, each with the finding that has no fix."""


@pytest.fixture(scope="module")
def fixed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of the half converted blog that was fixed."""
    folder = tmp_path_factory.mktemp("fixed")
    shutil.copytree(BLOG / "pitfalls", folder / "pitfalls", ignore=shutil.ignore_patterns("__pycache__"))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder / "pitfalls")
        assert cli.main(["fix", "--isolated", "--unsafe", f"--afa-cache-dir={folder / 'cache'}", "app"]) == 0
    yield folder


def test_what_is_left_has_no_fix(
    fixed: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(fixed / "pitfalls")
    capsys.readouterr()
    cli.main(["check", "--isolated", "--output-format=json", f"--afa-cache-dir={fixed / 'cache'}", "app"])
    found = json.loads(capsys.readouterr().out)
    left = {(one["code"], one["path"]) for one in found if one["code"] in FIXABLE}
    assert left == set()
    assert set(NOT_MENDED.values()) <= {one["code"] for one in found}


async def ask_all(blog: Blog) -> list[tuple[Request, Answer]]:
    """All requests, those that write included, and the route of a module that does not import as a whole."""
    blog.app.include_router(blog.module("app.routers.labs").router)
    return await answers_of(blog)


def test_what_is_fixed_answers_as_the_converted_blog_does(play: Play, fixed: Path) -> None:
    converted = play("converted", ask_all, fresh=True, beta_api=True).value
    mended = play("pitfalls", ask_all, home=fixed / "pitfalls", fresh=True, beta_api=True).value
    differ = {
        (request.method, request.url)
        for (request, wanted), (_, answer) in zip(converted, mended, strict=True)
        if answer != wanted
    }
    assert differ == set(NOT_MENDED)
