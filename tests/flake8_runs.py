"""Runs of flake8 on folders that tests write."""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from flake8.main.cli import main

RUNNER = """\
import sys
{before}
from flake8.main.cli import main
status = main(sys.argv[1:])
{after}
sys.exit(status)
"""


@dataclass(frozen=True)
class Flake8:
    """What a run of flake8 printed, and how it ended."""

    lines: list[str]
    status: int
    errors: str

    @property
    def findings(self) -> set[tuple[str, int, str]]:
        """Path, line and code of each line; paths as flake8 was given them, without ``./``."""
        found = set()
        for line in self.lines:
            path, number, _, rest = line.removeprefix("./").split(":", 3)
            found.add((path, int(number), rest.split()[0]))
        assert len(found) == len(self.lines), self.lines  # nothing is said twice
        return found


RunFlake8 = Callable[..., Flake8]


@pytest.fixture
def flake8(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunFlake8:
    """A function that runs flake8 in a folder.

    The cache is ``tmp_path / "cache"`` unless the caller names one.  flake8 gets a
    process of its own where that matters: for workers, logging and standard input,
    and for ``before`` and ``after``, code to run around flake8's own.  Elsewhere
    that would take the most time by far.
    """

    def run(
        folder: Path,
        *arguments: str | Path,
        text: str | bytes | None = None,
        cache: str | Path = tmp_path / "cache",
        select: Sequence[str] = ("AFA", "E9"),
        before: str = "",
        after: str = "",
    ) -> Flake8:
        options = ["--isolated", f"--select={','.join(select)}"] if select else []
        options += map(str, arguments)
        with monkeypatch.context() as patch:
            patch.setenv("FLAKE8_ASYNC_FASTAPI_CACHE_DIR", str(cache))
            patch.chdir(folder)
            if before or after or text is not None or any(option[:2] in ("-j", "-v") for option in options):
                command = (
                    ["-c", RUNNER.format(before=before, after=after)] if before or after else ["-m", "flake8"]
                )
                done = _in_process([*command, *options], text)
            else:
                done = _in_this_process(["-j1", *options])
        assert done.status in (0, 1), done
        assert "Traceback" not in done.errors, done.errors
        return done

    return run


def _in_process(command: list[str], text: str | bytes | None) -> Flake8:
    given = text.encode() if isinstance(text, str) else text
    done = subprocess.run([sys.executable, *command], input=given, capture_output=True)
    lines = done.stdout.decode(errors="replace").splitlines()
    return Flake8(lines, done.returncode, done.stderr.decode(errors="replace"))


def _in_this_process(options: list[str]) -> Flake8:
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="replace") for _ in range(2))
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = main(options)
        except SystemExit as end:  # argparse
            status = int(end.code or 0)
    written = []
    for stream in (out, err):
        stream.flush()
        stream.seek(0)
        written.append(stream.read())
    return Flake8(written[0].splitlines(), status, written[1])


def write_files(folder: Path, files: dict[str, str]) -> None:
    """Write texts by their paths below a folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
