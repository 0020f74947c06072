"""The hooks of ``.pre-commit-hooks.yaml``, run by the real pre-commit and the real prek."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from flake8_runs import write_files

from flake8_async_fastapi.cli import BLOG
from flake8_async_fastapi.store.sources import TEMPLATE_SUFFIXES, is_requirement_file

ROOT = Path(__file__).parent.parent
MANIFEST = ROOT / ".pre-commit-hooks.yaml"
PROJECT, CHANGED = "flake8-async-fastapi-project", "flake8-async-fastapi"
REPOSITORY = "app/repositories/posts.py"
OPTION = "                selectinload(Post.comments).selectinload(Comment.author),\n"

Run = Callable[..., subprocess.CompletedProcess[str]]


def hooks() -> dict[str, dict[str, Any]]:
    return {hook["id"]: hook for hook in yaml.safe_load(MANIFEST.read_text())}


def program(name: str) -> str:
    """Where the command of an installed package is."""
    files = importlib.metadata.files(name) or []
    return next(str(file.locate()) for file in files if file.stem == name and file.parent.name != name)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A function that runs a command in a repository with the converted blog, which is committed."""
    if shutil.which("git") is None:
        pytest.skip("needs git")
    folder = tmp_path / "repository"
    shutil.copytree(BLOG / "converted", folder, ignore=shutil.ignore_patterns("__pycache__", "*.db"))
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "PRE_COMMIT"))}
    who = {f"GIT_{role}_{what}": "x@y" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    homes = {"PRE_COMMIT_HOME": str(tmp_path / "home"), "PREK_HOME": str(tmp_path / "home")}
    environment = {
        **kept, **who, **homes, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1",
        "FLAKE8_ASYNC_FASTAPI_CACHE_DIR": str(tmp_path / "cache"),
    }  # fmt: skip

    def command(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(arguments, cwd=folder, env=environment, capture_output=True, text=True)

    command("git", "init", "-q")
    configure(folder, {"repo": "local", "hooks": [as_installed(hook) for hook in hooks().values()]})
    command("git", "add", "-A")
    assert command("git", "commit", "-q", "-m", "first").returncode == 0
    return command


def configure(folder: Path, repository: dict[str, object]) -> None:
    (folder / ".pre-commit-config.yaml").write_text(json.dumps({"repos": [repository]}))


def as_installed(hook: dict[str, Any]) -> dict[str, Any]:
    """A hook that runs this package, and needs no environment of its own."""
    name, _, rest = hook["entry"].partition(" ")
    assert name == "flake8-async-fastapi"
    entry = f"'{sys.executable}' -m flake8_async_fastapi.cli {rest}"
    return {**hook, "language": "system", "entry": entry}


@pytest.fixture(params=["pre-commit", "prek"])
def tool(request: pytest.FixtureRequest) -> str:
    return program(request.param)


def edit(tmp_path: Path, run: Run, name: str, old: str, new: str) -> None:
    path = tmp_path / "repository" / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    run("git", "add", name)


def said(done: subprocess.CompletedProcess[str], line: str) -> bool:
    """Whether a line of the output begins so; prek indents it."""
    return re.search(rf"^\s*{line}", done.stdout, re.MULTILINE) is not None


@pytest.mark.slow
def test_only_the_repository_changed(tmp_path: Path, run: Run, tool: str) -> None:
    assert run(tool, "run", "--all-files").returncode == 0
    edit(tmp_path, run, REPOSITORY, OPTION, "")
    whole = run(tool, "run", PROJECT)
    assert whole.returncode == 1
    assert said(whole, r"app/routers/posts\.py:\d+:\d+: AFA303 ")
    changed = run(tool, "run", CHANGED)
    assert changed.returncode == 1
    assert said(changed, rf"{REPOSITORY}:\d+:\d+: AFA303 at app/routers/posts\.py:\d+, ")
    assert said(changed, rf"{REPOSITORY}:\d+:\d+: AFA304 at app/routers/pages\.py:\d+, ")


@pytest.mark.slow
def test_only_a_template_changed(tmp_path: Path, run: Run, tool: str) -> None:
    edit(tmp_path, run, "app/templates/partials/post_list.html", "{% for post in posts %}",
         "{% for post in posts %}{{ post.comments | length }}")  # fmt: skip
    found = run(tool, "run", PROJECT)
    assert found.returncode == 1
    assert all(word in found.stdout for word in ("AFA304", "post_list.html", "Post.comments"))


@pytest.mark.slow
def test_only_the_requirements_changed(tmp_path: Path, run: Run, tool: str) -> None:
    edit(tmp_path, run, "requirements.txt", "aiosqlite>=0.20\n", "")
    found = run(tool, "run", PROJECT)
    assert found.returncode == 1
    assert "AFA414" in found.stdout and "aiosqlite" in found.stdout
    edit(tmp_path, run, "requirements.txt", "jinja2>=3.1\n", "jinja2>=3.1\naiosqlite\n")
    assert run(tool, "run", PROJECT).returncode == 0


@pytest.mark.slow
def test_what_is_shipped_installs_and_runs(tmp_path: Path, run: Run) -> None:
    shipped = tmp_path / "shipped"
    shipped.mkdir()
    names = (".pre-commit-hooks.yaml", "pyproject.toml", "hatch_build.py", "README.md", "LICENSE")
    write_files(shipped, {name: (ROOT / name).read_text() for name in names})
    for name in ("flake8_async_fastapi", "docs"):
        shutil.copytree(ROOT / name, shipped / name, ignore=shutil.ignore_patterns("__pycache__", "*.db"))
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "release"], ["tag", "v1"]):
        assert run("git", "-C", str(shipped), *command).returncode == 0
    hook = {"repo": str(shipped), "rev": "v1", "hooks": [{"id": PROJECT}]}
    configure(tmp_path / "repository", hook)
    run("git", "add", ".pre-commit-config.yaml")
    edit(tmp_path, run, REPOSITORY, OPTION, "")
    found = run(program("pre-commit"), "run")
    assert found.returncode == 1
    assert "AFA303" in found.stdout, found


def test_the_manifest_is_valid(run: Run) -> None:
    valid = run(program("pre-commit"), "validate-manifest", str(MANIFEST))
    assert valid.returncode == 0, valid.stdout


@pytest.mark.parametrize(
    "name",
    ["requirements.txt", "requirements-dev.in", "requirements/base.txt", "a/uv.lock", "pyproject.toml",
     "a/setup.cfg", ".pytest.toml", "pdm.lock", "poetry.lock", "Pipfile", "Pipfile.lock", "pylock.toml",
     "pylock.dev.toml", "pixi.toml", "environment.yml", "b/environment.yaml", "tox.ini"],
)  # fmt: skip
def test_the_project_hook_sees_what_findings_depend_on(name: str) -> None:
    assert is_requirement_file(name)
    assert re.search(hooks()[PROJECT]["files"], name)
    assert not re.search(hooks()[PROJECT]["files"], f"{name}.bak")


@pytest.mark.parametrize("suffix", [*TEMPLATE_SUFFIXES, ".py"])
def test_the_project_hook_sees_code_and_templates(suffix: str) -> None:
    assert re.search(hooks()[PROJECT]["files"], f"app/x{suffix}")
