"""The extension for VS Code: its own tests, and its package."""

from __future__ import annotations

import json
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

EXTENSION = Path(__file__).parents[2] / "editors" / "vscode"
MANIFEST = json.loads((EXTENSION / "package.json").read_text(encoding="utf-8"))
NOT_THERE = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "E403")


def run(folder: Path, *command: str) -> str:
    """What a command of npm prints; the test is skipped where the registry cannot be reached."""
    program = shutil.which(command[0])
    if program is None:
        pytest.skip(f"{command[0]} is not installed")
    done = subprocess.run([program, *command[1:]], cwd=folder, capture_output=True, text=True, timeout=300)
    said = done.stdout + done.stderr
    if done.returncode and any(reason in said for reason in NOT_THERE):
        pytest.skip("npm does not reach its registry")
    assert done.returncode == 0, said
    return said


def test_the_settings_are_those_of_the_page() -> None:
    page = (EXTENSION.parents[1] / "docs" / "editors.md").read_text(encoding="utf-8")
    properties = MANIFEST["contributes"]["configuration"]["properties"]
    assert properties["flake8AsyncFastapi.inlayHints"]["default"] is False
    assert [name for name in properties if f"`{name}`" not in page] == []


def test_what_it_does_with_vs_code() -> None:
    assert "fail 0" in run(EXTENSION, "node", "--test")


@pytest.mark.slow
def test_its_package_is_complete(tmp_path: Path) -> None:
    folder = tmp_path / "vscode"
    shutil.copytree(EXTENSION, folder, ignore=shutil.ignore_patterns("node_modules", "*.vsix"))
    run(folder, "npm", "ci", "--no-audit", "--no-fund")
    run(folder, "npm", "run", "package")
    (package,) = folder.glob("*.vsix")
    with zipfile.ZipFile(package) as archive:
        names = set(archive.namelist())
    needed = ("extension.js", "command.js", "node_modules/vscode-languageclient/package.json")
    assert [name for name in needed if f"extension/{name}" not in names] == []
    assert not [name for name in names if name.endswith(".test.js") and "node_modules" not in name]
