"""The engine: its layers, its one circle of imports, and the names that it does not know.

Domains and what they may import of each other are in `engine/test_domain.py`.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from import_graph import circles, import_graph, module_name

import flake8_async_fastapi

PACKAGE = Path(flake8_async_fastapi.__file__).parent
OUTSIDE = {"blog"}

# Who may import whom: those below, and those of the same line.
ENGINE = (
    ("entry",),
    ("machine",),
    ("obligations", "renaming", "trace", "tracing", "domain", "relevance", "stand_ins", "kept", "leaving",
     "comprehensions", "raising", "programs", "receivers"),
    ("hooks",),
    ("observers", "models", "effects"),
    ("watches",),
    ("frame",),
    ("assignments", "bindings", "calls_made"),
    ("summary", "queries", "agreement", "texts"),
    ("state", "mutation"),
    ("events", "containers", "hints"),
    ("walks", "identities"),
    ("joins", "fields"),
    ("values", "text", "places", "comparison"),
)

# The value of an expression needs calls, a call a summary, a summary runs statements, and these
# evaluate expressions; names and annotations are expressions too.  A module of the circle may be split,
# but the circle may not grow: it is measured in lines.
MACHINE = {
    f"engine.machine.{name}"
    for name in (
        "attributes calls classes conditions control_flow expressions functions implementations"
        " library_calls names operators protocols statements summaries targets type_hints"
    ).split()
}
MOST_LINES_OF_MACHINE = 4900

LIBRARIES = {"fastapi", "jinja2", "pydantic", "pydantic_settings", "sqlalchemy", "sqlmodel", "starlette"}
"""Names that tell a library without a dot after them, too."""
STANDARD = {*sys.stdlib_module_names, "builtins", "typing_extensions", "__init__"}
_DOTTED = re.compile(r"([A-Za-z_]\w*)\.(\w+(\.\w+)*\.?)?")


def above(graph: Mapping[str, frozenset[str]], layers: Sequence[Sequence[str]]) -> list[str]:
    """The imports of the engine's modules that lead upward, and the modules that are in no layer."""
    level = {part: number for number, layer in enumerate(layers) for part in layer}
    told = []
    for module, targets in sorted(graph.items()):
        part = _part(module)
        if part and part not in level:
            told.append(f"{module} is in no layer")
        elif part:
            wrong = (other for other in targets if level.get(_part(other), level[part]) < level[part])
            told += [f"{module} must not import {other}" for other in sorted(wrong)]
    return told


def _part(module: str) -> str:
    """The part of the engine that a module is or lies in; empty for one outside of the engine."""
    top, _, below = module.partition(".")
    return below.partition(".")[0] if top == "engine" else ""


def library_names(code: str) -> list[str]:
    """The texts in code that begin with the name of a library, but for the standard one."""
    tree = ast.parse(code)
    described = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in described
        and names_library(node.value)
    ]


def names_library(text: str) -> bool:
    """Whether a text, or the first word of several, is a dotted name that begins with a library's."""
    first = (text.split() or [""])[0]
    dotted = _DOTTED.fullmatch(first)
    return first in LIBRARIES if dotted is None else dotted[1] not in STANDARD


def facts_reads(code: str) -> int:
    """How often code reads an attribute ``facts`` of a value; the package of that name is none."""
    return sum(
        isinstance(node, ast.Attribute)
        and node.attr == "facts"
        and not (isinstance(node.value, ast.Name) and node.value.id == PACKAGE.name)
        for node in ast.walk(ast.parse(code))
    )


def texts(part: str = "") -> dict[str, str]:
    """The modules of the package, or of one part of it, with their code."""
    found = {module_name(path, PACKAGE): path.read_text("utf-8") for path in PACKAGE.rglob("*.py")}
    return {
        name: text
        for name, text in found.items()
        if name.partition(".")[0] not in OUTSIDE and f"{name}.".startswith(f"{part}." if part else "")
    }


def test_the_engine_keeps_its_layers() -> None:
    assert above(import_graph(PACKAGE, OUTSIDE, types=False), ENGINE) == []


def test_the_machine_is_the_only_circle() -> None:
    """Imports for types alone never run: a frame has hooks, whose signatures name frames."""
    assert circles(import_graph(PACKAGE, OUTSIDE, types=False)) == [frozenset(MACHINE)]
    lines = sum(len(code.splitlines()) for module, code in texts("engine").items() if module in MACHINE)
    assert 4000 < lines <= MOST_LINES_OF_MACHINE


