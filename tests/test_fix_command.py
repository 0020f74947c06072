"""``flake8-async-fastapi fix``, as a user types it: what it writes, says and leaves alone."""

from __future__ import annotations

import builtins
import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import libcst as cst
import pytest
from flake8_runs import write_files

from flake8_async_fastapi import cli
from flake8_async_fastapi.fixes.arguments import add_argument
from flake8_async_fastapi.fixes.code import Code
from flake8_async_fastapi.fixes.edits import Edit, apply_edits, insert, unified_diff
from flake8_async_fastapi.fixes.imports import imported
from flake8_async_fastapi.store import rewriting

SAVE = """\
from sqlalchemy.ext.asyncio import AsyncSession


async def save(session: AsyncSession) -> None:
    session.commit()
"""
SAVED = SAVE.replace("session.commit()", "await session.commit()")
CLEAN = "async def save() -> None: ...\n"

FixIt = Callable[..., tuple[int, str, str]]


@pytest.fixture
def fix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> FixIt:
    """A function that runs the command in a small project: exit status, output, errors."""
    write_files(tmp_path, {"pyproject.toml": "", "main.py": SAVE, "clean.py": CLEAN})
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = cli.main(["fix", "--isolated", "--afa-cache-dir=off", *arguments])
        shown = capsys.readouterr()
        return status, shown.out, shown.err

    return run


def test_a_fix_is_written_and_told(fix: FixIt) -> None:
    assert fix() == (0, "1 fixed in 1 files, 0 left\n", "")
    assert Path("main.py").read_text() == SAVED
    assert Path("clean.py").read_text() == CLEAN
    assert fix() == (0, "0 fixed in 0 files, 0 left\n", "")


def test_a_diff_changes_nothing_and_can_be_applied(fix: FixIt) -> None:
    status, out, _ = fix("--diff")
    assert (status, Path("main.py").read_text()) == (1, SAVE)
    subprocess.run(["git", "apply", "-"], input=out, text=True, check=True)
    assert Path("main.py").read_text() == SAVED
    assert fix("--diff") == (0, "", "")


def test_a_diff_leaves_the_cache_as_it_was(fix: FixIt) -> None:
    def cached() -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in Path("cache").rglob("*") if path.is_file()}

    cli.main(["check", "--isolated", "--afa-cache-dir=cache"])
    before = cached()
    assert before
    assert fix("--diff", "--afa-cache-dir=cache")[0] == 1
    assert cached() == before
    fix("--afa-cache-dir=cache")
    assert cached() != before


def test_only_what_is_selected_is_fixed(fix: FixIt) -> None:
    fix("--select", "AFA3")
    assert Path("main.py").read_text() == SAVE
    fix("clean.py")
    assert Path("main.py").read_text() == SAVE
    fix("--select", "AFA101")
    assert Path("main.py").read_text() == SAVED


def test_what_a_comment_suppresses_stays(fix: FixIt) -> None:
    text = SAVE.replace("commit()", "commit()  # noqa: AFA101")
    Path("main.py").write_text(text)
    fix()
    assert Path("main.py").read_text() == text


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("CRLF", lambda text: text.replace("\n", "\r\n").encode()),
        ("CR", lambda text: text.replace("\n", "\r").encode()),
        ("mixed", lambda text: text.replace("\n", "\r\n", 2).encode()),
        ("BOM", lambda text: text.encode("utf-8-sig")),
        ("tabs", lambda text: text.replace("    ", "\t").encode()),
        ("form feed", lambda text: text.replace("\n\n\n", "\n\f\n").encode()),
        ("no end", lambda text: text.rstrip("\n").encode()),
        ("latin-1", lambda text: ("# coding: latin-1\n# größe\n" + text).encode("latin-1")),
        ("wide", lambda text: text.replace("    ", "    'größe 🎈'; ").encode()),
        ("long line", lambda text: text.replace("    ", f"    '{'x' * 100_000}'; ").encode()),
        pytest.param(
            "type parameters",
            lambda text: text.replace("save(", "save[T](").encode(),
            marks=pytest.mark.skipif(sys.version_info < (3, 12), reason="the syntax of Python 3.12"),
        ),
        ("trailing space", lambda text: text.replace("()\n", "()  \n").encode()),
    ],
)
def test_all_other_bytes_stay(fix: FixIt, name: str, make: Callable[[str], bytes]) -> None:
    Path("main.py").write_bytes(make(SAVE))
    fix("main.py")
    assert Path("main.py").read_bytes() == make(SAVED)


def test_the_mode_stays_and_a_link_is_followed(fix: FixIt, tmp_path: Path) -> None:
    os.chmod("main.py", 0o750)
    os.rename("main.py", "real.txt")
    os.symlink("real.txt", "main.py")
    fix("main.py")
    assert Path("main.py").is_symlink()
    assert Path("real.txt").read_text() == SAVED
    assert stat.S_IMODE(os.stat("real.txt").st_mode) == 0o750


