"""What ``convert`` leaves to do, what it refuses, and what it writes."""

import ast
import contextlib
import re
import runpy
import sys
import textwrap
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from sync_program import LEFT, NAME, READ, SETUP

from flake8_async_fastapi.analysis import open_analysis
from flake8_async_fastapi.cli import main
from flake8_async_fastapi.convert.queries import QueryEdits
from flake8_async_fastapi.convert.texts import Edit
from flake8_async_fastapi.store.cache import Cache

Convert = Callable[..., tuple[int, str]]


@pytest.fixture
def convert(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Convert:
    """Write a program, convert it, and give the exit status and what was printed."""

    def run(code: str, *options: str, setup: str = SETUP) -> tuple[int, str]:
        (tmp_path / "main.py").write_text(setup + textwrap.dedent(code))
        status = main(["convert", str(tmp_path), *options])
        printed = capsys.readouterr()
        return status, printed.out + printed.err

    return run


@pytest.mark.parametrize("name", LEFT)
def test_what_is_left_is_marked_and_reported(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, reason = LEFT[name]
    (tmp_path / NAME).write_text(SETUP + textwrap.dedent(code))
    status, printed = main(["convert", str(tmp_path)]), capsys.readouterr().out
    [line] = [
        number
        for number, text in enumerate((tmp_path / NAME).read_text().splitlines(), start=1)
        if text.strip() == f"# TODO(async): {reason}"
    ]
    assert status == 0
    assert f"{NAME}:{line}: AFA002 the conversion to async left something open: {reason}" in printed
    analysis = open_analysis(tmp_path, Cache(None))
    assert ("AFA002", line) in [(finding.code, finding.line) for finding in analysis.findings(NAME)]


def test_a_function_is_left_whole(convert: Convert, tmp_path: Path) -> None:
    code = """
    def strange(db: Session):
        db.commit()
        return db.query(Item).enable_assertions(False).filter(Item.id > 1).all()
    """
    convert(code)
    assert textwrap.dedent(code).strip() in (tmp_path / "main.py").read_text()


def test_what_is_left_is_not_changed_either(convert: Convert, tmp_path: Path) -> None:
    code = """
    @app.delete("/{item_id}")
    def delete(item_id: int, db: Session = Depends(get_db)):
        db.query(Item).enable_assertions(False).filter(Item.id == item_id).delete()
        db.commit()
    """
    convert(code)
    assert textwrap.dedent(code).strip().split("\n", 1)[1] in (tmp_path / "main.py").read_text()


def test_a_hook_of_pytest_is_left(convert: Convert, tmp_path: Path) -> None:
    hook = (
        "import main\n\n\ndef pytest_sessionstart(session):\n    main.Base.metadata.create_all(main.engine)\n"
    )
    (tmp_path / "conftest.py").write_text(hook)
    _, printed = convert(READ)
    assert "pytest_sessionstart is not converted: pytest calls its hooks outside of an event loop" in printed
    assert "\ndef pytest_sessionstart(session):\n" in (tmp_path / "conftest.py").read_text()


def test_changes_that_do_not_fit_are_left_out(convert: Convert, monkeypatch: pytest.MonkeyPatch) -> None:
    def spoil(edits: QueryEdits, node: ast.expr, *_: bool) -> list[Edit]:
        return [edits.source.before(node, "(")]

    monkeypatch.setattr(QueryEdits, "asked", spoil)
    assert "read is not converted: its changes do not fit together" in convert(READ)[1]
    monkeypatch.setattr("flake8_async_fastapi.convert.convert._blamed", lambda *_: [])
    status, printed = convert(READ)
    assert (status, printed.count("\n")) == (2, 1)
    assert "do not fit together: nothing is converted" in printed


def test_a_mark_in_a_text_is_none(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text('text = """\n# TODO(async): no\n"""\nx = 1  # TODO(async): yes\n')
    found = open_analysis(tmp_path, Cache(None)).findings("main.py")
    assert [(finding.code, finding.line) for finding in found] == [("AFA002", 4)]


REFUSED = {
    "no FastAPI": ("from sqlalchemy.orm import Session\n", "there is no FastAPI application in"),
    "no database": ("import fastapi\n", "there is nothing to convert"),
    "no sessions of its own": (
        "import fastapi\nfrom sqlalchemy.orm import Session\nfrom tools import get_db\n",
        "makes no engine and no session",
    ),
    "no Python": ("import fastapi\ndef f(:\n", "does not parse as Python"),
    "half converted": (
        "import fastapi\nfrom sqlalchemy import create_engine\nimport sqlalchemy.ext.asyncio\n",
        "is half converted",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_is_not_changed(name: str, convert: Convert, tmp_path: Path) -> None:
    code, reason = REFUSED[name]
    status, printed = convert(code, setup="")
    assert status == 2
    assert reason in printed and len(printed.splitlines()) == 1
    assert (tmp_path / "main.py").read_text() == code


def test_what_is_async_already_needs_nothing(convert: Convert, tmp_path: Path) -> None:
    code = "import fastapi\nfrom sqlalchemy.ext.asyncio import AsyncSession\n"
    status, printed = convert(code, "--check", setup="")
    assert (status, printed.splitlines()) == (0, [f"{tmp_path} is async already"])


def test_a_folder_that_is_not_there(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["convert", str(tmp_path / "nowhere")]) == 2
    assert "there is no folder" in capsys.readouterr().err


def test_a_diff_changes_nothing(convert: Convert, tmp_path: Path) -> None:
    status, printed = convert(READ, "--diff")
    assert status == 0
    assert "+async def read(db: AsyncSession = Depends(get_db)):" in printed
    assert (tmp_path / "main.py").read_text() == SETUP + READ


def test_check_changes_nothing(convert: Convert, tmp_path: Path) -> None:
    status, printed = convert(READ, "--check")
    assert (status, printed) == (1, "1 file would be changed\n")
    assert (tmp_path / "main.py").read_text() == SETUP + READ


def test_line_ends_and_encoding_stay(tmp_path: Path) -> None:
    text = "# -*- coding: latin-1 -*-\n# é\n" + SETUP + READ
    (tmp_path / "main.py").write_bytes(text.replace("\n", "\r\n").encode("latin-1"))
    assert main(["convert", str(tmp_path)]) == 0
    data = (tmp_path / "main.py").read_bytes()
    assert data.startswith("# -*- coding: latin-1 -*-\r\n# é\r\n".encode("latin-1"))
    assert b"async def read" in data and not re.search(rb"[^\r]\n", data)


ENVIRONMENT = """
from alembic import context
from sqlalchemy import engine_from_config, pool

config = context.config


def run_migrations_online() -> None:
    connectable = engine_from_config(config.get_section("alembic"), "sqlalchemy.", poolclass=pool.NullPool)
    with connectable.connect() as connection:
        context.configure(connection=connection)

        with context.begin_transaction():
            context.run_migrations()


run_migrations_online()
"""
URLS = {
    "of the ini": ("", "import main", True),
    "of a file": ('config.set_main_option("sqlalchemy.url", "sqlite:///{folder}/a.db")', "", True),
    "of the application": ('config.set_main_option("sqlalchemy.url", main.URL)', "import main", True),
    "of another place": ('config.set_main_option("sqlalchemy.url", os.environ["OTHER"])', "import os", False),
}


class Context:
    """What Alembic gives to an ``env.py``."""

    def __init__(self, url: str) -> None:
        self.config = self
        self.url = url
        self.tables: list[str] = []

    def set_main_option(self, name: str, value: str) -> None:
        assert name == "sqlalchemy.url"
        self.url = value

    def get_section(self, name: str) -> dict[str, str]:
        return {"sqlalchemy.url": self.url}

    def configure(self, connection: Any) -> None:
        self.connection = connection

    begin_transaction = contextlib.nullcontext

    def run_migrations(self) -> None:
        self.connection.exec_driver_sql("CREATE TABLE migrated (id INTEGER)")
        self.connection.commit()
        self.tables = sqlalchemy.inspect(self.connection).get_table_names()


@pytest.mark.parametrize("name", URLS)
def test_migrations(name: str, convert: Convert, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, imported, is_async = URLS[name]
    environment, ini = tmp_path / "migrations" / "env.py", tmp_path / "alembic.ini"
    environment.parent.mkdir()
    text = ENVIRONMENT.replace("context.config\n", f"context.config\n{code.format(folder=tmp_path)}\n")
    environment.write_text(imported + text)
    ini.write_text(f"[alembic]\nsqlalchemy.url = sqlite:///{tmp_path}/a.db\n")
    assert convert(f"URL = 'sqlite:///{tmp_path}/a.db'\n" + READ)[0] == 0
    assert ("run_sync" in environment.read_text()) is is_async
    assert ("aiosqlite" in ini.read_text()) is (name == "of the ini")
    context = Context(ini.read_text().split(" = ")[1].strip())
    module = types.ModuleType("alembic")
    module.context = context  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "alembic", module)
    monkeypatch.setenv("OTHER", f"sqlite:///{tmp_path}/a.db")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "main", raising=False)
    runpy.run_path(str(environment))
    monkeypatch.delitem(sys.modules, "main", raising=False)
    assert context.tables == ["migrated"]


def test_migrations_that_cannot_be_async_are_marked(convert: Convert, tmp_path: Path) -> None:
    text = ENVIRONMENT.replace("config = context.config", "from main import engine as connectable")
    text = re.sub(r"    connectable = .*\n", "    print(connectable.name)\n", text)
    (tmp_path / "env.py").write_text(text)
    assert (
        "env.py:1: AFA002 the conversion to async left something open: the migrations take"
        in convert(READ)[1]
    )


@pytest.mark.parametrize(
    ("file", "before", "after"),
    [
        ("requirements.txt", "SQLAlchemy==2.0.30\n", "SQLAlchemy[asyncio]==2.0.30\naiosqlite\n"),
        ("requirements.txt", "sqlalchemy[mypy]\naiosqlite\n", "sqlalchemy[mypy,asyncio]\naiosqlite\n"),
        ("requirements.txt", "sqlalchemy-utils\n", "sqlalchemy-utils\n"),
        (
            "pyproject.toml",
            '[project]\ndependencies = [\n    "sqlalchemy>=2",\n]\n',
            '[project]\ndependencies = [\n    "sqlalchemy[asyncio]>=2",\n    "aiosqlite",\n]\n',
        ),
        (
            "pyproject.toml",
            '[project]\ndependencies = ["sqlalchemy", "fastapi"]\n',
            '[project]\ndependencies = ["sqlalchemy[asyncio]", "aiosqlite", "fastapi"]\n',
        ),
        (
            "pyproject.toml",
            '[tool.poetry.deps]\nsqlalchemy = "2"\nfastapi = "*"\n',
            '[tool.poetry.deps]\nsqlalchemy = { version = "2", extras = ["asyncio"] }\naiosqlite = "*"\n'
            'fastapi = "*"\n',
        ),
        (
            "pyproject.toml",
            '[tool.poetry.deps]\nsqlalchemy = {version = "2", extras = ["mypy"]}  # orm\n',
            '[tool.poetry.deps]\nsqlalchemy = {version = "2", extras = ["mypy", "asyncio"]}  # orm\n'
            'aiosqlite = "*"\n',
        ),
        (
            "pyproject.toml",
            '[tool.poetry.deps]\nsqlmodel = "^0.0.19"\n',
            '[tool.poetry.deps]\nsqlmodel = "^0.0.19"\nsqlalchemy = { version = "*", extras = ["asyncio"] }\n'
            'aiosqlite = "*"\n',
        ),
        (
            "Pipfile",
            '[packages]\nsqlalchemy = "*"\n',
            '[packages]\nsqlalchemy = { version = "*", extras = ["asyncio"] }\naiosqlite = "*"\n',
        ),
        (
            "setup.cfg",
            "[options]\ninstall_requires =\n    sqlalchemy>=2\n    fastapi\n",
            "[options]\ninstall_requires =\n    sqlalchemy[asyncio]>=2\n    aiosqlite\n    fastapi\n",
        ),
        (
            "setup.py",
            'setup(keywords="sqlalchemy", install_requires=["sqlalchemy>=2", "fastapi"])\n',
            'setup(keywords="sqlalchemy", '
            'install_requires=["sqlalchemy[asyncio]>=2", "aiosqlite", "fastapi"])\n',
        ),
        (
            "environment.yml",
            "dependencies:\n  - sqlalchemy=2.0.30\n  - pip:\n    - httpx\n",
            "dependencies:\n  - sqlalchemy=2.0.30\n  - greenlet\n  - aiosqlite\n  - pip:\n    - httpx\n",
        ),
        (
            "environment.yml",
            "dependencies:\n  - pip:\n    - SQLAlchemy>=2\n    - httpx\n",
            "dependencies:\n  - pip:\n    - SQLAlchemy[asyncio]>=2\n    - aiosqlite\n    - httpx\n",
        ),
        (
            "environment.yml",
            "dependencies:\n  - pip:\n    - sqlmodel\n",
            "dependencies:\n  - pip:\n    - sqlmodel\n    - sqlalchemy[asyncio]\n    - aiosqlite\n",
        ),
        ("requirements.txt", *["sqlalchemy==2 \\\n  --hash=sha256:1\n"] * 2),
        (".env.example", "URL=postgresql://u:p@db/x\n", "URL=postgresql+asyncpg://u:p@db/x\n"),
        (".env", "URL=postgresql+psycopg://db/x\n", "URL=postgresql+psycopg://db/x\n"),
        (".env", "URL=mysql+pymysql://db/x\n", "URL=mysql+asyncmy://db/x\n"),
        (".env", "#DB=postgresql+pg8000://db/x\n", "#DB=postgresql+asyncpg://db/x\n"),
        (
            "compose.yaml",
            "    environment:\n      - BLOG_URL=postgresql://db/x\n      - GRAFANA=postgresql://db/y\n",
            "    environment:\n      - BLOG_URL=postgresql+asyncpg://db/x\n      - GRAFANA=postgresql://db/y\n",
        ),
        ("pyproject.toml", *['[project]\ndependencies = ["sqlalchemy[asyncio]", "aiosqlite"]\n'] * 2),
    ],
)  # fmt: skip
def test_what_lies_beside_the_code(
    file: str, before: str, after: str, convert: Convert, tmp_path: Path
) -> None:
    (tmp_path / file).write_text(before)
    assert convert(READ, setup='BLOG_URL = "a variable"\n' + SETUP)[0] == 0
    assert (tmp_path / file).read_text() == after


@pytest.mark.parametrize(
    ("options", "before", "after", "driver"),
    [
        ((), "sqlalchemy\npsycopg2\n", "sqlalchemy[asyncio]\nasyncpg\npsycopg2\n", "asyncpg"),
        ((), "sqlalchemy\npsycopg>=3\n", "sqlalchemy[asyncio]\npsycopg>=3\n", "psycopg"),
        (
            ("--driver", "psycopg"),
            "sqlalchemy\npsycopg2\n",
            "sqlalchemy[asyncio]\npsycopg[binary]\npsycopg2\n",
            "psycopg",
        ),
        (
            ("--driver=asyncpg",),
            "sqlalchemy\npsycopg\n",
            "sqlalchemy[asyncio]\nasyncpg\npsycopg\n",
            "asyncpg",
        ),
    ],
)
def test_the_driver_for_postgresql(
    options: tuple[str, ...], before: str, after: str, driver: str, convert: Convert, tmp_path: Path
) -> None:
    (tmp_path / "requirements.txt").write_text(before)
    (tmp_path / ".env").write_text("URL=postgresql+psycopg2://db/x\n")
    setup = SETUP.replace('"sqlite:///app.db"', '"postgresql://localhost/app"')
    assert convert(READ, *options, setup=setup)[0] == 0
    assert (tmp_path / "requirements.txt").read_text() == after
    assert (tmp_path / ".env").read_text() == f"URL=postgresql+{driver}://db/x\n"
    assert f'"postgresql+{driver}://localhost/app"' in (tmp_path / "main.py").read_text()


def test_another_driver_is_named_for_what_one_refuses(convert: Convert, tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("sqlalchemy\n")
    setup = SETUP.replace('"sqlite:///app.db"', '"postgresql://localhost/app?sslmode=require"')
    printed = convert(READ, "--check", setup=setup)[1]
    assert "AFA404" in printed and "with --driver psycopg, nothing is left" in printed
    assert "AFA404" not in convert(READ, "--driver", "psycopg", setup=setup)[1]


def test_requirements_as_the_shell_of_windows_writes_them(convert: Convert, tmp_path: Path) -> None:
    path = tmp_path / "requirements.txt"
    path.write_bytes("\ufeffSQLAlchemy==2.0.30\r\n".encode("utf-16-le"))
    assert convert(READ)[0] == 0
    assert path.read_bytes() == "\ufeffSQLAlchemy[asyncio]==2.0.30\r\naiosqlite\r\n".encode("utf-16-le")


def test_a_blocking_call_that_stands_twice_in_a_function(convert: Convert, tmp_path: Path) -> None:
    code = """
    import time

    @app.get("/")
    def read(db: Session = Depends(get_db)):
        time.sleep(1)
        print("still waiting")
        time.sleep(1)
        return db.query(Item).count()
    """
    assert "by hand" not in convert(code)[1]
    assert (tmp_path / "main.py").read_text().count("    await asyncio.sleep(1)\n") == 2


def test_a_file_that_starts_migrations_is_converted(convert: Convert, tmp_path: Path) -> None:
    code = """
    from alembic import command
    from alembic.config import Config

    @app.on_event("startup")
    def migrate():
        command.upgrade(Config("alembic.ini"), "head")
        with make_session() as db:
            print(db.query(Item).count())
    """
    (tmp_path / "migrations").mkdir()
    (tmp_path / "migrations/env.py").write_text(ENVIRONMENT)
    (tmp_path / "alembic.ini").write_text("[alembic]\nsqlalchemy.url = sqlite:///a.db\n")
    assert "by hand" not in convert(code)[1]
    moved = 'await run_in_threadpool(command.upgrade, Config("alembic.ini"), "head")'
    assert moved in (tmp_path / "main.py").read_text()


def test_a_finding_that_no_edit_mends_is_marked(convert: Convert, tmp_path: Path) -> None:
    code = """
    holder = {}

    @app.get("/{item_id}")
    def read(item_id: int, db: Session = Depends(get_db)):
        holder["item"] = db.get_one(Item, item_id)
        db.rollback()
        return {"id": holder["item"].id}
    """
    _, printed = convert(code)
    lines = (tmp_path / "main.py").read_text().splitlines()
    [line] = [number for number, text in enumerate(lines, start=1) if "TODO(async)" in text]
    assert lines[line - 1].strip() == "# TODO(async): expired-attribute-access (AFA305) is left here"
    assert f"main.py:{line + 1}: AFA305" in printed and "AFA002" not in printed


def test_findings_in_a_function_that_is_left_are_told_with_it(convert: Convert) -> None:
    code = """
    from celery import shared_task

    @shared_task
    def clear():
        db = make_session()
        db.query(Item).delete()
        db.commit()
    """
    _, printed = convert(code)
    [line] = [text for text in printed.splitlines() if "main.py:" in text]
    assert "clear is not converted: a task runs outside of an event loop" in line
    assert line.endswith(" findings in it)")


def test_what_was_true_before_is_told_apart(convert: Convert) -> None:
    code = """
    def count():
        db = make_session()
        return db.query(Item).count()
    """
    _, printed = convert(code)
    assert "by hand" not in printed
    assert re.search("^as before the conversion:\n.*AFA504", printed, re.MULTILINE)


def test_one_comment_is_enough(convert: Convert, tmp_path: Path) -> None:
    code = """
    from apscheduler.schedulers.background import BackgroundScheduler

    def clear():
        with make_session() as db:
            db.query(Item).delete()
            db.commit()

    @app.get("/")
    def start():
        BackgroundScheduler().add_job(clear, "interval", hours=1)
    """
    _, printed = convert(code)
    assert "clear is async, and is passed on here" in printed and "AFA105" in printed
    assert (tmp_path / "main.py").read_text().count("TODO(async)") == 1
