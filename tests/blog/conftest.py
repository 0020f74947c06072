"""Fixtures of the blog's tests: `play` runs a scenario against one variant."""

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

# The helpers beside this file are shared by several test modules.
sys.path.insert(0, str(Path(__file__).parent))

NEEDED = (
    "aiosqlite",
    "bcrypt",
    "fastapi",
    "greenlet",
    "httpx",
    "jinja2",
    "pydantic_settings",
    "python_multipart",
    "requests",
    "sqlalchemy",
    "uvicorn",
)
MISSING = [library for library in NEEDED if importlib.util.find_spec(library) is None]
if MISSING:
    collect_ignore_glob = ["test_proofs_*.py", "test_blog_serves.py", "test_blog_browser.py"]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "proof(code, file): runs a line of the blog marked with the code")
    config.addinivalue_line("markers", "browser: needs a browser")


def pytest_report_header() -> list[str]:
    return [f"the bundled blog is not run, it needs: {', '.join(MISSING)}"] if MISSING else []


@pytest.fixture(scope="session")
def bytecode(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bytecode")


@pytest.fixture
def play(tmp_path: Path, bytecode: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Run a scenario against a fresh database: `play("pitfalls", scenario, setting=value)`."""
    import harness

    def run(
        variant: str, scenario: harness.Scenario, *, start: bool = True, **settings: object
    ) -> harness.Outcome:
        folder = tmp_path / variant
        folder.mkdir(exist_ok=True)
        # The scripts of the blog open ./blog.db, and settings may come from ./.env.
        monkeypatch.chdir(folder)
        return harness.play(variant, folder, scenario, start=start, settings=settings, bytecode=bytecode)

    return run