def test_a_file_that_changed_meanwhile_stays(fix: FixIt, monkeypatch: pytest.MonkeyPatch) -> None:
    other = SAVE + "# somebody else's\n"

    def rewrite(original: rewriting.Original, text: str) -> None:
        original.path.write_text(other)
        rewriting.rewrite(original, text)

    monkeypatch.setattr("flake8_async_fastapi.check.fixing.rewrite", rewrite)
    status, out, _ = fix()
    assert status == 1
    assert "main.py: not written: it has changed meanwhile" in out
    assert Path("main.py").read_text() == other


def test_a_failure_in_the_middle_leaves_the_file_whole(fix: FixIt, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    status, out, _ = fix()
    assert (status, Path("main.py").read_text()) == (1, SAVE)
    assert "main.py: not written: No space left on device" in out
    assert sorted(os.listdir(".")) == ["clean.py", "main.py", "pyproject.toml"]


def test_a_failure_between_two_files_leaves_each_old_or_new(
    fix: FixIt, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("other.py").write_text(SAVE)
    real, done = os.replace, []

    def interrupted(*arguments: Any) -> None:
        if str(arguments[1]).endswith(".py"):
            done.append(arguments)
            if len(done) == 2:
                raise KeyboardInterrupt
        real(*arguments)

    monkeypatch.setattr("os.replace", interrupted)
    assert fix()[0] == 130
    assert sorted([Path("main.py").read_text(), Path("other.py").read_text()]) == sorted([SAVE, SAVED])
    assert sorted(os.listdir(".")) == ["clean.py", "main.py", "other.py", "pyproject.toml"]


def test_without_libcst_one_sentence_says_so(fix: FixIt, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    status, out, err = fix()
    assert (status, out) == (2, "")
    assert err == "flake8-async-fastapi: fix needs libcst: install flake8-async-fastapi[fix]\n"


def test_the_linter_never_imports_libcst(
    fix: FixIt, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = builtins.__import__

    def guarded(name: str, *arguments: Any, **named: Any) -> Any:
        assert not name.startswith("libcst")
        return real(name, *arguments, **named)

    monkeypatch.setattr(builtins, "__import__", guarded)
    assert cli.main(["check", "--isolated", "--afa-cache-dir=off"]) == 1
    assert "AFA101" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["-"], ["missing.py"]])
def test_paths_that_are_of_no_use(fix: FixIt, arguments: list[str]) -> None:
    status, _, err = fix(*arguments)
    assert status == 2
    assert err.startswith("flake8-async-fastapi: ")


def test_a_broken_file_is_left_alone(fix: FixIt) -> None:
    Path("broken.py").write_text("def f(:\n")
    fix()
    assert Path("broken.py").read_text() == "def f(:\n"
    assert Path("main.py").read_text() == SAVED


def test_check_shows_the_edits_on_request(
    fix: FixIt, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("main.py").write_text(SAVE.replace("    session", "    'größe'; session"), encoding="utf-8")
    options = ["check", "--isolated", "--afa-cache-dir=off", "main.py"]
    cli.main([*options, "--output-format=json"])
    [record] = json.loads(capsys.readouterr().out)
    assert "fix" not in record
    cli.main([*options, "--output-format=json", "--show-fixes"])
    [record] = json.loads(capsys.readouterr().out)
    place = {"line": 5, "column": 14, "end_line": 5, "end_column": 14}
    assert record["fix"] == {"is_safe": True, "edits": [{"path": "main.py", **place, "text": "await "}]}
    cli.main([*options, "--output-format=sarif", "--show-fixes"])
    [result] = json.loads(capsys.readouterr().out)["runs"][0]["results"]
    [change] = result["fixes"][0]["artifactChanges"]
    assert change["artifactLocation"] == {"uri": "main.py"}
    region = {"startLine": 5, "startColumn": 14, "endLine": 5, "endColumn": 14}
    assert change["replacements"] == [{"deletedRegion": region, "insertedContent": {"text": "await "}}]
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert cli.main([*options, "--show-fixes"]) == 2


# --- edits ---------------------------------------------------------------------------


def test_edits_are_made_from_the_end_and_once() -> None:
    edits = [insert("a", 0, "x"), Edit("a", 1, 2, ""), insert("a", 3, "y"), insert("a", 3, "y")]
    assert apply_edits({"a": "abc"}, edits) == {"a": "xacy"}


@pytest.mark.parametrize(
    ("first", "second", "meets"),
    [
        (insert("a", 1, "x"), insert("a", 1, "y"), True),
        (insert("a", 1, "x"), insert("a", 1, "x"), False),
        (insert("a", 1, "x"), insert("b", 1, "y"), False),
        (Edit("a", 0, 3, ""), insert("a", 2, "y"), True),
        (Edit("a", 0, 2, ""), insert("a", 2, "y"), False),
        (Edit("a", 0, 2, ""), Edit("a", 1, 3, ""), True),
    ],
)
def test_which_edits_meet(first: Edit, second: Edit, meets: bool) -> None:
    assert (first.meets(second), second.meets(first)) == (meets, meets)


def test_a_diff_tells_of_a_missing_line_end() -> None:
    assert list(unified_diff("a.py", "a\nb", "a\nc"))[-4:] == [
        "-b",
        "\\ No newline at end of file",
        "+c",
        "\\ No newline at end of file",
    ]


# --- imports -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "local", "after"),
    [
        ("", "f", "from p.q import f\n"),
        ("x = 1\n", "f", "from p.q import f\n\nx = 1\n"),
        ('"""Text."""\n\nx = 1\n', "f", '"""Text."""\n\nfrom p.q import f\n\nx = 1\n'),
        ("from __future__ import x\n", "f", "from __future__ import x\n\nfrom p.q import f\n"),
        ("from p.q import f\n", "f", None),
        ("from p.q import f as g\n", "g", None),
        ("from p import q\n", "q.f", None),
        ("from p import q as r\n", "r.f", None),
        ("import p.q\n", "p.q.f", None),
        ("import p.q as r\n", "r.f", None),
        ("from p.q import a, g\n", "f", "from p.q import a, f, g\n"),
        ("from p.q import a, b\n", "f", "from p.q import a, b, f\n"),
        ("from p.q import z, a\n", "f", "from p.q import z, a, f\n"),
        ("from p.q import a as b\n", "f", "from p.q import a as b, f\n"),
        ("from p.q import (\n    a,\n    g,\n)\n", "f", "from p.q import (\n    a,\n    f,\n    g,\n)\n"),
        ("from p.q import (\n    a,\n    b\n)\n", "f", "from p.q import (\n    a,\n    b,\n    f\n)\n"),
        ("from p.q import (\n    a,\n)\n", "f", "from p.q import (\n    a,\n    f,\n)\n"),
        ("import os\nimport z\n", "f", "import os\nimport z\nfrom p.q import f\n"),
        ("import os\nfrom p import x  # why\nimport z\n", "f",
         "import os\nfrom p import x  # why\nfrom p.q import f\nimport z\n"),
        ("import os\r\n", "f", "import os\r\n\r\nfrom p.q import f\r\n"),
        ("f = 1\n", "f_", "from p.q import f as f_\n\nf = 1\n"),
        ("from other import f\n", "f_", "from other import f\nfrom p.q import f as f_\n"),
        ("import os\nif TYPE_CHECKING:\n    from p.q import f\n", "f",
         "import os\n\nfrom p.q import f\nif TYPE_CHECKING:\n    from p.q import f\n"),
        ("import os\nimport z.a\n\nfrom . import b\n", "f",
         "import os\nimport z.a\nfrom p.q import f\n\nfrom . import b\n"),
        ("import os\nfrom . import b\n", "f", "import os\nfrom p.q import f\nfrom . import b\n"),
        ("import os\n\nfrom . import b\n", "f", "import os\n\nfrom p.q import f\n\nfrom . import b\n"),
        ("import os\n\nfrom a import b\n\nfrom own import c\n", "f",
         "import os\n\nfrom a import b\nfrom p.q import f\n\nfrom own import c\n"),
        ("from . import b\n", "f", "from p.q import f\n\nfrom . import b\n"),
        ("from p.q import *\n", "f", "from p.q import *\nfrom p.q import f\n"),
    ],
)  # fmt: skip
def test_an_import_is_added_where_the_others_are(before: str, local: str, after: str | None) -> None:
    found, edits = imported(Code("a.py", before), "p.q", "f")
    assert found == local
    assert apply_edits({"a.py": before}, edits).get("a.py") == after


@pytest.mark.parametrize(
    ("call", "after"),
    [
        ("f()\n", "f(b=2)\n"),
        ("f(a=1)\n", "f(a=1, b=2)\n"),
        ("f(\n    a=1,\n)\n", "f(\n    a=1,\n    b=2,\n)\n"),
        ("f(\n    c,\n    a=1 if c else None,\n)\n", "f(\n    c,\n    a=1 if c else None,\n    b=2,\n)\n"),
        ("f(\n    c, a=1\n)\n", "f(\n    c, a=1, b=2\n)\n"),
    ],
)
def test_an_argument_is_added_as_the_others_stand(call: str, after: str) -> None:
    code = Code("a.py", call)
    [node] = code.nodes(cst.Call)
    assert apply_edits({"a.py": call}, [add_argument(code, node, "b=2")]) == {"a.py": after}
