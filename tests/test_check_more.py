"""What ``check`` does beside reporting: it says what was understood, marks lines, watches."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from check_runs import MAIN, PROJECT, QUERIES, Check, as_json
from flake8_runs import write_files

from flake8_async_fastapi.check.comments import with_comments
from flake8_async_fastapi.check.report import Report, Shown
from flake8_async_fastapi.check.text import full
from flake8_async_fastapi.cli import BLOG
from flake8_async_fastapi.engine.places import Mention, Position

ROUTES = """\
from fastapi import APIRouter
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

import queries
from models import Shelf

router = APIRouter()
Session = async_sessionmaker(create_async_engine("sqlite+aiosqlite://"), expire_on_commit=False)


@router.get("/")
async def first() -> None: ...


@router.api_route("/x", methods=["GET"])
@router.post("/y")
async def second() -> None: ...
"""


def test_findings_of_one_cause_are_shown_together() -> None:
    query = Mention("queries.py", 4, "this query loads the Post")
    found = [
        Shown("main.py", 2, 4, Position(2, 9), "AFA304", f"reads {name}", False, "    a = b",
              (query, Mention("page.html", line, f"{name} is read here")))
        for name, line in (("tags", 1), ("author", 3))
    ]  # fmt: skip
    other = replace(
        found[0], others=(Mention("queries.py", 7, "this query loads the Post"), *found[0].others[1:])
    )
    lines = list(full(Report([*found, other], 1, ["."])))
    assert sum(line.startswith("main.py:2:5: AFA304") for line in lines) == 2
    assert lines[4:9] == [
        "   = reads tags",
        "   = reads author",
        "   : queries.py:4: this query loads the Post",
        "   : page.html:1: tags is read here",
        "   : page.html:3: author is read here",
    ]


def last_line(check: Check, *arguments: str) -> str:
    return check(*arguments)[1].splitlines()[-1]


# --- what was understood ---------------------------------------------------------------------------


def test_understood(check: Check, tmp_path: Path) -> None:
    (tmp_path / "routes.py").write_text(ROUTES)
    expected = f"{tmp_path}: 4 files, 3 routes, 1 async session factory; 100 % of 4 imports of its own"
    expected += " modules resolved"
    assert last_line(check, "routes.py") == expected
    assert last_line(check, "routes.py") == expected  # from the cache
    (tmp_path / "routes.py").write_text(ROUTES.replace('@router.post("/y")\n', ""))
    assert ", 2 routes, " in last_line(check, "routes.py")


def test_a_root_that_cuts_the_project_off(check: Check, tmp_path: Path) -> None:
    folder = tmp_path / "app" / "routers"
    folder.mkdir(parents=True)
    (folder / "posts.py").write_text("from app.models import Post\nfrom app.db import get_db\nimport json\n")
    said = last_line(check, "--afa-root=app/routers", "app/routers")
    assert said.endswith("; 0 % of 2 imports of its own modules resolved")


def test_several_projects(check: Check, tmp_path: Path) -> None:
    for name in "abcd":
        (tmp_path / name).mkdir()
        (tmp_path / name / "pyproject.toml").touch()
        (tmp_path / name / "x.py").write_text("x = 1\n")
    out = check()[1].splitlines()
    assert out[-5].endswith("; 7 files checked in 5 projects")
    assert out[-4].startswith(f"{tmp_path}: 7 files, 0 routes, 0 async session factories; 100 % of 2 imports")
    assert out[-2].endswith("; none of 0 imports of its own modules resolved")
    assert out[-1] == "and 2 smaller projects"


def test_paths_in_messages_are_seen_from_the_working_directory(
    check: Check, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "inner").mkdir()
    monkeypatch.chdir(tmp_path / "inner")
    out = check("--output-format=concise", "..")[1]
    assert "../main.py:12:11: AFA301" in out
    assert "the query at ../queries.py:8 does not load it" in out


# --- comments ----------------------------------------------------------------------------------------


def test_add_noqa(check: Check, tmp_path: Path) -> None:
    before = MAIN.replace("session.commit()", "session.commit()  # why").replace("\n", "\r\n")
    (tmp_path / "main.py").write_bytes(before.encode())
    (tmp_path / "main.py").chmod(0o755)
    status, out, _ = check("--add-noqa")
    assert (status, out) == (0, "2 lines marked in 1 file\n")
    text = (tmp_path / "main.py").read_bytes().decode()
    assert "session.commit()  # why  # noqa: AFA101\r\n" in text
    assert "print(shelf.jars)  # noqa: AFA301\r\n" in text
    assert (tmp_path / "main.py").stat().st_mode & 0o777 == 0o755
    assert as_json(check) == []
    assert check("--add-noqa")[1] == "0 lines marked in 0 files\n"
    assert as_json(check, "--unused-noqa") == []


def test_add_noqa_marks_the_file_of_the_finding(check: Check, tmp_path: Path) -> None:
    assert check("--add-noqa", "queries.py")[1] == "1 line marked in 1 file\n"
    assert (tmp_path / "queries.py").read_text() == QUERIES
    assert "print(shelf.jars)  # noqa: AFA301" in (tmp_path / "main.py").read_text()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("f()\n", "f()  # noqa: AFA101\n"),
        ("f()", "f()  # noqa: AFA101"),
        ("f('# noqa: E501')\n", "f('# noqa: E501')  # noqa: AFA101\n"),
        ("f()  # noqa: E501\n", "f()  # noqa: E501,AFA101\n"),
        ("f()  # NOQA:E501, W1 because\n", "f()  # NOQA:E501, W1,AFA101 because\n"),
        ("f(\n    x)\n", "f(  # noqa: AFA101\n    x)\n"),
        ('f("""a\nb""")\n', 'f("""a\nb""")  # noqa: AFA101\n'),
        ("f() + \\\n    g()\n", "f() + \\\n    g()  # noqa: AFA101\n"),
    ],
)
def test_where_a_comment_goes(before: str, after: str) -> None:
    lines = before.splitlines(keepends=True)
    assert "".join(with_comments(lines, {1: ["AFA101"]})) == after


def test_unused_comments(check: Check, tmp_path: Path) -> None:
    marked = MAIN.replace("session.commit()", "session.commit()  # noqa: AFA101, AFA201,E501")
    more = "print(shelf.jars)  # noqa: AFA3\n    x = 1  # noqa: AFA\n    y = 1  # noqa"
    marked = marked.replace("print(shelf.jars)", more)
    (tmp_path / "main.py").write_text(marked)
    assert as_json(check) == []
    assert as_json(check, "--unused-noqa") == [("main.py", 7, "AFA003")]
    _, out, _ = check("--unused-noqa", "--output-format=concise")
    assert "AFA003 there is no AFA201 here to suppress: remove it from the comment" in out
    assert as_json(check, "--unused-noqa", "--ignore=AFA003") == []
    # what the configuration hides anyway is there nevertheless
    assert as_json(check, "--unused-noqa", "--ignore=AFA1") == [("main.py", 7, "AFA003")]


# --- options -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("option", "known"),
    [
        ("--afa-allowed=queries.find", True),
        ("--afa-allowed=queries.*", True),
        ("--afa-allowed=shutil.*", True),
        ("--afa-blocking=AFA202=sqlalchemy.corp.x", True),
        ("--afa-allowed=queries.fnd", False),
        ("--afa-offloaders=app.no.such", False),
        ("--afa-blocking=AFA202=requets.get", False),
    ],
)
def test_names_that_exist_nowhere_are_told(check: Check, option: str, known: bool) -> None:
    status, out, err = check("--output-format=concise", option)
    name = option.rpartition("=")[2].removesuffix(".*")
    assert err == ("" if known else f"an option names {name}, which is nowhere in the project\n")
    assert status == 1 and out.count("AFA") == 2


@pytest.mark.parametrize("form", ["full", "concise", "json", "github", "sarif"])
def test_any_encoding(tmp_path: Path, form: str) -> None:
    write_files(tmp_path, PROJECT)  # main.py has a name that is not ASCII
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environment |= {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0",
                    "FLAKE8_ASYNC_FASTAPI_CACHE_DIR": str(tmp_path / ".cache")}  # fmt: skip
    command = [sys.executable, "-m", "flake8_async_fastapi.cli", "check", f"--output-format={form}"]
    done = subprocess.run([*command, "."], cwd=tmp_path, env=environment, capture_output=True)
    assert done.returncode == 1, done.stderr
    assert done.stderr == b""
    assert done.stdout.decode("ascii").count("AFA101") >= 1


def test_messages_of_flake8_survive_any_encoding(tmp_path: Path) -> None:
    shutil.copytree(BLOG / "pitfalls" / "app", tmp_path / "app")
    environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0",
                   "FLAKE8_ASYNC_FASTAPI_CACHE_DIR": "off"}  # fmt: skip
    command = [sys.executable, "-m", "flake8", "--isolated", "--select=AFA", "-j1", "--output-file=out.txt"]
    done = subprocess.run([*command, "app"], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert "Traceback" not in done.stderr
    assert (tmp_path / "out.txt").read_text(encoding="ascii").count(" AFA") > 100


# --- watch ---------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_watch(check: Check, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "flake8_async_fastapi.cli", "check"]
    command += ["--watch", "--output-format=concise"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            first = [process.stdout.readline() for _ in range(2)]
            assert [line.split()[1] for line in first] == ["AFA101", "AFA301"]
            time.sleep(1)
            (tmp_path / "main.py").write_text(MAIN.replace("session.commit()", "await session.commit()"))
            said = [process.stdout.readline() for _ in range(4)]
            assert said[1] == f"--- changed: {tmp_path / 'main.py'}\n"
            assert said[3].startswith("main.py:12:11: AFA301 ")
        finally:
            process.kill()


@pytest.mark.parametrize("option", ["--watch", "--add-noqa"])
def test_standard_input_is_no_file(check: Check, option: str) -> None:
    status, _, err = check(option, "-", text="x = 1\n")
    assert status == 2 and "standard input" in err
