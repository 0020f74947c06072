"""Several processes on one cache, and processes that are killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from flake8_runs import RUNNER, RunFlake8, write_files
from test_same_findings import ALL, FILES, METHODS, PROJECT, STARTED_BY, entries

# Python runs this when it starts, in workers that are spawned, too.
WATCHED = """\
import os
from pathlib import Path
from flake8_async_fastapi import reading

folder, extract, met = Path(os.environ["WATCH_FOLDER"]), reading._extract, []

def watched(source, cache):
    with open(folder / "extracted", "a") as file:
        file.write(source.path + "\\n")
    if not met:
        met.append(1)
        meet()
    return extract(source, cache)

def meet():
    import time
    (folder / f"{os.getpid()}.here").touch()
    end = time.monotonic() + 60
    while len(list(folder.glob("*.here"))) < int(os.environ["WATCH_PROCESSES"]):
        if time.monotonic() > end:
            raise SystemExit("the other process never came")
        time.sleep(0.01)

reading._extract = watched
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    write_files(folder, {**PROJECT, "broken.py": "def f(:\n"})
    return folder


@pytest.fixture
def extracted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """A function that says which files were extracted by all processes since it was last called."""
    folder = tmp_path / "watch"
    write_files(folder, {"sitecustomize.py": WATCHED, "extracted": ""})
    monkeypatch.setenv("PYTHONPATH", f"{folder}{os.pathsep}{Path(__file__).parents[1]}")
    monkeypatch.setenv("WATCH_FOLDER", str(folder))
    monkeypatch.setenv("WATCH_PROCESSES", "1")

    def paths() -> list[str]:
        found = (folder / "extracted").read_text().splitlines()
        (folder / "extracted").write_text("")
        return sorted(found)

    return paths


EVERY_FILE = sorted([*FILES, "broken.py"])
FOUND = ALL | {("broken.py", 1, "E999")}


@pytest.mark.parametrize("method", METHODS)
def test_workers_extract_nothing_that_the_first_process_did(
    project: Path, flake8: RunFlake8, extracted: Callable[[], list[str]], method: str
) -> None:
    before = STARTED_BY.format(method)
    assert flake8(project, "-j2", before=before).findings == FOUND
    assert extracted() == EVERY_FILE
    path = project / "app/service.py"
    path.write_text(PROJECT["app/service.py"] + "\n\nextra = 1\n")
    assert flake8(project, "-j2", before=before).findings == FOUND
    assert extracted() == ["app/service.py"]
    assert flake8(project, "-j2", before=before).findings == FOUND
    assert extracted() == []


def start(project: Path, *options: str, before: str = "") -> subprocess.Popen[bytes]:
    """Start flake8 in a session of its own, so that it can be killed with its workers."""
    environ = {**os.environ, "FLAKE8_ASYNC_FASTAPI_CACHE_DIR": str(project.parent / "cache")}
    command = [sys.executable, "-c", RUNNER.format(before=before, after=""), "--isolated", "--select=AFA,E9"]
    return subprocess.Popen(
        [*command, *options],
        cwd=project,
        env=environ,
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@pytest.mark.parametrize("jobs", ["-j1", "-j2"])
def test_two_runs_at_once_on_an_empty_cache(
    project: Path,
    flake8: RunFlake8,
    extracted: Callable[[], list[str]],
    monkeypatch: pytest.MonkeyPatch,
    jobs: str,
) -> None:
    """Each waits before its first extraction until the other is there; then neither waits for the other."""
    monkeypatch.setenv("WATCH_PROCESSES", "2")
    runs = [start(project, jobs) for _ in range(2)]
    said = [run.communicate(timeout=120) for run in runs]
    assert [run.returncode for run in runs] == [1, 1], said
    assert sorted(said[0][0].splitlines()) == sorted(said[1][0].splitlines())
    assert len(said[0][0].splitlines()) == len(FOUND)
    paths = extracted()
    assert sorted(set(paths)) == EVERY_FILE and max(map(paths.count, paths)) == 2
    assert not list((project.parent / "cache").rglob("*.tmp"))
    assert flake8(project, jobs).findings == FOUND
    assert extracted() == []


# Killed while writing

KILLED = """\
import os, signal
from flake8_async_fastapi.store import cache
written, write, replace = [], cache._write_all, os.replace

def die(entry):
    os.killpg(os.getpgrp(), signal.SIGKILL)

def write_half(descriptor, entry):
    written.append(entry)
    if len(written) == {turn} and {place!r} == "in an entry":
        write(descriptor, entry[: len(entry) // 2])
        die(entry)
    write(descriptor, entry)

def replaced(source, target):
    if len(written) == {turn} and {place!r} == "before it is moved":
        die(source)
    replace(source, target)
    if len(written) == {turn} and {place!r} == "after it was moved":
        die(source)

cache._write_all, os.replace = write_half, replaced
"""
READ_FILES = len(PROJECT)  # one entry for each file, broken.py instead of pyproject.toml


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="no groups of processes")
@pytest.mark.parametrize("jobs", ["-j1", "-j2"])
@pytest.mark.parametrize(
    ("turn", "place"),
    [
        (1, "in an entry"),
        (READ_FILES + 3, "in an entry"),
        (2, "before it is moved"),
        (READ_FILES + 2, "after it was moved"),
    ],
)
def test_killed_while_writing(project: Path, flake8: RunFlake8, jobs: str, turn: int, place: str) -> None:
    run = start(project, jobs, before=KILLED.format(turn=turn, place=place))
    assert run.communicate(timeout=120)[0] == b""
    assert run.returncode == -signal.SIGKILL
    cache = project.parent / "cache"
    is_moved = place == "after it was moved"
    if not is_moved or jobs == "-j1":  # of two processes the other may be in an entry, too
        assert bool(list(cache.rglob("*.tmp"))) is not is_moved
    assert flake8(project, jobs).findings == FOUND
    assert len([path for path in entries(cache, "findings") if path.suffix != ".tmp"]) == len(FILES)
    assert flake8(project, jobs).findings == FOUND
