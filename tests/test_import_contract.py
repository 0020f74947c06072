"""The layers of the package, as a contract on its imports.

A part of the package may import those below it, and nothing else of the
package; parts of one line know nothing of each other.  The engine has layers of its own, names no library
but the standard one, and holds the one circle of imports that there is.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from import_graph import read_imports

import flake8_async_fastapi

PACKAGE = Path(flake8_async_fastapi.__file__).parent

LAYERS = (
    ("__main__",),
    ("cli",),
    ("server", "report"),
    ("check", "convert"),
    ("plugin",),
    ("projects", "configuration"),
    ("analysis", "progress"),
    ("verdicts", "states", "reading"),
    ("fixes",),
    ("rules",),
    ("domains",),
    ("engine",),
    ("project",),
    ("knowledge", "extract", "store"),
    ("facts", "faults", "pages"),
)

# All that a rule may know: events and what they are made of, what names of libraries mean, and the
# modules of words that several rules share.
RULES_SEE = re.compile(
    r"rules\.(model|wording|\w+\.wording|\w+$)|knowledge|engine\.(events|places|values|walks)"
    r"|domains\.\w+\.events"
    r"|project\.requirements\.Requirements"  # what an event says of the project
)

# Foreign trees stop at one door.
DOORS = {
    "flake8": {"plugin", "check", "configuration"},
    "astroid": {"extract"},
    "jinja2": {"extract"},
    "lsprotocol": {"server"},
    "pygls": {"server"},
    "libcst": {"fixes"},
}

# The linter must work where the checked code's libraries are not installed, and
# what it reads from the disk may be hostile.
FORBIDDEN = {
    "fastapi", "starlette", "sqlalchemy", "sqlmodel", "pydantic", "pydantic_settings",
    "pickle", "marshal", "shelve", "dill", "cloudpickle", "runpy",
}  # fmt: skip

# Example code, and never imported.
OUTSIDE = {"blog"}


def violations(
    package: Path,
    *,
    layers: Sequence[Sequence[str]] = LAYERS,
    doors: Mapping[str, set[str]] = DOORS,
    forbidden: set[str] = FORBIDDEN,
    outside: set[str] = OUTSIDE,
) -> list[str]:
    """Return what breaks the contract, one line each, as ``file:line: text``."""
    level = {part: number for number, layer in enumerate(layers) for part in layer}
    broken = []
    for path in sorted(package.rglob("*.py")):
        relative = path.relative_to(package)
        part = relative.parts[0].removesuffix(".py")
        if part in outside:
            continue
        if part != "__init__" and part not in level:
            broken.append(f"{relative.as_posix()}:1: {part} is in no layer")
            continue
        for line, name in read_imports(path, package):
            top, *below = name.split(".")
            problem = None
            if top == package.name:
                target = below[0] if below else "__init__"
                if part == "__init__":
                    problem = "the package itself imports nothing of its own"
                elif target in outside:
                    problem = f"nobody imports {target}"
                elif target in level and target != part and level[target] <= level[part]:
                    problem = f"{part} must not import {target}"
            elif top in forbidden:
                problem = f"nobody imports {top}"
            elif top in doors and part not in doors[top]:
                problem = f"only {', '.join(sorted(doors[top]))} imports {top}"
            if problem:
                broken.append(f"{relative.as_posix()}:{line}: {problem}")
    return broken


def test_the_package_keeps_the_contract() -> None:
    assert violations(PACKAGE) == []


def seen_by_rules(package: Path) -> list[str]:
    """The imports by which rules see more of the package than they may, one line each."""
    return [
        f"{path.relative_to(package).as_posix()}:{line}: {name}"
        for path in sorted((package / "rules").glob("*/*.py"))
        for line, name in read_imports(path, package)
        if name.startswith(f"{package.name}.") and not RULES_SEE.match(name.partition(".")[2])
    ]


def test_rules_see_events_and_no_other_rule() -> None:
    assert seen_by_rules(PACKAGE) == []


@pytest.mark.parametrize(
    ("code", "is_allowed"),
    [
        ("from p.domains.orm.events import Missing", True),
        ("from p.rules.loading import wording", True),
        ("from p.rules.loading.wording import subject", True),
        ("from p.rules.loading.other_rule import RULE", False),
        ("from p.domains.orm.objects import reads", False),
        ("from p.engine.frame import Frame", False),
        ("from p.facts import tree", False),
        ("import ast", True),
    ],
)
def test_what_a_rule_sees(tmp_path: Path, code: str, is_allowed: bool) -> None:
    file = tmp_path / "p" / "rules" / "loading" / "a.py"
    file.parent.mkdir(parents=True)
    file.write_text(code)
    assert (seen_by_rules(tmp_path / "p") == []) is is_allowed


DISK = set(
    "open read_text read_bytes write_text write_bytes iterdir rglob glob unlink mkdir exists is_file is_dir"
    " stat scandir listdir".split()
)


def disk_calls(code: str) -> list[str]:
    """The functions and methods that code calls and that look at the disk, or write on it."""
    called = [node.func for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)]
    names = [getattr(func, "attr", getattr(func, "id", "")) for func in called]
    return [name for name in names if name in DISK]


def test_only_the_store_touches_the_disk() -> None:
    """But for the commands: they look at what the user names, and show the pages of rules."""
    found = {
        path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        for path in PACKAGE.rglob("*.py")
        if disk_calls(path.read_text(encoding="utf-8"))
    }
    assert found - OUTSIDE == {"store", "check", "convert", "cli", "pages", "projects", "report", "server"}


@pytest.mark.parametrize(
    ("path", "code", "problem"),
    [
        ("facts/a.py", "import p.store", "facts must not import store"),
        ("facts/a.py", "from p import store", "facts must not import store"),
        ("facts/a.py", "from ..store.b import c", "facts must not import store"),
        ("facts/deep/a.py", "from ...store import b", "facts must not import store"),
        ("facts/a.py", "from .. import store", "facts must not import store"),
        ("facts/a.py", "def f():\n    import p.store", "facts must not import store"),
        ("facts/a.py", "if TYPE_CHECKING:\n    from p.store import x", "facts must not import store"),
        ("store/a.py", "from p.extract import b", "store must not import extract"),
        ("rules/x/a.py", "import p.analysis", "rules must not import analysis"),
        ("rules/x/a.py", "import p.fixes.b", "rules must not import fixes"),
        ("check/a.py", "import p.cli", "check must not import cli"),
        ("plugin.py", "from .cli import main", "plugin must not import cli"),
        ("rules/x/a.py", "import astroid.nodes", "only extract imports astroid"),
        ("cli.py", "from flake8.main import cli", "only check, configuration, plugin imports flake8"),
        ("project/a.py", "import jinja2", "only extract imports jinja2"),
        ("project/a.py", "import libcst", "only fixes imports libcst"),
        ("store/cache.py", "import pickle", "nobody imports pickle"),
        ("knowledge/a.py", "from sqlalchemy.orm import Session", "nobody imports sqlalchemy"),
        ("cli.py", "import p.blog.app", "nobody imports blog"),
        ("utilities.py", "", "utilities is in no layer"),
        ("__init__.py", "from p import cli", "the package itself imports nothing of its own"),
    ],
)
def test_what_breaks_the_contract(tmp_path: Path, path: str, code: str, problem: str) -> None:
    file = tmp_path / "p" / path
    file.parent.mkdir(parents=True)
    file.write_text(code)
    (found,) = violations(tmp_path / "p")
    assert found.startswith(f"{path}:") and found.endswith(f": {problem}")


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("plugin.py", "import flake8.options\nfrom p import __version__, analysis, facts"),
        ("cli.py", "from p.rules.x import a\nimport argparse"),
        ("rules/x/a.py", "from p.engine import events\nfrom .b import c\nfrom p.rules import d"),
        ("extract/a.py", "import astroid, jinja2\nfrom ..facts import module"),
        ("blog/app.py", "import fastapi, pickle\nfrom p import cli"),
    ],
)
def test_what_keeps_the_contract(tmp_path: Path, path: str, code: str) -> None:
    file = tmp_path / "p" / path
    file.parent.mkdir(parents=True)
    file.write_text(code)
    assert violations(tmp_path / "p") == []
