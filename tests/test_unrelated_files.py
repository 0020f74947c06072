"""A file that has nothing to do with the code takes no finding away, wherever it lies."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from flake8_async_fastapi.cli import BLOG
from flake8_async_fastapi.projects import Projects
from flake8_async_fastapi.store.cache import Cache

FILES = {
    "setup.py": "router = None\n",
    ".flake8": "[flake8]\nmax-line-length = 100\n",
    "setup.cfg": "[isort]\nprofile = black\n",
    "tox.ini": "[flake8]\nmax-line-length = 100\n",
    "pyproject.toml": "[tool.ruff]\nline-length = 100\n",
    "notes.py": "x = 1\n",
    "extra/__init__.py": "",
}
LINTED = ("app/routers/posts.py", "app/routers/pages.py", "app/services/moderation.py")


@pytest.fixture(scope="module")
def blog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unrelated")
    shutil.copytree(BLOG / "pitfalls", folder / "blog", ignore=shutil.ignore_patterns("__pycache__", "*.db"))
    (folder / "blog" / "pyproject.toml").write_text("[project]\nname = 'blog'\n")
    return folder


def findings(blog: Path) -> set[tuple[str, int, str, str]]:
    folder = blog / "blog"
    projects = Projects(Cache(blog / "cache"), cwd=folder)
    return {
        (name, finding.line, finding.code, finding.message)
        for name in LINTED
        for finding in projects.findings(name, (folder / name).read_text())
    }


@pytest.mark.slow
@pytest.mark.parametrize("where", ["app", "app/routers", "app/templates"])
@pytest.mark.parametrize("name", FILES)
def test_no_finding_goes(blog: Path, name: str, where: str) -> None:
    before = findings(blog)
    assert len(before) > 15
    added = blog / "blog" / where / name
    added.parent.mkdir(exist_ok=True)
    assert not added.exists()
    added.write_text(FILES[name])
    try:
        assert before <= findings(blog)
    finally:
        added.unlink()
