"""What the plugin asks of flake8, and gives it."""

from __future__ import annotations

import argparse
import ast
import importlib.metadata
from pathlib import Path

import pytest
from flake8.exceptions import ExecutionError
from flake8_runs import RunFlake8, write_files

import flake8_async_fastapi
from flake8_async_fastapi.faults import LOG
from flake8_async_fastapi.plugin import Plugin

TEXT = "async def f():\n    return 1\n\n\nasync def g():\n    f()\n"


@pytest.fixture
def options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> argparse.Namespace:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(LOG, "handlers", list(LOG.handlers))
    return argparse.Namespace(
        filenames=[],
        quiet=0,
        verbose=0,
        afa_root=None,
        afa_cache_dir="off",
        afa_reuse="on",
        afa_blocking=[],
        afa_offloaders=[],
        afa_allowed=[],
        afa_brief="off",
        afa_level="certain",
    )


def findings(filename: str, text: str) -> list[tuple[int, int, str]]:
    plugin = Plugin(ast.parse(text), filename, text.splitlines(keepends=True))
    return [(line, column, message.split()[0]) for line, column, message, _ in plugin.run()]


def test_entry_point() -> None:
    (entry,) = importlib.metadata.entry_points(group="flake8.extension", name="AFA")
    assert entry.load() is Plugin


def test_flake8_names_the_plugin(tmp_path: Path, flake8: RunFlake8) -> None:
    said = " ".join(flake8(tmp_path, "--version", select=()).lines)
    assert f"flake8-async-fastapi: {flake8_async_fastapi.__version__}" in said
    helped = " ".join(flake8(tmp_path, "--help", select=()).lines)
    assert "--afa-root" in helped and "--afa-cache-dir" in helped


def test_paths_in_messages_are_seen_from_the_working_directory(tmp_path: Path, flake8: RunFlake8) -> None:
    """As the paths before them, so that a terminal or an editor can open both."""
    files = {
        "pyproject.toml": "[project]\n",
        "pause.py": "import time\n\n\ndef pause():\n    time.sleep(3)\n",
        "inner/main.py": "from pause import pause\n\n\nasync def work():\n    pause()\n",
    }
    write_files(tmp_path, files)
    (line,) = flake8(tmp_path / "inner", "main.py").lines
    assert line.replace("\\", "/").startswith("main.py:5:5: AFA203 ")
    assert "at ../pause.py:5)" in line.replace("\\", "/")
    (line,) = flake8(tmp_path, "inner/main.py").lines
    assert "at pause.py:5)" in line
    own = "import time\n\n\ndef pause():\n    time.sleep(3)\n\n\nasync def work():\n    pause()\n"
    write_files(tmp_path, {"inner/main.py": own})
    (line,) = flake8(tmp_path / "inner", "main.py").lines
    assert "at main.py:5)" in line


def test_findings_have_line_column_text_and_type(options: argparse.Namespace) -> None:
    Plugin.parse_options(options)
    plugin = Plugin(ast.parse(TEXT), "x.py", TEXT.splitlines(keepends=True))
    ((line, column, message, kind),) = plugin.run()
    assert (line, column, kind) == (6, 4, Plugin)
    assert message.startswith("AFA105 ") and "\n" not in message


@pytest.mark.parametrize("name", ["stdin", "-", "(none)", "x.py", "./x.py", "new/y.py", "/elsewhere/z.py"])
def test_names_of_a_text(options: argparse.Namespace, name: str) -> None:
    Plugin.parse_options(options)
    assert findings(name, TEXT) == [(6, 4, "AFA105")]


def test_options_are_taken_anew(options: argparse.Namespace, tmp_path: Path) -> None:
    """Programs that call flake8 twice in one process do not get the first run's project."""
    write_files(
        tmp_path, {"pyproject.toml": "", "x.py": "from y import f\n\nf()\n", "y.py": "def f(): ...\n"}
    )
    Plugin.parse_options(options)
    assert findings("x.py", "from y import f\n\nf()\n") == []
    write_files(tmp_path, {"y.py": "async def f(): ...\n"})
    Plugin.parse_options(options)
    assert findings("x.py", "from y import f\n\nf()\n") == [(3, 0, "AFA105")]


