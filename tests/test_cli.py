"""The command, as a user types it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from flake8_runs import write_files

import flake8_async_fastapi
from flake8_async_fastapi import cli, pages
from flake8_async_fastapi.faults import LOG
from flake8_async_fastapi.pages import find_page, shorten_page
from flake8_async_fastapi.rules.model import FAMILIES, Rule, catalogue

ROOT = Path(__file__).parent.parent

FILES = {
    "pyproject.toml": "",
    "service.py": """\
class Mailer:
    async def send(self, text):
        sent = [text]
        return sent

    class Inner:
        def send(self):
            sent = 1
            return sent


async def empty(): ...


def twice(text):
    return 2 * text
""",
    "main.py": """\
from service import Mailer


async def run():
    mailer = Mailer()
    mailer.send("x")


async def quiet():
    mailer = Mailer()
    await mailer.send("y")
""",
}
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """A function that runs the command in a small project: exit status, output, errors."""
    write_files(tmp_path, FILES)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FLAKE8_ASYNC_FASTAPI_CACHE_DIR", "off")
    monkeypatch.setattr(LOG, "handlers", list(LOG.handlers))

    def command(*arguments: str) -> tuple[int, str, str]:
        try:
            status = cli.main(arguments)
        except SystemExit as end:  # argparse
            status = int(end.code or 0)
        return status, *capsys.readouterr()

    return command


def refused(answer: tuple[int, str, str]) -> str:
    """The one line that says what is wrong."""
    status, out, err = answer
    assert (status, out) == (2, "")
    assert err.startswith("flake8-async-fastapi: ") and err.count("\n") == 1
    return err


def test_version(run: Run) -> None:
    assert run("--version") == (0, f"{flake8_async_fastapi.__version__}\n", "")


def test_installed_command() -> None:
    """As it stands on the path, without a word from Python."""
    command = Path(sys.executable).with_name("flake8-async-fastapi")
    if not command.exists():
        pytest.skip("the command is not installed beside this Python")
    done = subprocess.run([command, "--version"], capture_output=True, text=True, check=True)
    assert (done.stdout.strip(), done.stderr) == (flake8_async_fastapi.__version__, "")


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["explain"], ["trace"], ["rules", "--format=xml"]])
def test_wrong_use(run: Run, arguments: list[str]) -> None:
    status, out, err = run(*arguments)
    assert (status, out) == (2, "")
    assert "usage:" in err


def test_help_names_the_commands(run: Run) -> None:
    status, out, _ = run("--help")
    assert status == 0
    for command in ("explain", "rules", "trace", "blog"):
        assert command in out


# explain and rules


@pytest.mark.parametrize(
    "code", ["AFA101", "afa101", " AFA101 ", "unawaited-database-call", "Unawaited_Database_Call"]
)
def test_explain(run: Run, code: str) -> None:
    status, out, err = run("explain", code)
    assert (status, err) == (0, "")
    assert out.startswith("# unawaited-database-call (AFA101)\n")


@pytest.mark.parametrize("code", ["AFA999", "E501", "", "X", "../AFA101"])
def test_explain_what_is_not_there(run: Run, code: str) -> None:
    assert "there is no rule" in refused(run("explain", code))


def test_explain_the_code_of_another_plugin(run: Run) -> None:
    assert "E501 is a code of flake8 or of another plugin" in refused(run("explain", "E501"))


@pytest.mark.parametrize("prefix", ["AFA1", "afa30", "AFA"])
def test_explain_a_family(run: Run, prefix: str) -> None:
    status, out, err = run("explain", prefix)
    assert (status, err) == (0, "")
    codes = [line.split()[0] for line in out.splitlines()]
    assert codes == [rule.code for rule, _ in catalogue() if rule.code.startswith(prefix.upper())]


def test_explain_leaves_out_what_does_not_matter(run: Run) -> None:
    full, short = run("explain", "--full", "AFA303")[1], run("explain", "AFA303")[1]
    assert full == (ROOT / "docs" / "rules" / "AFA303.md").read_text(encoding="utf-8")
    assert "    return post  # AFA303\n" in short
    assert "class Comment(Base):" in full and "class Comment(Base):" not in short
    assert len(short.splitlines()) < 0.7 * len(full.splitlines())


@pytest.mark.parametrize("rule", [rule for rule, _ in catalogue()], ids=lambda rule: rule.code)
def test_short_pages_keep_the_marked_lines_and_have_no_links(rule: Rule) -> None:
    page = find_page(rule.code)
    assert page is not None
    text = page.read_text(encoding="utf-8")
    short = shorten_page(text)
    assert "](" not in short
    marked = {line for line in text.splitlines() if "# AFA" in line and not line.startswith("#")}
    assert marked <= set(short.splitlines())
    assert "details" not in short
    assert [line for line in short.splitlines() if line.startswith("#")] == [
        line for line in text.splitlines() if line.startswith("#")
    ]


def test_page_that_is_missing(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(pages, "_FOLDERS", (tmp_path,))
    assert "missing from this installation" in refused(run("explain", "AFA101"))


def test_rules_as_text(run: Run) -> None:
    status, out, err = run("rules")
    assert (status, err) == (0, "")
    assert [line.split()[:3] for line in out.splitlines()] == [
        [r.code, r.name, r.kind] for r, _ in catalogue()
    ]


def test_rules_as_json(run: Run) -> None:
    status, out, err = run("rules", "--format=json")
    assert (status, err) == (0, "")
    rows = json.loads(out)
    assert [row["code"] for row in rows] == [rule.code for rule, _ in catalogue()]
    assert {row["family"] for row in rows} <= set(FAMILIES)
    by_code = {row["code"]: row for row in rows}
    assert {"afa-allowed", "afa-blocking", "afa-offloaders"} <= set(by_code["AFA203"]["options"])
    assert by_code["AFA401"]["options"] == ["afa-advice"]
    newer = {row["code"] for row in rows if row["since"] != "0.2.0"}
    assert newer == {"AFA316", "AFA317", "AFA422", "AFA423", "AFA514"}
    assert by_code["AFA316"]["since"] == "0.3.0"
    assert all(Path(row["page"]).read_text(encoding="utf-8") == row["explanation"] for row in rows)
    configuration = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    assert all(f"`--{option} " in configuration for row in rows for option in row["options"])


# trace


def shown(out: str) -> set[int]:
    return {int(line.partition("|")[0]) for line in out.splitlines() if "|" in line}


def test_trace_file(run: Run) -> None:
    status, out, err = run("trace", "main.py")
    assert (status, err) == (0, "")
    assert '    6 |     mailer.send("x")\n      > AFA105 ' in out
    assert "mailer = Mailer (service.py)" in out
    assert {5, 6, 10, 11} <= shown(out)


def test_trace_function(run: Run) -> None:
    status, out, _ = run("trace", "main.py:run")
    assert (status, shown(out) & {9, 10, 11}) == (0, set())
    assert "AFA105" in out
    status, out, _ = run("trace", "main.py:quiet")
    assert (status, shown(out) & {4, 5, 6}) == (0, set())
    assert "AFA105" not in out  # of another function


def test_trace_method(run: Run) -> None:
    assert shown(run("trace", "service.py:Mailer.send")[1]) == {2, 3}
    assert shown(run("trace", "service.py:Inner.send")[1]) == {7, 8}
    assert shown(run("trace", "service.py:send")[1]) == {2, 3, 7, 8}
    assert shown(run("trace", "service.py:Mailer")[1]) >= {3, 8}


def test_trace_function_in_which_nothing_happens(run: Run) -> None:
    assert run("trace", "service.py:empty") == (
        0,
        "",
        "service.py:empty sets no variable that could be shown\n",
    )


def test_trace_function_that_is_not_there(run: Run) -> None:
    assert "no function runn in main.py; did you mean run?" in refused(run("trace", "main.py:runn"))
    assert "no function Mailer.sent" in refused(run("trace", "service.py:Mailer.sent"))
    assert "no function zzz in main.py\n" in refused(run("trace", "main.py:zzz"))


def test_trace_places(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file from anywhere, also where flake8 would not look by itself."""
    _, expected, _ = run("trace", "main.py")
    assert run("trace", str(tmp_path / "main.py"))[1] == expected
    write_files(tmp_path, {"sub/x.py": "", ".hidden/main.py": FILES["main.py"], "a:b.py": FILES["main.py"]})
    assert "AFA105" in run("trace", ".hidden/main.py")[1]
    if sys.platform != "win32":
        assert "AFA105" in run("trace", "a:b.py")[1]
        assert "AFA105" in run("trace", "a:b.py:run")[1]
    monkeypatch.chdir(tmp_path / "sub")
    assert run("trace", "../main.py")[1] == expected
    assert run("trace", "--root=..", "../main.py")[1] == expected


