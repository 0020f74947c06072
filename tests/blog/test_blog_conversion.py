"""The blog before async, converted: it gives the same answers, and no rule finds a bug in it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from blog_harness import BLOG
from blog_requests import answers_of

from flake8_async_fastapi.analysis import open_analysis
from flake8_async_fastapi.cli import main
from flake8_async_fastapi.store.cache import Cache

SETTINGS = {"beta_api": True, "labs_api": True}


@pytest.fixture(scope="module")
def became(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("conversion") / "blog"
    shutil.copytree(BLOG / "sync", folder, ignore=shutil.ignore_patterns("__pycache__"))
    assert main(["convert", str(folder)]) == 0
    return folder


def test_the_converted_blog_gives_the_same_answers(play: Callable[..., Any], became: Path) -> None:
    before = play("sync", answers_of, **SETTINGS).value
    after = play("became", answers_of, home=became, **SETTINGS).value
    for (request, old), (_, new) in zip(before, after, strict=True):
        assert new == old, request


def test_no_rule_finds_a_bug_in_it(became: Path) -> None:
    analysis = open_analysis(became, Cache(None))
    found = [finding for path in analysis.sources for finding in analysis.findings(path)]
    assert [finding for finding in found if not finding.advice] == []


def test_what_uses_no_database_stays_as_it_was(became: Path) -> None:
    assert "\ndef preview_url(" in (became / "app/routers/tools.py").read_text()
    assert "\ndef health(" in (became / "app/routers/tools.py").read_text()
    for file in ("app/services/mail.py", "app/security.py", "app/schemas.py", "app/models.py"):
        assert (became / file).read_bytes() == (BLOG / "sync" / file).read_bytes()


def test_nothing_is_left_of_the_synchronous_one(became: Path) -> None:
    texts = [path.read_text() for path in became.rglob("*.py")]
    assert not [text for text in texts if ".query(" in text or "on_event" in text]
    assert "sqlalchemy[asyncio]>=2.0\naiosqlite\n" in (became / "requirements.txt").read_text()


def run_script(became: Path, script: str, folder: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(became), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-W", "error", "-m", f"app.maintenance.{script}"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def with_tables(became: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the database that the first script makes."""
    folder = tmp_path_factory.mktemp("tables")
    run_script(became, "create_tables", folder)
    return folder


@pytest.mark.parametrize(
    "script", ["create_tables", "print_drafts", "tidy", "vacuum", "audit_changes", "archive", "note_move"]
)
def test_the_scripts_run(became: Path, with_tables: Path, script: str, tmp_path: Path) -> None:
    shutil.copytree(with_tables, tmp_path, dirs_exist_ok=True)
    run_script(became, script, tmp_path)
