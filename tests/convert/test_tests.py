"""The tests of a converted program: they run, and pass."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sync_program import READ, SETUP

from flake8_async_fastapi.cli import main

ITEMS = """

class Items:
    def __init__(self, db: Session) -> None:
        self.db = db

    def count(self) -> int:
        return self.db.query(Item).count()
"""
CONFTEST = """\
import main
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import create_engine
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import StaticPool

engine = create_engine("sqlite://", connect_args={"check_same_thread": False}, poolclass=StaticPool)
TestingSession = sessionmaker(autoflush=False, bind=engine)


@pytest.fixture
def db():
    main.Base.metadata.create_all(engine)
    connection = engine.connect()
    transaction = connection.begin()
    session = TestingSession(bind=connection)
    yield session
    session.close()
    transaction.rollback()
    connection.close()
    main.Base.metadata.drop_all(engine)


@pytest.fixture
def client(db: Session):
    main.app.dependency_overrides[main.get_db] = lambda: db
    with TestClient(main.app) as client:
        yield client
"""
CREATES, DROPS = (f"    main.Base.metadata.{name}_all(engine)\n" for name in ("create", "drop"))


def on_import(text: str) -> str:
    """The tables are made when the file is imported."""
    made = DROPS.strip() + "\n" + CREATES.strip()
    plain = text.replace(CREATES, "").replace(DROPS, "")
    return plain.replace("\n\n@pytest.fixture\ndef db", f"{made}\n\n\n@pytest.fixture\ndef db")


TESTS = """\
from unittest.mock import MagicMock

import pytest
from fastapi.testclient import TestClient
from main import Item, Items
from sqlalchemy import select
from sqlalchemy.orm import Session

pytestmark = pytest.mark.filterwarnings("default")


def test_nothing_is_there(db: Session) -> None:
    assert db.query(Item).count() == 0


def test_items_are_kept(db: Session) -> None:
    db.add(Item())
    db.commit()
    assert [item.id for item in db.query(Item).all()] == [1]


class Rows:
    def count(self) -> int:
        return 3


@pytest.fixture
def rows():
    return Rows()


def test_a_double(rows: Items) -> None:
    assert rows.count() == 3


def test_a_mock() -> None:
    plain = Session.scalar
    Session.scalar = MagicMock(return_value=4)
    try:
        with Session() as session:
            assert session.scalar(select(Item.id)) == 4
    finally:
        Session.scalar = plain


def test_a_mock_without_a_result() -> None:
    plain = Session.execute
    Session.execute = MagicMock()
    try:
        with Session() as session:
            assert session.execute(select(Item.id)).all() is not None
    finally:
        Session.execute = plain


def test_it_counts(client: TestClient) -> None:
    assert client.get("/").json() == 0


def test_plain() -> None:
    assert Item.__tablename__ == "items"
"""


@pytest.mark.parametrize("has_conftest", [True, False])
def test_they_run(has_conftest: bool, tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(SETUP + READ + ITEMS)
    files = {"conftest.py": CONFTEST, "test_items.py": TESTS}
    if not has_conftest:
        files = {"test_items.py": on_import(CONFTEST) + TESTS}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    for _ in range(2):
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
        environment = {**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert "7 passed" in done.stdout, done.stdout
        main(["convert", str(tmp_path)])
    marks = 'pytestmark = [pytest.mark.filterwarnings("default"), pytest.mark.anyio]'
    assert marks in (tmp_path / "test_items.py").read_text()
