"""The root of a project may be a package itself: its files import each other with the name of its folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from flake8_async_fastapi.analysis import analysis_of, open_analysis
from flake8_async_fastapi.store.cache import Cache

WAIT = "import time\n\ndef wait():\n    time.sleep(5)\n"


def route(imports: str, call: str) -> str:
    """A route in which a call blocks, if that is known to be the function of the project."""
    return f"{imports}\n\nasync def route():\n    {call}\n"


@pytest.mark.parametrize(
    ("imports", "call"),
    [
        ("from backend.tools.info import wait", "wait()"),
        ("from backend.tools import info", "info.wait()"),
        ("from backend import tools", "tools.info.wait()"),
        ("import backend.tools.info", "backend.tools.info.wait()"),
        ("from tools.info import wait", "wait()"),
    ],
)
def test_names_that_begin_with_the_root(imports: str, call: str) -> None:
    texts = {"__init__.py": "", "tools/__init__.py": "from . import info", "tools/info.py": WAIT}
    found = analysis_of({**texts, "api.py": route(imports, call)}, package="backend").findings("api.py")
    assert [(one.line, one.code) for one in found] == [(4, "AFA203")]


@pytest.mark.parametrize("package", ["", "other"])
def test_other_names_are_those_of_other_packages(package: str) -> None:
    texts = {"__init__.py": "", "tools.py": WAIT, "api.py": route("from backend.tools import wait", "wait()")}
    assert analysis_of(texts, package=package).findings("api.py") == []


def test_a_module_below_of_the_same_name_comes_first() -> None:
    texts = {"__init__.py": "", "tools.py": WAIT, "backend/tools.py": "def wait(): ...\n"}
    texts["api.py"] = route("from backend.tools import wait", "wait()")
    assert analysis_of(texts, package="backend").findings("api.py") == []


@pytest.mark.parametrize("is_package", [True, False])
def test_the_name_is_that_of_the_folder(tmp_path: Path, is_package: bool) -> None:
    root = tmp_path / "backend"
    root.mkdir()
    if is_package:
        (root / "__init__.py").touch()
    (root / "tools.py").write_text(WAIT)
    (root / "api.py").write_text(route("from backend.tools import wait", "wait()"))
    found = open_analysis(root, Cache(None)).findings("api.py")
    assert [one.code for one in found] == ["AFA203"] * is_package
