"""``fix --unsafe`` on the half converted blog: what is left, and what its requests answer then."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from blog_harness import Blog, Outcome
from blog_marks import BLOG

from flake8_async_fastapi import cli
from flake8_async_fastapi.rules.model import catalogue

pytest.importorskip("libcst")

Play = Callable[..., Outcome]
FIXABLE = {rule.code for rule, _ in catalogue() if rule.fixable != "no"}
LEFT = {
    ("AFA108", "app/routers/admin.py"): "an async function is handed to run_sync",
    ("AFA205", "app/services/avatars.py"): "the file of an upload has async methods of its own",
    ("AFA208", "app/services/feeds.py"): "a future of a thread is waited for",
    ("AFA311", "app/repositories/posts.py"): "the options are dropped: what they return is not assigned",
    ("AFA311", "app/routers/beta.py"): "the query of the text stands on another line",
    ("AFA312", "app/repositories/users.py"): "a dynamic relationship has no select()",
    ("AFA403", "app/maintenance/create_tables.py"): "the function around it is a plain one",
    ("AFA404", "app/maintenance/import_tags.py"): "a sync engine has a URL for async ones",
    ("AFA405", "app/reporting.py"): "the sync dependency that uses the factory would fail",
    ("AFA411", "app/maintenance/audit_changes.py"): "which sessions are meant is not written there",
}
"""Findings of rules with a fix that cannot be made in this case, each with the reason."""
NOT_MENDED = {
    "/api/admin/comments/longest",  # session.query()
    "/api/reports/posts-by-author",  # the sync dependency above
    "/api/users/me/logins",  # a dynamic relationship
}
TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.+]+")


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
    assert left == set(LEFT)


async def ask_all(blog: Blog) -> dict[str, tuple[int, str]]:
    """What all routes answer that only read, for the first of everything; times are left out."""
    await blog.sign_in()
    answers: dict[str, tuple[int, str]] = {}
    for path, methods in blog.app.openapi()["paths"].items():
        if "get" in methods:
            url = "/".join("1" if part.startswith("{") else part for part in path.split("/"))
            try:
                answer = await blog.client.get(url)
            except Exception as error:
                answers[path] = 0, type(error).__name__
            else:
                answers[path] = answer.status_code, TIME.sub("", answer.text)
    return answers


def test_what_is_fixed_answers_as_the_converted_blog_does(play: Play, fixed: Path) -> None:
    converted = play("converted", ask_all).value
    mended = play("pitfalls", ask_all, home=fixed / "pitfalls", fresh=True).value
    assert converted.keys() == mended.keys() and len(mended) > 30
    assert {path for path, answer in mended.items() if answer != converted[path]} == NOT_MENDED