def test_imports_for_types_stay_where_they_are() -> None:
    parts = ("effects", "frame", "hooks", "models", "observers", "watches")
    known = {frozenset(f"engine.{name}" for name in parts)}
    assert {*circles(import_graph(PACKAGE, OUTSIDE))} - known == {frozenset(MACHINE)}


def test_the_engine_names_no_library() -> None:
    named = {module: library_names(code) for module, code in texts("engine").items()}
    assert len(named) > 30
    assert {module: found for module, found in named.items() if found} == {}


def test_questions_about_other_files_go_through_the_project() -> None:
    reads = {module: facts_reads(code) for module, code in texts().items()}
    assert sum(reads.values()) > 5
    assert {
        module for module, number in reads.items() if number and module.partition(".")[0] != "project"
    } == set()


# --- what the checks find ----------------------------------------------------------------------


def write_package(folder: Path, files: Mapping[str, str]) -> Path:
    for path, code in files.items():
        (folder / "p" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "p" / path).write_text(code)
    return folder / "p"


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"engine/state.py": "from p.engine.values import a", "engine/values.py": ""}, []),
        (
            {"engine/values.py": "from p.engine import state", "engine/state.py": ""},
            ["engine.values must not import engine.state"],
        ),
        (
            {"engine/frame.py": "import p.engine.machine.calls", "engine/machine/calls.py": ""},
            ["engine.frame must not import engine.machine.calls"],
        ),
        ({"engine/machine/a.py": "import p.engine.machine.b", "engine/machine/b.py": ""}, []),
        ({"engine/other.py": ""}, ["engine.other is in no layer"]),
        ({"domains/a.py": "import p.engine.entry", "engine/entry.py": ""}, []),
    ],
)
def test_imports_that_lead_upward(tmp_path: Path, files: dict[str, str], told: list[str]) -> None:
    assert above(import_graph(write_package(tmp_path, files), set()), ENGINE) == told


@pytest.mark.parametrize(
    ("files", "joined"),
    [
        ({"a.py": "import p.b", "b.py": "import p.c", "c.py": ""}, []),
        ({"a.py": "import p.b", "b.py": "import p.a"}, [{"a", "b"}]),
        ({"a.py": "from p import b", "b.py": "def f():\n    from .a import g"}, [{"a", "b"}]),
        ({"a.py": "import p.b", "b.py": "import p.c", "c.py": "import p.a"}, [{"a", "b", "c"}]),
        (
            {"a.py": "import p.b", "b.py": "import p.a, p.c", "c.py": "import p.d", "d.py": "import p.c"},
            [{"a", "b"}, {"c", "d"}],
        ),
        ({"a.py": "import p.a"}, []),
        ({"a.py": "import p.b", "b.py": "if TYPE_CHECKING:\n    import p.a"}, []),
        ({"x/__init__.py": "from .b import c", "x/b.py": "from p.x import c"}, [{"x", "x.b"}]),
        ({"blog/a.py": "import p.blog.b", "blog/b.py": "import p.blog.a"}, []),
    ],
)
def test_which_modules_are_in_circles(tmp_path: Path, files: dict[str, str], joined: list[set[str]]) -> None:
    package = write_package(tmp_path, files)
    assert circles(import_graph(package, OUTSIDE, types=False)) == joined


@pytest.mark.parametrize(
    ("code", "times"),
    [
        ("project.facts", 1),
        ("for path in ctx.project.facts: ...", 1),
        ("facts = 1\nfacts", 0),
        ("from flake8_async_fastapi.facts import tree", 0),
        ("import flake8_async_fastapi.facts.tree\nflake8_async_fastapi.facts.tree.Name", 0),
    ],
)
def test_reads_of_facts(code: str, times: int) -> None:
    assert facts_reads(code) == times


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("'sqlalchemy.orm.Session'", []),  # a text that is a statement is a docstring
        ("x = 'sqlalchemy.orm.Session'", ["sqlalchemy.orm.Session"]),
        ("x = 'sqlalchemy'", ["sqlalchemy"]),
        ("x = f'sqlalchemy.orm.{name}'", ["sqlalchemy.orm."]),
        ("x = 'pytest.skip pytest.fail'.split()", ["pytest.skip pytest.fail"]),
        ("x = 'functools.partial', 'builtins.list', 'typing_extensions.Self', 'os.'", []),
        ("x = 'a session of sqlalchemy', 'dict', '', '.', 'an end.'", []),
    ],
)
def test_texts_that_name_a_library(code: str, names: list[str]) -> None:
    assert library_names(code) == names
