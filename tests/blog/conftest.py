"""Fixtures of the blog's tests: `play` runs a scenario against one variant."""

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

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
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("blog")


@pytest.fixture(scope="session")
def kept() -> dict[str, Any]:
    """The variants that are imported already, by their settings."""
    return {}


@pytest.fixture
def play(workplace: Path, kept: dict[str, Any]) -> Callable[..., Any]:
    """Run a scenario against a new database: `play("pitfalls", scenario, setting=value)`.

    `fresh=True` imports the variant anew, for what happens on import or for
    what leaves the modules in a bad state.  `home` is where the variant lies, if not with the others.
    """
    import blog_harness as harness

    def run(
        variant: str,
        scenario: harness.Scenario,
        *,
        start: bool = True,
        fresh: bool = False,
        home: Path | None = None,
        **settings: object,
    ) -> harness.Outcome:
        folder = workplace / f"{variant}-{len(kept)}"
        key = str(folder) if fresh else json.dumps([variant, settings], default=str, sort_keys=True)
        imported = kept.setdefault(
            key, harness.Imported(variant, folder, settings, home or harness.BLOG / variant)
        )
        return harness.play(imported, scenario, start=start, bytecode=workplace / "bytecode")

    return run
