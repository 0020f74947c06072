"""The measuring script: its rows on the bundled blog, and which modules it changes, and how."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from changes import (
    ADDED,
    Copy,
    change_definitions,
    change_function,
    choose_five,
    choose_hub,
    choose_leaf,
    copy_project,
)
from dearest import find_dearest

ROOT = Path(__file__).parents[1]
BLOG = ROOT / "flake8_async_fastapi" / "blog" / "pitfalls"

MODELS = """\
class Base: ...


class Post(Base):
    title: str = column(
        1)
    __x__ = 1
"""
POSTS = """\
from ..models import Post


@router.get("/")
def posts():
    return Post
"""
PROJECT = {
    "pyproject.toml": "",
    "app/__init__.py": "",
    "app/json.py": "def dump(): ...\n",
    "app/models.py": MODELS,
    "app/routers/__init__.py": "from app.models import Post as Post\nfrom ..models import Base\n",
    "app/routers/posts.py": POSTS,
    "app/routers/users.py": "from ..models import Post\n\n\n@router.get('/')\ndef users(): return Post\n",
    "app/main.py": "import json\nfrom app import models\nfrom app.routers import users\ndef main(): ...\n",
    "tests/test_app.py": "from app.routers import Base\n\n\n@router.get('/')\ndef test(): ...\n",
    "broken.py": "def\n",
}


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    for path, text in PROJECT.items():
        file = tmp_path / "project" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return copy_project(tmp_path / "project" / "app", tmp_path / "copies")


def measure(tree: Path, *rows: str) -> dict[str, str]:
    """The cells of the table, by the beginning of the row's title."""
    script, only = ROOT / "benchmarks" / "cost.py", f"--only={','.join(rows)}"
    done = subprocess.run(
        [sys.executable, script, tree, "--repeat=1", only], capture_output=True, text=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    lines = [line.strip("|").split("|") for line in done.stdout.splitlines() if line.startswith("| ")]
    return {title.strip(): value.strip() for title, _, value in lines}


def number(cell: str) -> float:
    return float(cell.strip("*").split()[0])


@pytest.mark.slow
def test_rows_of_the_blog(tmp_path: Path) -> None:
    """As a project of its own, whose texts are the same afterwards."""
    shutil.copytree(BLOG, tmp_path / "blog")
    before = {path: path.read_bytes() for path in (tmp_path / "blog").rglob("*") if path.is_file()}
    cells = measure(tmp_path / "blog", "plain", "cold", "unchanged", "leaf", "memory")
    assert {path: path.read_bytes() for path in (tmp_path / "blog").rglob("*") if path.is_file()} == before
    assert list(cells) == [
        "figure",
        "plain flake8: CPU",
        "cold: added CPU",
        "nothing changed: added CPU",
        "one leaf module changed: added CPU",
        "cold: largest process",
    ]
    assert cells.pop("figure") == "blog"
    cold, unchanged = number(cells["cold: added CPU"]), number(cells["nothing changed: added CPU"])
    assert cold > abs(unchanged)  # what costs nothing may come out below nothing
    assert cells["cold: added CPU"].startswith("**") == (cold > 1)
    assert cold > abs(number(cells["one leaf module changed: added CPU"]))
    assert number(cells["cold: largest process"]) > 20


def test_unknown_row(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="no such row: warm"):
        measure(tmp_path, "cold", "warm")


def test_chosen_modules(copy: Copy) -> None:
    """Of the folder to lint only, while importers are those in the whole project."""
    importers = {module.path: module.importers for module in copy.modules}
    assert importers == {
        "app/__init__.py": 1,
        "app/json.py": 0,
        "app/main.py": 0,
        "app/models.py": 5,
        "app/routers/__init__.py": 2,
        "app/routers/posts.py": 0,
        "app/routers/users.py": 1,
    }
    leaf, hub = choose_leaf(copy.modules), choose_hub(copy.modules)
    assert leaf is not None and leaf.path == "app/routers/posts.py"
    assert hub is not None and hub.path == "app/models.py"
    five = [module.path for module in choose_five(copy.modules)]
    assert five == ["app/json.py", "app/routers/users.py", "app/routers/posts.py", "app/main.py"]
    assert choose_leaf(()) is choose_hub(()) is None


def test_project_around_a_tree_is_copied(copy: Copy) -> None:
    assert copy.tree == copy.root / "app"
    assert (copy.root / "tests" / "test_app.py").read_text() == PROJECT["tests/test_app.py"]


def test_dearest_files_and_functions(copy: Copy, tmp_path: Path) -> None:
    found = find_dearest(copy.tree, tmp_path / "cache", count=4)
    assert len(found.files) == 4 and {name for name, _ in found.files} < {one.path for one in copy.modules}
    functions = {"json.py:dump", "main.py:main", "routers/posts.py:posts", "routers/users.py:users"}
    assert {name for name, _ in found.functions} == {f"app/{name}" for name in functions}
    for times in (found.files, found.functions):
        assert times == sorted(times, key=lambda item: -item[1]) and times[-1][1] > 0
    assert found.checking >= sum(seconds for _, seconds in found.files)


def test_changes() -> None:
    assert change_function(POSTS) == POSTS.replace("    return", f"    {ADDED} = 1\n    return")
    short = "def f(): return 1\n"
    assert change_function(short) == f"{short}\n{ADDED} = 1\n"
    column = "    title: str = column(\n        1)\n"
    assert change_definitions(MODELS) == MODELS.replace(column, column + column.replace("title", ADDED))
    assert change_definitions(short) == f"{short}\n\ndef {ADDED}() -> None:\n    pass\n"