def test_trace_bad_files(run: Run, tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("def f(:\n")
    (tmp_path / "binary.py").write_bytes(b"\xff\xfe\0")
    (tmp_path / "deep.py").write_text("x = " + " + ".join(["1"] * 5_000))
    (tmp_path / "sub").mkdir()
    assert "there is no file nowhere.py" in refused(run("trace", "nowhere.py"))
    assert "there is no file nowhere.py:f" in refused(run("trace", "nowhere.py:f"))
    assert "sub is a folder" in refused(run("trace", "sub"))
    assert "there is no file" in refused(run("trace", ""))
    assert "does not parse" in refused(run("trace", "broken.py"))
    assert "not Python source that can be read" in refused(run("trace", "binary.py"))
    assert "root is not a directory" in refused(run("trace", "main.py", "--root=nowhere"))
    assert "does not lie below" in refused(run("trace", "main.py", "--root=sub"))
    assert run("trace", "deep.py")[0] in (0, 2)
    (tmp_path / "empty.py").write_text("")
    assert run("trace", "empty.py")[:2] == (0, "")


@pytest.mark.parametrize("place", ["interpreter", "linker"])
def test_trace_with_a_fault_in_the_tool(run: Run, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ValueError("injected")

    name = {"interpreter": "engine.entry.analyse", "linker": "project.project.link"}[place]
    monkeypatch.setattr(f"flake8_async_fastapi.{name}", fail)
    assert "fault of this tool" in refused(run("trace", "main.py"))
    status, _, err = run("trace", "--verbose", "main.py")
    assert status == 2 and "ValueError: injected" in err


# blog


def test_blog_prints_its_place(run: Run) -> None:
    status, out, err = run("blog")
    assert (status, err) == (0, "")
    assert (Path(out.strip()) / "pitfalls/app").is_dir()


def test_blog_is_copied(run: Run, tmp_path: Path) -> None:
    status, out, err = run("blog", "new/blog")
    assert (status, err) == (0, "")
    assert out == "copied to new/blog: sync/, pitfalls/, converted/\n"
    copied = {path.relative_to(tmp_path / "new/blog") for path in (tmp_path / "new/blog").rglob("*")}
    assert {path.parts[0] for path in copied} == {"sync", "pitfalls", "converted"}
    assert not [path for path in copied if "__pycache__" in path.parts or path.suffix in (".pyc", ".db")]
    assert "exists already" in refused(run("blog", "new/blog"))


def test_blog_where_it_cannot_be(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to("nowhere")
    assert "exists already" in refused(run("blog", "file"))
    assert "exists already" in refused(run("blog", "link"))
    assert "exists already" in refused(run("blog", "."))
    assert "could not be copied" in refused(run("blog", "file/below"))
    assert "could not be copied" in refused(run("blog", "nul\0l"))


# Output


@pytest.mark.skipif(sys.platform == "win32", reason="pipes end otherwise here")
@pytest.mark.parametrize("arguments", [["rules"], ["explain", "AFA101"], ["trace", "main.py"]])
def test_reader_that_has_enough(run: Run, arguments: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "flake8_async_fastapi.cli", *arguments]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")


def test_terminal_that_cannot_show_everything(run: Run, tmp_path: Path) -> None:
    (tmp_path / "names.py").write_text("größe = '日本'\nx = größe\n", encoding="utf-8")
    environ = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    command = [sys.executable, "-m", "flake8_async_fastapi.cli", "trace", "names.py"]
    done = subprocess.run(command, capture_output=True, env=environ)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"gr\\xf6\\xdfe" in done.stdout


def test_interrupted(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "catalogue", interrupt)
    assert run("rules")[0] == 130
