"""What a project says it needs, in each of the forms that are read."""

from __future__ import annotations

from pathlib import Path

import pytest
from flake8_runs import RunFlake8

from flake8_async_fastapi.analysis import open_analysis
from flake8_async_fastapi.project.included import included_files
from flake8_async_fastapi.project.requirement_files import read_requirements
from flake8_async_fastapi.project.requirements import Requirements
from flake8_async_fastapi.reading import requirements_of
from flake8_async_fastapi.store.cache import Cache
from flake8_async_fastapi.store.sources import load_required, load_sources

URL = (
    "from sqlalchemy.ext.asyncio import create_async_engine\n\ne = create_async_engine('postgresql://h/d')\n"
)


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
        ("requirements.txt", "# comment\n-c other.txt\nSQLAlchemy[asyncio]>=2.1  # why\n"),
        ("requirements/base.in", "sqlalchemy [asyncio] >= 2.1; python_version > '3.8'\n"),
        ("pyproject.toml", '[project]\nname = "x"\ndependencies = [\n "sqlalchemy[asyncio]>=2.1",\n]\n'),
        ("pyproject.toml", '[project.optional-dependencies]\ndb = ["sqlalchemy[asyncio]>=2.1"]\n'),
        ("pyproject.toml", '[dependency-groups]\ndev = ["sqlalchemy[asyncio]>=2.1"]\n'),
        (
            "pyproject.toml",
            '[tool.poetry.group.dev.dependencies]\nsqlalchemy = {extras = ["asyncio"], version = ">=2.1"}\n',
        ),
        ("pyproject.toml", '[tool.pdm.dev-dependencies]\ntest = ["sqlalchemy[asyncio]>=2.1"]\n'),
        ("pyproject.toml", '[tool.uv]\ndev-dependencies = ["sqlalchemy[asyncio]>=2.1"]\n'),
        ("pyproject.toml", '[tool.hatch.envs.test]\nextra-dependencies = ["sqlalchemy[asyncio]>=2.1"]\n'),
        (
            "pyproject.toml",
            'tool.poetry.dependencies.sqlalchemy = {version = "^2.1", extras = ["asyncio"]}\n',
        ),
        ("Pipfile", '[packages]\nsqlalchemy = {version = ">=2.1", extras = ["asyncio"]}\n'),
        (
            "pixi.toml",
            '[feature.db.pypi-dependencies]\nsqlalchemy = {version = "2.1.*", extras = ["asyncio"]}\n',
        ),
        (
            "setup.py",
            "import setuptools\nsetuptools.setup(extras_require={'db': ['sqlalchemy[asyncio]>=2.1']})\n",
        ),
        ("tox.ini", "[testenv]\ndeps =\n    -r x.txt\n    py311: sqlalchemy[asyncio]>=2.1\n"),
        ("setup.cfg", "[options]\ninstall_requires =\n    sqlalchemy[asyncio]>=2.1\n[flake8]\nselect = A\n"),
    ],
)
def test_forms(name: str, text: str) -> None:
    (found,) = read(name, text).declared
    assert (found.name, found.extras) == ("sqlalchemy", {"asyncio"})
    assert read(name, text).at_least("sqlalchemy", (2, 1)) is True


@pytest.mark.parametrize(
    "name, text",
    [
        ("requirements.txt", "./libs/ours\n"),
        ("requirements.txt", "-e ../ours\n"),
        ("requirements.txt", "https://example.org/ours-1.0.whl\n"),
        ("requirements.txt", "ours==${VERSION}\n"),
        ("requirements.txt", "-r elsewhere.txt\n"),
        ("requirements.txt", "-r ../../outside.txt\n"),
        ("environment.yml", "dependencies: [asyncpg]\n"),
        ("setup.py", "from setuptools import setup\nsetup(install_requires=read())\n"),
        ("setup.py", "from setuptools import setup\nsetup(**options)\n"),
        ("setup.cfg", "install_requires = x\n"),
        ("pyproject.toml", '[project]\ndependencies = "asyncpg"\ndynamic = ["dependencies"]\n'),
        ("pyproject.toml", "[project\n"),
        ("pyproject.toml", "project = 1\n"),
        ("pyproject.toml", "[project]\nname = 1\n"),
        ("uv.lock", "[[package]]\nversion = '1'\n"),
        ("Pipfile.lock", "[]"),
        ("Pipfile.lock", "[" * 100_000),
        ("Pipfile", "packages = 1\n"),
    ],
)
def test_unknown(name: str, text: str) -> None:
    found = read_requirements({name: text, "requirements/known.txt": "sqlalchemy\n"}).of("main.py")
    assert found.named("sqlalchemy")
    assert not found.is_understood


@pytest.mark.parametrize(
    "name, text",
    [
        ("requirements.txt", "-e .[test]\n--index-url https://x.org\nname @ https://x.org/x.whl\n"),
        ("requirements.txt", "-e git+https://x.org/x.git#egg=name\n-c constraints.txt\n"),
        ("pyproject.toml", '[project]\nname = "x"\ndynamic = ["version"]\ndependencies = ["name"]\n'),
        ("pyproject.toml", '[dependency-groups]\na = ["name"]\nb = [{include-group = "a"}]\n'),
        ("pyproject.toml", '[project]\nname = "x"\noptional-dependencies = {a = ["name"], b = ["X[a]"]}\n'),
    ],
)
def test_understood(name: str, text: str) -> None:
    found = read(name, text)
    assert [requirement.name for requirement in found.declared] == ["name"]
    assert found.is_understood


