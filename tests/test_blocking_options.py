"""The options about blocking calls: what they change, and that a verdict's key covers them."""

from __future__ import annotations

from pathlib import Path

import pytest
from flake8_runs import RunFlake8

from flake8_async_fastapi.analysis import analysis_of
from flake8_async_fastapi.knowledge.settings import Settings, read_settings
from flake8_async_fastapi.store.cache import Cache

FILES = {
    "app/config.py": "def load(name):\n    with open(name) as file:\n        return file.read()\n",
    "app/legacy.py": "import corp_http\n\n\ndef fetch(url):\n    return corp_http.fetch(url)\n",
    "app/threads.py": "def now(function, *args):\n    return function(*args)\n",
    "app/main.py": (
        "from app.config import load\n"
        "from app.legacy import fetch\n"
        "from app.threads import now\n\n\n"
        "async def page():\n"
        "    load('x')\n"
        "    fetch('http://x')\n"
        "    now(load, 'x')\n"
    ),
}


def codes(settings: Settings, cache: Cache | None = None) -> dict[int, str]:
    analysis = analysis_of(FILES, cache, settings)
    return {finding.line: finding.code for finding in analysis.findings("app/main.py")}


def test_without_options() -> None:
    assert codes(Settings()) == {7: "AFA205", 9: "AFA205"}


@pytest.mark.parametrize(
    ("blocking", "expected"),
    [
        (["corp_http.fetch"], {7: "AFA205", 8: "AFA206", 9: "AFA205"}),
        (["AFA201=corp_http.fetch"], {7: "AFA205", 8: "AFA201", 9: "AFA205"}),
        (["AFA202=app.legacy.fetch"], {7: "AFA205", 8: "AFA202", 9: "AFA205"}),
    ],
)
def test_more_functions_that_block(blocking: list[str], expected: dict[int, str]) -> None:
    assert codes(read_settings(blocking, [], [])) == expected


@pytest.mark.parametrize("name", ["app.threads.now", "app.threads.*"])
def test_more_offloaders(name: str) -> None:
    assert codes(read_settings([], [name], [])) == {7: "AFA205"}


@pytest.mark.parametrize("name", ["app.config.load", "app.config.*", "builtins.open"])
def test_functions_that_may_block(name: str) -> None:
    assert codes(read_settings([], [], [name])) == {}


def test_calls_that_take_a_moment() -> None:
    files = {
        "main.py": (
            "import os\n\n\n"
            "def newest(name):\n    return max(os.listdir(name))\n\n\n"
            "async def page():\n    newest('x')\n    with open('x', 'w'):\n        pass\n"
        )
    }

    def lines(*, reports_brief: bool) -> list[int]:
        settings = read_settings([], [], [], reports_brief=reports_brief)
        return [finding.line for finding in analysis_of(files, None, settings).findings("main.py")]

    assert lines(reports_brief=True) == [9, 10]
    assert lines(reports_brief=False) == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["AFA101=x.y"], "AFA101 is not one of"),
        (["x y"], "not a dotted name"),
        (["x..y"], "not a dotted name"),
    ],
)
def test_options_that_mean_nothing(options: list[str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_settings(options, [], [])


def test_a_kept_verdict_is_of_its_settings(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    allowed = read_settings([], [], ["app.config.*"])
    for _ in range(2):
        assert codes(Settings(), cache) == {7: "AFA205", 9: "AFA205"}
        assert codes(allowed, cache) == {}


@pytest.mark.slow
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_options_of_flake8(flake8: RunFlake8, tmp_path: Path, jobs: str) -> None:
    root = tmp_path / "project"
    for path, text in FILES.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    (root / "setup.cfg").write_text(
        "[flake8]\nafa-allowed =\n    app.config.load,\nafa-blocking = AFA201=corp_http.fetch\n"
    )
    done = flake8(root, f"--jobs={jobs}", "--select=AFA", "app", select=())
    assert done.findings == {("app/main.py", 8, "AFA201")}
    wrong = flake8(root, "--afa-blocking=AFA999=x", "app", select=())
    assert "AFA999 is not one of" in "".join(wrong.lines)
