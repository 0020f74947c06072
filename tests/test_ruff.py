"""Comments beside the real ruff: RUF100 and RUF102 delete unknown codes unless ruff is told of them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

CODE = "async def f() -> None:\n    f()  # noqa: AFA105, RUF006\n    f()  # noqa: AFA105\n"
OPTIONS = ("--isolated", "--preview", "--select=RUF100,RUF102", "--fix", "--quiet")


def fixed(tmp_path: Path, *options: str) -> str:
    (tmp_path / "main.py").write_text(CODE)
    command = [sys.executable, "-m", "ruff", "check", *OPTIONS, *options, "main.py"]
    subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=60)
    return (tmp_path / "main.py").read_text()


def test_ruff_deletes_codes_that_it_does_not_know(tmp_path: Path) -> None:
    assert "AFA105" not in fixed(tmp_path)


def test_ruff_leaves_external_codes(tmp_path: Path) -> None:
    text = fixed(tmp_path, "--config", "lint.external = ['AFA']")
    assert text.count("# noqa: AFA105") == 2
    assert "RUF006" not in text  # ruff's own are its own business


def test_the_documents_say_so() -> None:
    page = Path(__file__).parent.parent / "docs" / "integrations.md"
    assert '[tool.ruff.lint]\nexternal = ["AFA"]\n' in page.read_text(encoding="utf-8")
