"""The line that says how far a run is: on a terminal, in long runs, and gone in the end."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from flake8_runs import RUNNER, write_files

from flake8_async_fastapi.progress import Progress, terminal

# The clock

TEXT = "async def f(): ...\n\n\nasync def g():\n    f()\n"


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def progress(stream: io.StringIO, clock: Clock) -> Progress:
    return Progress(stream, clock)


def screen(written: str) -> str:
    """What a terminal of one line shows after some text."""
    cells: list[str] = []
    column = 0
    for character in written:
        if character == "\r":
            column = 0
        else:
            cells[column : column + 1] = [character]
            column += 1
    return "".join(cells).rstrip()


def test_a_short_run_shows_nothing(clock: Clock, stream: io.StringIO, progress: Progress) -> None:
    clock.now += 0.9
    progress.tell("3 of 9")
    progress.clear()
    assert stream.getvalue() == ""


def test_one_line_is_rewritten_and_goes_away(clock: Clock, stream: io.StringIO, progress: Progress) -> None:
    clock.now += 1.1
    progress.tell("a longer text")
    assert screen(stream.getvalue()) == "a longer text"
    clock.now += 0.01
    progress.tell("too early")
    assert screen(stream.getvalue()) == "a longer text"
    clock.now += 1
    progress.tell("short")
    assert screen(stream.getvalue()) == "short"
    progress.clear()
    assert screen(stream.getvalue()) == "" and stream.getvalue().endswith("\r")
    assert "\n" not in stream.getvalue()


def test_the_line_comes_back_at_once(clock: Clock, stream: io.StringIO, progress: Progress) -> None:
    clock.now += 2
    progress.tell("one")
    progress.clear()
    progress.tell("two")
    assert screen(stream.getvalue()) == "two"


def test_two_processes_leave_nothing(clock: Clock, stream: io.StringIO) -> None:
    first, second = Progress(stream, clock), Progress(stream, clock)
    clock.now += 2
    first.tell("a longer text")
    second.tell("short")
    second.clear()
    first.clear()
    assert screen(stream.getvalue()) == ""


def test_no_line_is_longer_than_the_terminal(clock: Clock, stream: io.StringIO, progress: Progress) -> None:
    clock.now += 2
    progress.tell("x" * 1000)
    assert len(screen(stream.getvalue())) == 79


def test_a_terminal_that_is_gone_is_no_error(clock: Clock, stream: io.StringIO, progress: Progress) -> None:
    clock.now += 2
    progress.tell("one")
    stream.close()
    progress.clear()
    assert not progress.is_due()


def test_what_is_no_terminal(tmp_path: Path) -> None:
    with (tmp_path / "log").open("w") as file:
        assert terminal(file) is None
    assert terminal(file) is None  # closed
    assert terminal(io.StringIO()) is None
    assert terminal(None) is None  # a program without a console


# Runs of flake8

pty = pytest.importorskip("pty")

SOON = "from flake8_async_fastapi import progress; progress.QUIET = 0.0; progress._PAUSE = 0.0"
LATE = "from flake8_async_fastapi import progress; progress.QUIET = 1000.0"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    write_files(folder, {"pyproject.toml": "", **{f"m{number}.py": TEXT for number in range(6)}})
    write_files(folder, {"m2.py": f"{TEXT}    f()\n", "other.py": "x = 1\n"})
    return folder


def flake8_after(before: str) -> list[str]:
    """The command that runs some code, and then flake8 in the same process."""
    return [sys.executable, "-c", RUNNER.format(before=before, after=""), "--isolated", "--select=AFA"]


def check_after(before: str) -> list[str]:
    """The command that runs some code, and then ``check`` in the same process."""
    code = f"import sys\n{before}\nfrom flake8_async_fastapi.cli import main\nsys.exit(main(sys.argv[1:]))"
    return [sys.executable, "-c", code, "check", "--isolated", "--output-format=concise"]


def run(
    project: Path,
    *options: str,
    before: str = SOON,
    program: Callable[[str], list[str]] = flake8_after,
    **variables: str,
) -> tuple[str, list[str]]:
    """Run a program with a terminal for standard error; what came there, and the lines of standard output."""
    above, below = pty.openpty()
    environ = {
        **os.environ,
        "TERM": "xterm",
        "FLAKE8_ASYNC_FASTAPI_CACHE_DIR": str(project.parent / "cache"),
        **variables,
    }
    pieces: list[bytes] = []

    def read() -> None:
        try:
            while piece := os.read(above, 10_000):
                pieces.append(piece)
        except OSError:  # Linux says so when nobody writes any more
            return

    reader = threading.Thread(target=read)
    reader.start()
    command = [*program(before), *options]
    done = subprocess.run(command, cwd=project, env=environ, stdout=subprocess.PIPE, stderr=below)
    os.close(below)
    reader.join(10)
    os.close(above)
    assert done.returncode == 1
    return b"".join(pieces).decode(), done.stdout.decode().splitlines()


def told(written: str) -> list[str]:
    """The texts that were on the line, one after the other."""
    return [text.strip() for text in written.split("\r") if text.strip()]


LINE = re.compile(r"flake8-async-fastapi: \d+ of 7 files (read|checked)")


@pytest.mark.parametrize(
    ("program", "options"), [(flake8_after, ["-j1"]), (flake8_after, ["-j2"]), (check_after, [])]
)
def test_a_terminal_is_told(project: Path, program: Callable[[str], list[str]], options: list[str]) -> None:
    written, found = run(project, *options, program=program)
    texts = told(written)
    assert all(LINE.fullmatch(text) for text in texts), texts
    # One of two files with one text is read.
    assert [text for text in texts if text.endswith("read")] == [
        f"flake8-async-fastapi: {number} of 7 files read" for number in (0, 2, 6)
    ]
    checked = [text for text in texts if text.endswith("checked")]
    assert sorted(checked) == [f"flake8-async-fastapi: {number} of 7 files checked" for number in range(7)]
    assert screen(written) == "" and "\n" not in written
    assert len(found) == 7


def test_what_is_known_is_not_told(project: Path) -> None:
    run(project, "-j1")
    written, found = run(project, "-j1")
    assert (written, len(found)) == ("", 7)


@pytest.mark.parametrize(
    "options", [{"before": LATE}, {"TERM": "dumb"}], ids=["a short run", "a terminal that cannot rewrite"]
)
def test_nothing_is_told(project: Path, options: dict[str, str]) -> None:
    written, found = run(project, "-j1", **options)
    assert (written, len(found)) == ("", 7)


def test_quiet_flake8_tells_nothing(project: Path) -> None:
    written, found = run(project, "-j1", "--quiet")
    assert (written, len(found)) == ("", 6)  # files, not findings


def test_no_terminal_is_told_nothing(project: Path) -> None:
    command = [*flake8_after(SOON), "-j1"]
    environ = {**os.environ, "FLAKE8_ASYNC_FASTAPI_CACHE_DIR": "off"}
    done = subprocess.run(command, cwd=project, env=environ, capture_output=True, text=True)
    assert (done.stderr, len(done.stdout.splitlines())) == ("", 7)
