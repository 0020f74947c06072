"""Small synchronous programs, for tests that convert them."""

import os
import re
import subprocess
import sys
from pathlib import Path

from pytest_runs import PLUGINS

PROGRAMS = Path(__file__).parent / "convert" / "programs"
_FILE = re.compile(r"^=== (?P<path>\S+)\n(?P<text>.*?)(?=^=== |\Z)", re.MULTILINE | re.DOTALL)

SETUP = """\
from fastapi import Depends, FastAPI
from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

engine = create_engine("sqlite:///app.db")
make_session = sessionmaker(engine)
app = FastAPI()


class Base(DeclarativeBase):
    pass


class Item(Base):
    __tablename__ = "items"
    id: Mapped[int] = mapped_column(primary_key=True)


def get_db():
    with make_session() as db:
        yield db


"""

READ = """
@app.get("/")
def read(db: Session = Depends(get_db)):
    return db.query(Item).count()
"""

NAME = "test_main.py"
"""The rules for tests hold in it, too."""

LEFT = {
    "an inspected engine": (
        """
        from sqlalchemy import inspect

        def has_tables(db: Session):
            return db.query(Item).count() and inspect(engine).has_table("items")
        """,
        "inspect() takes no async engine: let connection.run_sync() run what calls it",
    ),
    "a constructor": (
        """
        class Count:
            def __init__(self, db: Session = Depends(get_db)):
                self.value = db.query(Item).count()
        """,
        "__init__ is not converted: __init__() cannot be async",
    ),
    "a lambda": (
        """
        def count(db: Session):
            return (lambda: db.query(Item).count())()
        """,
        "count is not converted: a lambda in it uses the database",
    ),
    "a decorator of functions of both kinds": (
        """
        def safe(function):
            def wrapper(*args):
                try:
                    return function(*args)
                except ValueError:
                    return None

            return wrapper

        @safe
        def count(db: Session):
            return db.query(Item).count()

        @safe
        def double(text):
            return int(text) * 2
        """,
        "wrapper is not converted: it wraps functions that are async now, and others that are not",
    ),
    "a validator": (
        """
        from functools import lru_cache

        @lru_cache
        def count():
            with make_session() as db:
                return db.query(Item).count()
        """,
        "count is not converted: a function under @lru_cache cannot be async",
    ),
    "a method that select() has not": (
        """
        def strange(db: Session):
            return db.query(Item).enable_assertions(False).all()
        """,
        "strange is not converted: select() has nothing like Query.enable_assertions()",
    ),
    "a query without its session": (
        """
        def run(query):
            return query.all()

        def start(db: Session):
            return run(db.query(Item))
        """,
        "run is not converted: nothing here says which session runs the query",
    ),
    "a callback": (
        """
        def size(item):
            with make_session() as db:
                return db.query(Item).count()

        def ordered(items):
            return sorted(items, key=size)
        """,
        "size is async, and is passed on here",
    ),
    "a thread": (
        """
        from threading import Thread

        def work():
            with make_session() as db:
                db.query(Item).delete()
                db.commit()

        @app.get("/start")
        def start():
            Thread(target=work).start()
        """,
        "work is async, and is passed on here",
    ),
    "a lambda with a client of tests": (
        """
        from fastapi.testclient import TestClient

        client = TestClient(app)
        ask = lambda: client.get("/")
        """,
        "this TestClient is not converted: a lambda uses it",
    ),
    "a mock of a session": (
        """
        from unittest.mock import MagicMock

        def test_count():
            db = MagicMock(spec=Session)
            assert db.query
        """,
        "a mock stands in for a session here, whose methods are awaited now",
    ),
    "a fixture that is asked for by its name": (
        """
        import pytest

        @pytest.fixture
        def items():
            with make_session() as db:
                yield db.query(Item).all()

        def test_count(request):
            assert request.getfixturevalue("items") == []
        """,
        "test_count is not converted: getfixturevalue() cannot run the fixture items: make it a parameter",
    ),
    "a query that belongs to a class": (
        """
        from sqlalchemy.orm import scoped_session

        scope = scoped_session(make_session)
        Base.query = scope.query_property()
        """,
        "an async_scoped_session has no query_property(): write select()",
    ),
    "a function that makes the application": (
        """
        def make_app():
            app = FastAPI()
            with make_session() as db:
                app.state.count = db.query(Item).count()
            return app
        """,
        "make_app is not converted: it makes the application, outside of an event loop",
    ),
    "a call on import": (
        """
        def count():
            with make_session() as db:
                return db.query(Item).count()

        COUNT = count()
        """,
        "count is async, and no event loop runs here",
    ),
    "code that runs on import": (
        """
        items = make_session().query(Item).all()
        """,
        "this uses the database when the file is imported",
    ),
}
"""What goes below ``SETUP`` and cannot be converted, each with the comment that says so."""


def files_of(name: str) -> dict[str, str]:
    """The files of one of the programs."""
    text = (PROGRAMS / f"{name}.txt").read_text()
    return {found["path"]: found["text"] for found in _FILE.finditer(text)}


def run_tests(folder: Path) -> str:
    """What pytest says about the tests of a program."""
    command = [sys.executable, "-m", "pytest", "-q", *PLUGINS]
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return done.stdout
