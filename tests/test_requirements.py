"""What a project says it needs, in each of the forms that are read."""

from __future__ import annotations

from pathlib import Path

import pytest
from flake8_runs import RunFlake8

from flake8_async_fastapi.analysis import open_analysis
from flake8_async_fastapi.project.requirements import Requirements, read_requirements
from flake8_async_fastapi.store.cache import Cache
from flake8_async_fastapi.store.sources import load_sources

URL = "from sqlalchemy.ext.asyncio import create_async_engine\n\ne = create_async_engine('postgresql://h/d')\n"


def read(name: str, text: str) -> Requirements:
    return read_requirements({name: text}).of("main.py")


@pytest.mark.parametrize(
    "spec, verdict",
    [
        ("==2.0.36", False), ("==2.0.*", False), ("<2.1", False), ("~=2.0.1", False), (">=2.0,<2.1", False),
        ("==2.1.0", True), (">=2.1", True), ("~=2.1", True), (">=2.2,<3", True), (">2.1", True),
        ("", None), (">=2.0", None), ("~=2.0", None), ("<=2.1", None), ("!=2.1", None), (">=1.4,<3", None),
    ],
)  # fmt: skip
def test_versions(spec: str, verdict: bool | None) -> None:
    assert read("requirements.txt", f"sqlalchemy{spec}\n").at_least("sqlalchemy", (2, 1)) is verdict


@pytest.mark.parametrize(
    "spec, verdict", [("^2.0", None), ("~2.0", False), ("2.0.36", False), ("^2.1", True), ("*", None)]
)
def test_versions_of_poetry(spec: str, verdict: bool | None) -> None:
    found = read("pyproject.toml", f'[tool.poetry.dependencies]\nSQLAlchemy = "{spec}"\n')
    assert found.at_least("sqlalchemy", (2, 1)) is verdict


@pytest.mark.parametrize(
    "name, text",
    [
        ("requirements.txt", "# comment\n-r other.txt\nSQLAlchemy[asyncio]>=2.1  # why\n"),
        ("requirements/base.in", "sqlalchemy [asyncio] >= 2.1; python_version > '3.8'\n"),
        ("pyproject.toml", '[project]\nname = "x"\ndependencies = [\n "sqlalchemy[asyncio]>=2.1",\n]\n'),
        ("pyproject.toml", '[project.optional-dependencies]\ndb = ["sqlalchemy[asyncio]>=2.1"]\n'),
        ("pyproject.toml", '[dependency-groups]\ndev = ["sqlalchemy[asyncio]>=2.1"]\n'),
        (
            "pyproject.toml",
            '[tool.poetry.group.dev.dependencies]\nsqlalchemy = {extras = ["asyncio"], version = ">=2.1"}\n',
        ),
        ("setup.cfg", "[options]\ninstall_requires =\n    sqlalchemy[asyncio]>=2.1\n[flake8]\nselect = A\n"),
    ],
)
def test_forms(name: str, text: str) -> None:
    (found,) = read(name, text).declared
    assert (found.name, found.extras) == ("sqlalchemy", {"asyncio"})
    assert read(name, text).at_least("sqlalchemy", (2, 1)) is True


def test_a_lock_decides() -> None:
    lock = '[[package]]\nname = "sqlalchemy"\nversion = "2.0.41"\n'
    found = read_requirements({"requirements.txt": "sqlalchemy>=2.0", "uv.lock": lock}).of("a/b.py")
    assert found.at_least("sqlalchemy", (2, 1)) is False


def test_the_nearest_folder_that_says_anything() -> None:
    files = read_requirements(
        {
            "requirements.txt": "sqlalchemy==2.0.1",
            "a/pyproject.toml": "[tool.ruff]\n",
            "b/requirements.txt": "x",
        }
    )
    assert files.of("a/main.py").named("sqlalchemy")
    assert not files.of("b/c/main.py").named("sqlalchemy")
    assert files.of("main.py") != files.of("b/main.py")


def test_files_that_are_read(tmp_path: Path) -> None:
    names = ["requirements-dev.txt", "requirements/x.txt", "a/setup.cfg", "notes.txt", "node_modules/uv.lock"]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x\n")
    found = load_sources(tmp_path, {})
    assert list(found.required) == ["a/setup.cfg", "requirements-dev.txt", "requirements/x.txt"]


def test_a_verdict_depends_on_them(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(URL)
    cache = Cache(tmp_path / "cache")

    def codes(requirements: str) -> list[str]:
        (tmp_path / "requirements.txt").write_text(requirements)
        return [finding.code for finding in open_analysis(tmp_path, cache).findings("main.py")]

    assert codes("sqlalchemy==2.0.36\n") == ["AFA404"]
    assert codes("sqlalchemy[asyncio]==2.1.0\n") == []
    assert codes("sqlalchemy==2.0.36\n") == ["AFA404"]


def test_the_level_adds_to_what_is_certain(flake8: RunFlake8, tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(
        "import orjson\nfrom fastapi import FastAPI, Request\n\napp = FastAPI()\n\n\n"
        "@app.get('/')\nasync def show(request: Request):\n"
        "    request.body()\n    return orjson.loads(request.body())\n"
    )

    def lines(*options: str) -> list[str]:
        return flake8(tmp_path, "--isolated", *options, "main.py").lines

    certain = lines()
    assert [line.split()[1] for line in certain] == ["AFA105"]
    assert lines("--afa-level=certain") == certain
    first, second = lines("--afa-level=likely")  # from the cache
    assert [first] == certain
    assert "AFA105 may fail, unless orjson.loads awaits it: request.body() is never awaited" in second
    (tmp_path / "setup.cfg").write_text("[flake8]\nselect = AFA\nafa-level = likely\n")
    assert flake8(tmp_path, "main.py", select=()).lines == [first, second]


def test_advice_is_chosen_as_a_group(flake8: RunFlake8, tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(
        "from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine\n"
        "from sqlalchemy.orm import sessionmaker\n\n"
        "engine = create_async_engine('sqlite+aiosqlite://')\n"
        "advised = sessionmaker(engine, class_=AsyncSession)\n"
        "wrong = sessionmaker(engine)\n"
    )

    (tmp_path / "requirements.txt").write_text("sqlalchemy\naiosqlite\n")

    def codes(*options: str) -> list[str]:
        return [line.split()[1] for line in flake8(tmp_path, "--isolated", *options, "main.py").lines]

    assert codes() == ["AFA405", "AFA406", "AFA405"]
    assert codes("--afa-advice=on") == codes()
    assert codes("--afa-advice=off") == ["AFA405"]
    (tmp_path / "setup.cfg").write_text("[flake8]\nselect = AFA\nafa-advice = off\n")
    lines = flake8(tmp_path, "main.py", select=()).lines
    assert [line.split()[1] for line in lines] == ["AFA405"]
    assert ":6:" in lines[0]
