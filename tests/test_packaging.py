"""What is built from the project installs into a bare environment, and works there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from flake8_async_fastapi import __version__
from flake8_async_fastapi.rules.model import catalogue

ROOT = Path(__file__).parent.parent
NAME = f"flake8_async_fastapi-{__version__}"
ADDRESS = "https://example.org/owner/name"
NOT_BUILT = (".git", ".venv", ".tox", "site", "dist", "__pycache__", ".*_cache", "*.db", "node_modules")


def run(*command: str | Path, cwd: Path) -> str:
    unset = ("PYTHONPATH", "PYTHONHOME", "FLAKE8_ASYNC_FASTAPI_CACHE_DIR")
    environment = {name: value for name, value in os.environ.items() if name not in unset}
    environment |= {"XDG_CACHE_HOME": str(cwd / "cache"), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    environment |= {"PROJECT_ADDRESS": ADDRESS}
    done = subprocess.run(list(map(str, command)), cwd=cwd, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the source distribution, and with the wheel that is built from that."""
    folder = tmp_path_factory.mktemp("build")
    shutil.copytree(ROOT, folder / "project", ignore=shutil.ignore_patterns(*NOT_BUILT))
    run(sys.executable, "-m", "build", "--outdir", folder / "dist", folder / "project", cwd=folder)
    return folder / "dist"


@pytest.mark.slow
def test_both_hold_what_they_should(built: Path) -> None:
    assert sorted(file.name for file in built.iterdir()) == [f"{NAME}-py3-none-any.whl", f"{NAME}.tar.gz"]
    pages = {f"{rule.code}.md" for rule, _ in catalogue()}
    with zipfile.ZipFile(built / f"{NAME}-py3-none-any.whl") as wheel:
        names = set(wheel.namelist())
        metadata = wheel.read(f"{NAME}.dist-info/METADATA").decode()
    assert {f"flake8_async_fastapi/_docs/rules/{page}" for page in pages} <= names
    assert "flake8_async_fastapi/blog/converted/requirements.txt" in names
    assert not [name for name in names if name.startswith(("tests/", "benchmarks/"))]
    assert "Requires-Dist: packaging" in metadata
    with tarfile.open(built / f"{NAME}.tar.gz") as source:
        held = {name.partition("/")[2] for name in source.getnames()}
    assert {"pyproject.toml", "LICENSE", "README.md", "CHANGELOG.md", "tests/test_packaging.py"} <= held
    assert {f"docs/rules/{page}" for page in pages} <= held


@pytest.mark.slow
def test_a_release_knows_its_address(built: Path) -> None:
    with zipfile.ZipFile(built / f"{NAME}-py3-none-any.whl") as wheel:
        metadata = wheel.read(f"{NAME}.dist-info/METADATA").decode()
    assert f"Project-URL: Homepage, {ADDRESS}\n" in metadata
    assert f"]({ADDRESS}/blob/v{__version__}/docs/check.md)" in metadata
    assert f"git+{ADDRESS}" in metadata
    links = re.findall(r"\]\(([^)]+)\)", metadata)
    assert len(links) > 20 and all(link.startswith(("https://", "#")) for link in links)


@pytest.mark.slow
def test_the_wheel_works_in_a_bare_environment(built: Path, tmp_path: Path) -> None:
    run(sys.executable, "-m", "venv", tmp_path / "venv", cwd=tmp_path)
    programs = tmp_path / "venv" / ("Scripts" if os.name == "nt" else "bin")
    wheel = built / f"{NAME}-py3-none-any.whl"
    run(programs / "python", "-m", "pip", "install", "--quiet", wheel, cwd=tmp_path)
    command = programs / "flake8-async-fastapi"
    assert run(command, "--version", cwd=tmp_path) == f"{__version__}\n"
    assert run(command, "explain", "--full", "AFA301", cwd=tmp_path) == (
        (ROOT / "docs" / "rules" / "AFA301.md").read_text(encoding="utf-8")
    )
    run(command, "blog", "shop", cwd=tmp_path)
    (tmp_path / "pyproject.toml").touch()
    checked = run(command, "check", "--exit-zero", "--output-format=concise", "shop", cwd=tmp_path)
    linted = run(programs / "flake8", "--isolated", "--select=AFA", "--exit-zero", "shop", cwd=tmp_path)
    assert len(checked.splitlines()) > 100
    # flake8 also reports the lines that a caller makes fail; `check` reports each bug once
    in_callees = [line for line in linted.splitlines() if " called by " in line]
    assert sorted([*checked.splitlines(), *in_callees]) == sorted(linted.splitlines())
    assert "shop/converted" not in checked
