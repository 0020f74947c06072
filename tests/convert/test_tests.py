"""The tests of a converted program: they run, and pass."""

from pathlib import Path

import pytest
from sync_program import READ, SETUP, run_tests

from flake8_async_fastapi.cli import main

ITEMS = """

started = []


@app.on_event("startup")
def note_start():
    started.append(engine)


@app.post("/items")
def create(db: Session = Depends(get_db)):
    item = Item()
    db.add(item)
    db.commit()
    return item.id


@app.websocket("/feed")
async def feed(socket: WebSocket):
    await socket.accept()
    await socket.send_text("news")
    await socket.close()


def size(db: Session) -> int:
    return db.query(Item).count()


@app.get("/size")
def show_size(db: Session = Depends(get_db)):
    return size(db)


class Work:
    def __init__(self, db: Session) -> None:
        self.db = db

    def __enter__(self):
        return self

    def __exit__(self, *error) -> None:
        self.db.commit()

    def count_items(self) -> int:
        return self.db.query(Item).count()


def counted(work) -> int:
    with work as opened:
        return opened.count_items()


@app.get("/counted")
def show_counted(db: Session = Depends(get_db)):
    return counted(Work(db))


def names(db: Session) -> list[str]:
    return [f"item {found}" for found in db.scalars(sqlalchemy.select(Item.id)).all()]


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
FIXTURES = """

@pytest.fixture
def make_item(client):
    def make() -> int:
        return client.post("/items").json()

    return make


@pytest.fixture
def two_items(make_item) -> list[int]:
    return [make_item() for _ in range(2)]
"""
CREATES, DROPS = (f"    main.Base.metadata.{name}_all(engine)\n" for name in ("create", "drop"))


def on_import(text: str) -> str:
    """The tables are made when the file is imported."""
    made = DROPS.strip() + "\n" + CREATES.strip()
    plain = text.replace(CREATES, "").replace(DROPS, "")
    return plain.replace("\n\n@pytest.fixture\ndef db", f"{made}\n\n\n@pytest.fixture\ndef db")


TESTS = """\
from unittest.mock import MagicMock

import main
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


def test_a_function_is_replaced(client: TestClient, monkeypatch) -> None:
    monkeypatch.setattr(main, "size", lambda db: 5)
    assert client.get("/size").json() == 5


def test_a_function_is_replaced_by_name(client: TestClient, monkeypatch) -> None:
    def fake(db):
        return 6

    monkeypatch.setattr("main.size", fake)
    assert client.get("/size").json() == 6


class Recorder:
    commits = 0

    def add(self, item) -> None:
        item.id = 7

    def commit(self) -> None:
        self.commits += 1

    def close(self) -> None: ...


def test_a_double_of_a_session() -> None:
    recorder = Recorder()
    assert main.create(recorder) == 7
    assert recorder.commits == 1


@pytest.fixture
def mocked():
    return MagicMock()


def test_a_mock_of_a_session(mocked) -> None:
    mocked.scalars.return_value.all.return_value = [1]
    assert main.names(mocked) == ["item 1"]
    mocked.scalars.assert_called_once()


def test_a_mock_of_a_context() -> None:
    work = MagicMock()
    work.__enter__.return_value = work
    work.count_items.return_value = 8
    assert main.counted(work) == 8


def test_a_mock_without_a_result() -> None:
    plain = Session.execute
    Session.execute = MagicMock()
    try:
        with Session() as session:
            assert session.execute(select(Item.id)).all() is not None
    finally:
        Session.execute = plain


def count(client: TestClient) -> int:
    return client.get("/").json()


def test_it_counts(client: TestClient) -> None:
    assert count(client) == 0 and main.started


def test_what_is_there_already(client: TestClient, two_items: list[int], db: Session) -> None:
    assert two_items == [1, 2]
    assert count(client) == 2 == db.query(Item).count()


class TestRequests:
    @pytest.mark.parametrize(("method", "status"), [("get", 200), ("post", 405)])
    def test_methods(self, client, method: str, status: int) -> None:
        assert getattr(client, method)("/").status_code == status

    def test_a_stream(self, client) -> None:
        client.headers["x-name"] = "x"
        with client.stream("GET", "/") as response:
            assert response.status_code == 200


own_client = TestClient(main.app, raise_server_exceptions=False)


def test_a_client_of_the_file() -> None:
    assert own_client.get("/nowhere").status_code == 404


def test_a_socket() -> None:
    with TestClient(main.app) as client, client.websocket_connect("/feed") as socket:
        assert socket.receive_text() == "news"


def test_plain() -> None:
    assert Item.__tablename__ == "items"
"""


WAYS = {
    "AnyIO": ("conftest.py", "pytest", "pytest.mark.anyio"),
    "AnyIO without a conftest": ("test_items.py", "pytest", "pytest.mark.anyio"),
    "pytest-asyncio": ("conftest.py", "pytest-asyncio", 'pytest.mark.asyncio(loop_scope="session")'),
}


@pytest.mark.parametrize("way", WAYS)
def test_they_run(way: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home, plugin, mark = WAYS[way]
    setup = SETUP.replace("import Depends, FastAPI", "import Depends, FastAPI, WebSocket")
    setup = f"import sqlalchemy\n{setup}"
    fixtures = CONFTEST + FIXTURES if home == "conftest.py" else on_import(CONFTEST + FIXTURES)
    files = {"main.py": setup + READ + ITEMS, "test_items.py": "", "requirements.txt": f"{plugin}\n"}
    files[home] = fixtures
    if way == "pytest-asyncio":
        files["tests/items.py"] = "import pytest\n" + FIXTURES
        files[home] = CONFTEST + 'pytest_plugins = ["tests.items"]\n'
    files["test_items.py"] += TESTS
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    if way == "AnyIO":
        assert "18 passed" in run_tests(tmp_path)
    assert main(["convert", str(tmp_path)]) == 0
    assert "AFA002" in capsys.readouterr().out
    after = run_tests(tmp_path)
    assert "18 passed" in after, after
    tests = (tmp_path / "test_items.py").read_text()
    assert f'pytestmark = [pytest.mark.filterwarnings("default"), {mark}]' in tests
    assert "# TODO(async): this TestClient is not converted: an AsyncClient has no websocket_connect" in tests
    assert tests.count("TestClient(") == 1
    assert ("httpx" in (tmp_path / "requirements.txt").read_text()) is (plugin == "pytest")
