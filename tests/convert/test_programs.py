"""Small synchronous programs, converted: they answer as before, and no rule finds a bug in them."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sync_program import PROGRAMS, files_of

from flake8_async_fastapi.cli import main

HERE = Path(__file__).parent
NAMES = sorted(path.stem for path in PROGRAMS.glob("*.txt"))


def write_program(name: str, folder: Path) -> list[str]:
    """Write the files of a program, and give its requests."""
    for path, text in files_of(name).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return (folder / "requests.txt").read_text().splitlines()


def answers(program: Path, place: Path) -> Any:
    place.mkdir()
    module = "app.main" if (program / "app").is_dir() else "main"
    environment = {**os.environ, "PYTHONPATH": str(program), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, str(HERE / "send_requests.py"), module, str(program / "requests.txt")]
    done = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", NAMES)
def test_a_converted_program_answers_as_before(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program = tmp_path / "program"
    requests = write_program(name, program)
    before = answers(program, tmp_path / "before")
    assert [request for request, status, _ in before if status == 500] == []
    assert main(["convert", str(program)]) == 0
    assert "by hand" not in capsys.readouterr().out
    after = answers(program, tmp_path / "after")
    assert len(after) == len(requests)
    for old, new in zip(before, after, strict=True):
        assert new == old


@pytest.mark.parametrize("name", NAMES)
def test_a_second_conversion_changes_nothing(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_program(name, tmp_path)
    assert main(["convert", str(tmp_path), "--check"]) == 1
    assert main(["convert", str(tmp_path)]) == 0
    assert main(["convert", str(tmp_path), "--check"]) == 0
    assert "is async already" in capsys.readouterr().out