def test_files_that_include_each_other() -> None:
    files = {"requirements.txt": "-r deps.txt\none\n", "deps.txt": "-r requirements.txt\ntwo\n"}
    assert {found.name for found in read_requirements(files).of("main.py").declared} == {"one", "two"}


def test_a_lock_decides() -> None:
    lock = '[[package]]\nname = "sqlalchemy"\nversion = "2.0.41"\n'
    found = read_requirements({"requirements.txt": "sqlalchemy>=2.0", "uv.lock": lock}).of("a/b.py")
    assert found.at_least("sqlalchemy", (2, 1)) is False


def test_a_lock_that_is_a_list_decides() -> None:
    files = {"pyproject.toml": '[project]\ndependencies = ["fastapi>=0.100"]\n'}
    lock = "# generated\n-e file:.\nfastapi[all]==0.100.0\n    # via app\n"
    found = read_requirements({**files, "requirements.lock": lock}).of("main.py")
    assert found.at_least("fastapi", (0, 110)) is False


def test_applications_beside_the_code_say_what_they_agree_on() -> None:
    files = {"deploy/requirements.txt": "fastapi\n", "etc/requirements.txt": "fastapi==0.109\nhttpx==0.26\n"}
    found = read_requirements(files).of("main.py")
    assert found.at_least("httpx", (0, 28)) is False
    lock = '[[package]]\nname = "fastapi"\nversion = "0.115.0"\n'
    found = read_requirements({**files, "api/pyproject.toml": "", "api/uv.lock": lock}).of("main.py")
    assert found.at_least("fastapi", (0, 110)) is None


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
    names = ["requirements-dev.txt", "requirements/x.txt", "a/setup.cfg", "a/requirement.txt", "a/req.txt"]
    names += ["notes.txt", "node_modules/uv.lock", "requirements-dev.lock"]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x\n")
    found = load_sources(tmp_path, {})
    expected = ["a/req.txt", "a/requirement.txt", "a/setup.cfg"]
    expected += ["requirements-dev.lock", "requirements-dev.txt", "requirements/x.txt"]
    assert list(found.required) == expected


def test_included_files_are_read(tmp_path: Path) -> None:
    texts = {"a/requirements.txt": "-r ../deps/x.txt\n-r ../../out.txt\n", "deps/x.txt": "-ry.txt\n"}
    for name, text in {**texts, "deps/y.txt": "z\n"}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    found = load_required(tmp_path, ["a/requirements.txt"], included_files)
    assert sorted(found) == ["a/requirements.txt", "deps/x.txt", "deps/y.txt"]


@pytest.mark.parametrize(
    "name, without",
    [("deps/base.txt", "x\n"), ("setup.py", "from setuptools import setup\nsetup(install_requires=[])\n")],
)
def test_a_verdict_depends_on_what_they_include(tmp_path: Path, name: str, without: str) -> None:
    (tmp_path / "deps").mkdir()
    (tmp_path / "main.py").write_text(URL.replace("postgresql", "postgresql+asyncpg"))
    (tmp_path / "requirements.txt").write_text("sqlalchemy<2.1\n-r deps/base.txt\n")
    (tmp_path / "deps" / "base.txt").write_text("fastapi\n")
    cache = Cache(tmp_path / "cache")

    def codes(text: str) -> list[str]:
        (tmp_path / name).write_text(text)
        return [finding.code for finding in open_analysis(tmp_path, cache).findings("main.py")]

    assert codes(without.replace("x", "fastapi")) == ["AFA414"]
    assert codes(without.replace("x", "asyncpg").replace("[]", "['asyncpg']")) == []
    assert codes(without.replace("x", "fastapi")) == ["AFA414"]


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


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "requirements.txt").write_bytes("sqlalchemy==2.0.36\r\n".encode(encoding))
    texts = load_required(tmp_path, ["requirements.txt"], included_files)
    assert read_requirements(texts).of("main.py").at_least("sqlalchemy", (2, 1)) is False


def test_half_of_an_encoding(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_bytes(b"\xff\xfea")
    assert load_required(tmp_path, ["requirements.txt"], included_files) == {}


# --- kept ------------------------------------------------------------------------------------


def test_what_was_read_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {
        "requirements.txt": "sqlalchemy[asyncio]>=2.0\n-r missing.txt\n",
        "api/uv.lock": '[[package]]\nname = "sqlalchemy"\nversion = "2.0.36"\n',
    }
    cache = Cache(tmp_path)
    found = requirements_of(texts, cache, "salt")
    assert found == read_requirements(texts)
    monkeypatch.setattr("flake8_async_fastapi.project.requirement_files.read_requirements", None)
    assert requirements_of(texts, cache, "salt") == found
    with pytest.raises(TypeError):
        requirements_of({**texts, "requirements.txt": "sqlalchemy\n"}, cache, "salt")


def test_what_was_kept_and_is_damaged_is_read_again(tmp_path: Path) -> None:
    texts = {"requirements.txt": "fastapi\n"}
    cache = Cache(tmp_path)
    found = requirements_of(texts, cache, "salt")
    (entry,) = (path for path in tmp_path.glob("v*/requirements/*/*"))
    cache.write("requirements", entry.name, b"no requirements")
    assert requirements_of(texts, cache, "salt") == found
