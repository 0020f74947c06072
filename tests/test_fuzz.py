"""A small part of what `benchmarks/fuzz.py` and `benchmarks/scale.py` do."""

from __future__ import annotations

import re
from pathlib import Path

import fuzz
import pytest
import scale
from projects import make_project
from random_modules import random_projects
from watched import SLOW, lint_project

from flake8_async_fastapi.analysis import Analysis


def assert_sound(report: fuzz.Report) -> None:
    assert report.faults == []
    assert [run for run in report.slow if run.seconds > 2 * SLOW] == []  # a shared machine has its spells


@pytest.mark.slow
def test_mutated_modules() -> None:
    report = fuzz.lint_all(random_projects("mutated", 100, seed=1))
    assert_sound(report)
    assert report.findings > 25  # most still hold what the rules look for


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["grammar", "tree"])
def test_generated_modules(kind: str) -> None:
    pytest.importorskip("hypothesmith")
    report = fuzz.lint_all(random_projects(kind, 5, seed=1))
    assert_sound(report)
    assert report.files == 5


def test_same_seed_gives_the_same_modules() -> None:
    once, again = (list(random_projects("mutated", 20, seed=7)) for _ in range(2))
    assert once == again
    assert len({files[path] for _, files, path in once}) == 20
    assert once[3] == next(random_projects("mutated", 1, seed=10))


def test_foreign_files_are_read_in_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzz, "BATCH", 2)
    texts = {
        "a.py": "x = 1\n",
        "b/c.py": "y = 2\nz = 3\n",
        "d.py": "v = 4\n",
        "site-packages/e.py": "w = 5\n",
    }
    scale.write_project(tmp_path, {**texts, "b/bad.py": "", "b/note.txt": "no code"})
    (tmp_path / "b" / "bad.py").write_bytes(b"x = '\xff'\n")
    batches = [files for _, files, _ in fuzz.foreign_projects([tmp_path])]
    assert [list(files) for files in batches] == [["a.py", "b/c.py"], ["d.py"]]
    assert batches[0]["a.py"] == "x = 1\n"
    assert [list(files) for _, files, _ in fuzz.foreign_projects([tmp_path], 2)] == [["d.py"]]


def test_faults_and_endless_files_are_reported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = Analysis._compute

    def compute(analysis: Analysis, path: str) -> object:
        while path == "endless.py":
            pass
        if path == "broken.py":
            raise ValueError("injected")
        return whole(analysis, path)

    monkeypatch.setattr(Analysis, "_compute", compute)
    monkeypatch.setattr("watched.ENDLESS", 0.2)
    texts = dict.fromkeys(("endless.py", "broken.py", "good.py"), "async def f(): ...\nasync def g(): f()\n")
    report = fuzz.lint_all([("these", texts, None)])
    assert re.findall(r"^FAULT these: (\S+)", capsys.readouterr().out, re.MULTILINE) == [
        "endless.py:",
        "broken.py",
    ]
    assert "no end after 0 s" in report.faults[0] and "ValueError: injected" in report.faults[1]
    assert (report.files, report.findings) == (3, 2)  # the file with the fault has AFA001


@pytest.mark.slow
def test_projects_have_the_findings_that_were_planted() -> None:
    points = []
    for size in (1_000, 10_000):
        result = scale.measure(size)
        assert (result.faults, result.wrong) == ((), ())
        assert size <= result.lines < size + 1_000
        assert result.slowest.seconds < 2 * SLOW
        points.append((result.lines, result.seconds))
    assert result.findings > 20
    assert scale.exponent(points) < 1.25  # of two sizes only, on a shared machine


def test_made_projects_are_python() -> None:
    files = make_project(3_000)
    assert files == make_project(3_000)
    for path, text in files.items():
        if path.endswith(".py"):
            compile(text, path, "exec")
    codes = {code for _, _, code in scale.planted(make_project(20_000))}
    assert codes == set("AFA101 AFA105 AFA201 AFA203 AFA301 AFA303 AFA304 AFA309 AFA501".split())


def test_exponent() -> None:
    assert scale.exponent([(10, 3), (100, 300), (1_000, 30_000)]) == pytest.approx(2)
    assert scale.exponent([(1_000, 2), (10_000, 20)]) == pytest.approx(1)


def test_planted_lines_of_a_run_are_compared() -> None:
    runs = lint_project({"main.py": "async def f(): ...\nasync def g():\n    f()  # AFA105\n"})
    assert [(one.path, one.line, one.code) for run in runs for one in run.findings] == [
        ("main.py", 3, "AFA105")
    ]
    assert [run.path for run in runs] == ["main.py", ""]