def test_root_that_is_none_is_an_error_that_flake8_shows(options: argparse.Namespace) -> None:
    options.afa_root = "nowhere"
    with pytest.raises(ExecutionError, match="root is not a directory"):
        Plugin.parse_options(options)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("afa-advise = off", "sets afa-advise, which is no option; did you mean afa-advice?"),
        ("afa_nonsense_at_all = 1", "sets afa_nonsense_at_all, which is no option"),
        ("afa-advice = On", "sets afa-advice = On: it is one of on, off"),
        ("afa-brief = yes", "sets afa-brief = yes: it is one of on, off"),
    ],
)
def test_configuration_that_makes_no_sense_is_refused(
    tmp_path: Path, flake8: RunFlake8, line: str, said: str
) -> None:
    write_files(tmp_path, {".flake8": f"[flake8]\nselect = AFA\n{line}\n", "x.py": TEXT})
    done = flake8(tmp_path, select=())
    assert done.status == 1
    assert [text for text in done.lines if said in text], done


def test_paths_of_the_configuration_are_relative_to_its_file(tmp_path: Path, flake8: RunFlake8) -> None:
    write_files(
        tmp_path,
        {
            ".flake8": "[flake8]\nselect = AFA\nafa_root = app\nafa-cache-dir = kept\nafa-advice = off\n",
            "app/x.py": "from y import f\n\n\nasync def g():\n    f()\n",
            "app/y.py": "async def f(): ...\n",
            "app/deep/z.py": "x = 1\n",
        },
    )
    done = flake8(tmp_path / "app" / "deep", "../x.py", select=())
    assert [line.split()[1] for line in done.lines] == ["AFA105"]
    assert (tmp_path / "kept").is_dir() and not (tmp_path / "app" / "deep" / "kept").exists()


def test_table_of_the_project(tmp_path: Path, flake8: RunFlake8) -> None:
    """What neither the command line nor flake8's own file sets."""
    table = '[tool.flake8-async-fastapi]\nroot = "app"\nadvice = false\nblocking = ["AFA205=x.load"]\n'
    code = "def load(): ...\n\n\nasync def f():\n    load()\n\n\nasync def g():\n    f()\n"
    write_files(tmp_path, {"pyproject.toml": table, "app/x.py": code})
    found = {("app/x.py", 5, "AFA205"), ("app/x.py", 9, "AFA105")}

    def findings(*arguments: str) -> set[tuple[str, int, str]]:
        return flake8(tmp_path, "--select=AFA", *arguments, select=()).findings

    assert findings() == found
    assert findings("--afa-blocking=AFA203=x.load") == {("app/x.py", 5, "AFA203"), ("app/x.py", 9, "AFA105")}
    assert findings("--isolated", "-j1") == {("app/x.py", 9, "AFA105")}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("advise = true", "sets advise, which is no option; did you mean afa-advice?"),
        ('advice = "maybe"', "sets advice = maybe: it is one of on, off"),
        ("root = 3", "sets root: it is a text"),
        ('blocking = "x"', "sets blocking: it is a list of names"),
        ("root = ", "is no TOML"),
    ],
)
def test_table_that_makes_no_sense_is_refused(
    tmp_path: Path, flake8: RunFlake8, line: str, said: str
) -> None:
    write_files(tmp_path, {"pyproject.toml": f"[tool.flake8-async-fastapi]\n{line}\n", "x.py": TEXT})
    done = flake8(tmp_path, select=())
    assert done.status == 1
    assert [text for text in done.lines if said in text], done


def test_projects_beside_each_other(tmp_path: Path, flake8: RunFlake8) -> None:
    """Each file belongs to the project above it, and sees only that."""
    user = "from lib import f\n\n\nasync def g():\n    f()\n"
    for name, colour in (("one", "async def"), ("two", "def")):
        write_files(
            tmp_path / name, {"pyproject.toml": "", "lib.py": f"{colour} f(): ...\n", "user.py": user}
        )
    assert flake8(tmp_path).findings == {("one/user.py", 5, "AFA105")}
    assert flake8(tmp_path, "two", "one").findings == {("one/user.py", 5, "AFA105")}
    assert flake8(tmp_path, "-j2").findings == {("one/user.py", 5, "AFA105")}
