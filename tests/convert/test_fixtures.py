"""Programs whose tests read what fixtures, factories and requests made: converted, they pass as before."""

from pathlib import Path

import pytest
from sync_program import files_of, run_tests

from flake8_async_fastapi.cli import main

PASSED = {"heroes": "9 passed", "notes": "8 passed", "stock": "3 passed", "teams": "16 passed"}


@pytest.mark.parametrize("name", PASSED)
def test_they_pass(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path, text in files_of(f"tested/{name}").items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    before = run_tests(tmp_path)
    assert PASSED[name] in before, before
    assert main(["convert", str(tmp_path)]) == 0
    assert "by hand" not in capsys.readouterr().out
    after = run_tests(tmp_path)
    assert PASSED[name] in after and "failed" not in after, after
