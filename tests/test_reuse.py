"""A verdict stands as long as what it was made from: a warm cache gives what an empty one gives.

The oracle edits each file of some projects in turn and compares the two.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from argparse import Namespace
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from case_files import read_cases
from generated.programs import random_program

from flake8_async_fastapi import analysis as analysis_module
from flake8_async_fastapi.analysis import Analysis, analysis_of, open_analysis
from flake8_async_fastapi.engine import entry
from flake8_async_fastapi.extract import extract
from flake8_async_fastapi.facts.module import encode_code
from flake8_async_fastapi.knowledge.settings import Settings, read_settings
from flake8_async_fastapi.plugin import Plugin
from flake8_async_fastapi.project.answers import _BY_KIND, Answers
from flake8_async_fastapi.project.changes import _MAY_CHANGE, Changes
from flake8_async_fastapi.project.reads import Question
from flake8_async_fastapi.rules.model import Finding
from flake8_async_fastapi.store.cache import Cache

TESTS = Path(__file__).parent
EVERY = 1 if os.environ.get("AFA_ALL_EDITS") else 43
"""Of the edits of the blog, one in so many is tried; all take many minutes (``AFA_ALL_EDITS=1``)."""
BLOG = Path(analysis_module.__file__).parent / "blog"
Files = Mapping[str, str]


def findings(project: Analysis) -> dict[str, list[Finding]]:
    return {path: project.findings(path) for path in sorted(project.sources)}


def lint(files: Files, cache: Cache, lint_only: str | None = None) -> dict[str, list[Finding]]:
    """Prepare a project as the plugin does, and lint it, or one file of it."""
    project = analysis_of(files, cache)
    project.prepare()
    return findings(project) if lint_only is None else {lint_only: project.findings(lint_only)}


def blog(variant: str) -> dict[str, str]:
    root = BLOG / variant
    paths = [path for path in root.rglob("*") if path.suffix in (".py", ".html", ".txt", ".toml", ".xml")]
    return {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in paths}


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files whose verdicts are computed, and not taken from a cache."""
    done: list[str] = []
    analyse = entry.analyse

    def noting(project: object, path: str, *rest: object, **named: object) -> object:
        done.append(path)
        return analyse(project, path, *rest, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(entry, "analyse", noting)
    return done


def edits(files: Files) -> Iterator[tuple[str, dict[str, str]]]:
    """Each file emptied, and with a name changed; a module and a template that are new."""
    for path, text in files.items():
        yield f"{path} emptied", {**files, path: ""}
        yield f"{path} gone", {other: said for other, said in files.items() if other != path}
        for old, new in RENAMES:
            if old in text:
                yield f"{path}: {old} is {new}", {**files, path: text.replace(old, new)}
        yield f"{path} with a line above", {**files, path: "\n" + text}
        yield f"{path} with many lines above", {**files, path: "\n" * 997 + text}
        yield f"{path} with a line in the middle", {**files, path: _line_in_the_middle(text)}
        yield f"{path} turned round", {**files, path: _turned_round(text)}
    yield "a new module", {**files, "os.py": "def getcwd(): ...\n"}
    yield "a second implementation", {**files, "more.py": SECOND}
    yield "a caller", {**files, "caller.py": CALLER}
    yield "requirements", {**files, "requirements.txt": "fastapi==0.100\nsqlalchemy==2.0.1\n"}
    yield "newer requirements", {**files, "requirements.txt": "fastapi==0.118\nsqlalchemy[asyncio]==2.1\n"}


def _line_in_the_middle(text: str) -> str:
    blocks = text.split("\n\n")
    return "\n\n".join((*blocks[: len(blocks) // 2], "", *blocks[len(blocks) // 2 :]))


def _turned_round(text: str) -> str:
    """The text with its definitions in the opposite order, below all else."""
    first, *blocks = text.split("\n\n\n")
    return "\n\n\n".join((first, *reversed(blocks)))


RENAMES = (
    ("async def ", "def "),
    ("selectinload(", "lazyload("), ("expire_on_commit=False", "expire_on_commit=True"),
    ("await session.commit()", "session.commit()"), ("import ", "import not_there, "), ("yield ", "return "),
)  # fmt: skip
SECOND = """
from ports import Journal, Notes

class Other(Journal, Notes):
    async def write(self, session): ...
    async def add(self, session, text): ...
"""
CALLER = """
from main import *

async def call(session):
    await use(session)
"""


def compare(files: Files, tmp_path: Path, every: int = 1) -> int:
    """Edit a project in all ways, and compare a cache that knows it with none; how many edits there were.

    ``every``: one edit of so many is tried.
    """
    known = tmp_path / "known"
    lint(files, Cache(known))
    chosen = list(edits(files))[::every]
    for number, (what, edited) in enumerate(chosen):
        warm, cold = tmp_path / f"warm{number}", tmp_path / f"cold{number}"
        for copy in (warm, cold):
            shutil.copytree(known, copy)
        shutil.rmtree(next(cold.glob("*/findings")))  # what was read of the texts may stay
        assert findings(analysis_of(edited, Cache(warm))) == findings(analysis_of(edited, Cache(cold))), what
    return len(chosen)


@pytest.mark.slow
@pytest.mark.parametrize(("variant", "every"), [("pitfalls", EVERY), ("converted", 3 * EVERY)])
def test_edits_of_the_blog(variant: str, every: int, tmp_path: Path) -> None:
    assert compare(blog(variant), tmp_path, every) * every > 200


CASES = {case.title: case for case in read_cases(TESTS / "cases")}
SEVERAL = [
    "Behind a protocol and an abstract class",
    "Dependencies of all kinds",
    "Annotated aliases of aliases",
    "Routes over a service, a repository and a database object",
    "At import, on the first use, and at start-up",
    "A value that is kept after the first call, with an early return",
    "Classes that a call maps, and tables of their own",
]


@pytest.mark.parametrize("title", SEVERAL)
def test_edits_of_cases(title: str, tmp_path: Path) -> None:
    assert compare(CASES[title].program.files, tmp_path) > 5


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 5))
def test_edits_of_generated_programs(seed: int, tmp_path: Path) -> None:
    assert compare(dict(random_program(seed).files), tmp_path) > 5


# --- what stays in memory after an edit ------------------------------------------------------


def edit_in_memory(files: Files) -> int:
    """Edit the files of a project in all ways, one after the other, and compare with a fresh look at each.

    How many edits there were.
    """
    live, done = analysis_of(files), 0
    findings(live)
    for what, edited in edits(files):
        changed = [path for path in files if edited.get(path, files[path]) != files[path]]
        fresh = analysis_of(edited)
        if edited.keys() != files.keys() or any(fresh.facts_at(path) is None for path in changed):
            continue
        live = live.after_edits({path: edited[path] for path in changed})
        assert findings(live) == findings(fresh), what
        for path in changed:
            live = live.after_edits({path: files[path]})
        done += 1
    return done


@pytest.mark.parametrize("title", SEVERAL)
def test_what_stays_in_memory_is_what_would_be_found(title: str) -> None:
    assert edit_in_memory(CASES[title].program.files) > 3


def test_what_stays_in_memory_has_a_limit(monkeypatch: pytest.MonkeyPatch, computed: list[str]) -> None:
    files = service(1)
    live = analysis_of(files)
    findings(live)
    monkeypatch.setattr(analysis_module, "_MOST_READS", 10)
    computed.clear()
    live = live.after_edits({"app/db.py": files["app/db.py"] + "\n"})
    assert findings(live) == findings(analysis_of(files))
    assert sorted(computed) == sorted([*files, *files])


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 5))
def test_what_stays_in_memory_of_generated_programs(seed: int) -> None:
    assert edit_in_memory(dict(random_program(seed).files)) > 3


def test_an_edit_leaves_other_files_as_they_are_but_for_what_they_hold(computed: list[str]) -> None:
    """A service reads what its callers may have loaded: those of others are as they were."""
    files = service(3)
    live = analysis_of(files)
    findings(live)
    computed.clear()
    path = "app/routers/r1.py"
    live = live.after_edits({path: files[path].replace('"/items1', '"/other1')})
    assert findings(live) == findings(analysis_of(files))
    assert computed[: -len(files)] == [path, "app/services/s1.py"]


def test_a_text_that_does_not_parse_changes_nothing(computed: list[str]) -> None:
    files = service(1)
    live = analysis_of(files)
    before = findings(live)
    computed.clear()
    assert findings(live.after_edits({"app/db.py": "def broken(:\n"})) == before
    assert computed == []


# --- what is computed again ------------------------------------------------------------------


def service(size: int) -> dict[str, str]:
    """An application of routers over services, repositories and models."""
    files = {
        "app/__init__.py": "",
        "app/db.py": DATABASE,
        "app/main.py": "from fastapi import FastAPI\n"
        + "".join(f"from app.routers import r{i}\n" for i in range(size))
        + "app = FastAPI()\n"
        + "".join(f"app.include_router(r{i}.router)\n" for i in range(size)),
        **{f"app/{part}/__init__.py": "" for part in ("models", "repositories", "services", "routers")},
    }
    for i in range(size):
        files[f"app/models/m{i}.py"] = MODEL.replace("%", str(i))
        files[f"app/repositories/p{i}.py"] = REPOSITORY.replace("%", str(i))
        files[f"app/services/s{i}.py"] = SERVICE.replace("%", str(i))
        files[f"app/routers/r{i}.py"] = ROUTER.replace("%", str(i))
    return files


DATABASE = """
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase

engine = create_async_engine("sqlite+aiosqlite://")
factory = async_sessionmaker(engine, expire_on_commit=False)


class Base(DeclarativeBase):
    pass


async def get_db():
    async with factory() as session:
        yield session
"""
MODEL = """
from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Base


class Item%(Base):
    __tablename__ = "items%"
    id: Mapped[int] = mapped_column(primary_key=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("items%.id"))
    children: Mapped[list["Item%"]] = relationship()
"""
REPOSITORY = """
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.m% import Item%


class Repository%:
    def __init__(self, session: AsyncSession) -> None:
        self.session = session

    async def get(self, id: int) -> Item%:
        return (await self.session.execute(select(Item%).where(Item%.id == id))).scalar_one()
"""
SERVICE = """
from app.repositories.p% import Repository%


class Service%:
    def __init__(self, session) -> None:
        self.repository = Repository%(session)

    async def children(self, id: int) -> list:
        item = await self.repository.get(id)
        return [child.id for child in item.children]
"""
ROUTER = """
from fastapi import APIRouter, Depends

from app.db import get_db
from app.services.s% import Service%

router = APIRouter()


@router.get("/items%/{id}")
async def children%(id: int, db=Depends(get_db)):
    return await Service%(db).children(id)
"""


def test_a_change_of_a_router_leaves_most_verdicts(tmp_path: Path, computed: list[str]) -> None:
    files, cache = service(80), Cache(tmp_path)
    before = lint(files, cache)
    assert len(computed) == len(files) > 300
    assert sum(map(len, before.values())) >= 80  # the lazy loads are seen through all layers
    computed.clear()
    router = files["app/routers/r7.py"].replace('"/items7', '"/other7') + "\n\nx = 1\n"
    edited = {**files, "app/routers/r7.py": router}
    assert findings(analysis_of(edited, cache)) == findings(analysis_of(edited))
    again = computed[: -len(files)]
    assert 0 < len(again) <= len(files) / 10


def test_what_a_change_reaches_is_computed_again(tmp_path: Path, computed: list[str]) -> None:
    files, cache = service(3), Cache(tmp_path)
    lint(files, cache)
    computed.clear()
    path = "app/repositories/p1.py"
    loaded = files[path].replace("select(Item1)", "select(Item1).options(selectinload(Item1.children))")
    imports = "import select\nfrom sqlalchemy.orm import selectinload\n"
    edited = {**files, path: loaded.replace("import select\n", imports)}
    after = findings(analysis_of(edited, cache))
    assert {*computed} >= {path, "app/services/s1.py", "app/routers/r1.py"}
    assert not {"app/services/s2.py", "app/routers/r2.py", "app/models/m1.py"} & {*computed}
    assert [finding.code for found in after.values() for finding in found].count("AFA301") == 2


EXPIRING = """
from app.models import Item


async def unrelated():
    return Item


async def save(session, item: Item):
    session.add(item)
    await session.commit()


def other(): ...
"""
READING = """
from fastapi import Depends
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine, async_sessionmaker

from app import saving
from app.models import Item

factory = async_sessionmaker(create_async_engine("sqlite+aiosqlite://"))


async def route(id: int):
    async with factory() as session:
        item = await session.get(Item, id)
        await saving.save(session, item)
        return item.id
"""
USING = "from app import saving\n\n\nasync def route(id: int):\n    return saving.other()\n"


CODE = "class A:\n    name = 'a', 1, 2\n\n    def f(self, x=7): return x, '[\"Name\",1,2'\n"


@pytest.mark.parametrize(
    ("edited", "is_same"),
    [
        ("\n\n" + CODE, True),
        (CODE.replace("self, x", "self,\n\n    x"), True),
        (CODE.replace("'a', 1", "'a', 3"), False),
        (CODE.replace("x=7", "x=8"), False),
        (CODE.replace(',1,2\'', ',1,3\''), False),
        (CODE.replace("name", "nome"), False),
        (CODE + "    x = 1\n", False),
    ],
)  # fmt: skip
def test_statements_are_compared_without_their_lines(edited: str, is_same: bool) -> None:
    one, other = (encode_code([(True, extract(text).body()[0])]) for text in (CODE, edited))
    assert (one == other) is is_same


def test_a_line_more_matters_where_a_finding_names_one(tmp_path: Path, computed: list[str]) -> None:
    model = MODEL.replace("%", "").replace("app.db", "app.base")
    base = "from sqlalchemy.orm import DeclarativeBase\n\n\nclass Base(DeclarativeBase): ...\n"
    files = {"app/__init__.py": "", "app/base.py": base, "app/models.py": model, "app/saving.py": EXPIRING,
             "app/reading.py": READING, "app/using.py": USING}  # fmt: skip
    cache = Cache(tmp_path)
    assert _lines_of_saving(lint(files, cache)) == [11]
    computed.clear()
    moved = {**files, "app/saving.py": EXPIRING.replace("    return Item", "    x = 1\n    return Item")}
    assert _lines_of_saving(lint(moved, cache)) == [12]
    assert computed == ["app/reading.py", "app/saving.py"]
    computed.clear()
    turned = moved["app/saving.py"].replace("async def un", "def other(): ...\nasync def un", 1)
    lint({**moved, "app/saving.py": turned.removesuffix("def other(): ...\n")}, cache)
    assert "app/using.py" in computed  # which of two places comes first may count


HELPERS = """
import asyncio


def start(job):
    asyncio.run(job)


def add(one, other):
    return one + other
"""
WAITING = """
import time

from fastapi import FastAPI

app = FastAPI()


async def pause():
    time.sleep(3)


@app.get("/")
async def wait():
    await pause()
"""


def test_what_is_asked_of_a_file_may_be_less_than_its_code(tmp_path: Path, computed: list[str]) -> None:
    """Whether code runs once is asked of all that starts loops; what else these files do is not."""
    files, cache = {"helpers.py": HELPERS, "waiting.py": WAITING}, Cache(tmp_path)
    before = lint(files, cache)
    assert [finding.code for finding in before["waiting.py"]] == ["AFA203"]
    computed.clear()
    lint({**files, "helpers.py": HELPERS.replace("one + other", "other + one")}, cache)
    assert computed == ["helpers.py"]
    computed.clear()
    lint({**files, "helpers.py": HELPERS.replace("start", "begin")}, cache)
    assert computed == ["helpers.py", "waiting.py"]


def test_views_are_known_where_verdicts_are_compared() -> None:
    """A process that has computed nothing knows the views that a verdict of the cache asks for."""
    program = """
import pkgutil, importlib, flake8_async_fastapi as package
from flake8_async_fastapi import analysis
from flake8_async_fastapi.project import views

analysis.all_hooks()
known = dict(views._VIEWS)
for folder in ("engine", "domains", "project"):
    for found in pkgutil.walk_packages([f"{package.__path__[0]}/{folder}"], f"{package.__name__}.{folder}."):
        importlib.import_module(found.name)
print(len(known), known == views._VIEWS)
"""
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    count, is_complete = said.stdout.split()
    assert int(count) > 10
    assert is_complete == "True"


def _lines_of_saving(found: Mapping[str, list[Finding]]) -> list[int]:
    texts = " ".join(finding.message for finding in found["app/reading.py"])
    return [int(line) for line in re.findall(r"app/saving\.py:(\d+)", texts)]


def test_settings_have_verdicts_of_their_own(tmp_path: Path, computed: list[str]) -> None:
    files = {"main.py": "import app\n\n\nasync def f():\n    app.load()\n", "app.py": "def load(): ...\n"}
    cache = Cache(tmp_path)
    plain, blocking = Settings(), read_settings(["AFA205=app.load"], [], [])
    assert findings(analysis_of(files, cache, plain))["main.py"] == []
    assert [one.code for one in findings(analysis_of(files, cache, blocking))["main.py"]] == ["AFA205"]
    assert findings(analysis_of(files, cache, plain))["main.py"] == []


def test_a_function_beyond_its_budget_has_no_list_of_questions(
    tmp_path: Path, computed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flake8_async_fastapi.engine.queries.MOST_STEPS", 2)
    files, cache = {"main.py": "def f():\n" + "    x = 1\n" * 9, "other.py": ""}, Cache(tmp_path)
    findings(analysis_of(files, cache))
    computed.clear()
    findings(analysis_of(files, cache))
    assert computed == []
    findings(analysis_of({**files, "other.py": "y = 2\n"}, cache))
    assert computed == ["main.py", "other.py"]


def test_reuse_can_be_turned_off(tmp_path: Path, computed: list[str]) -> None:
    project, cache = tmp_path / "project", Cache(tmp_path / "cache")
    project.mkdir()
    (project / "main.py").write_text("x = 1\n")
    for text, reuses, again in (
        ("", True, ["main.py", "other.py"]),
        ("y = 2\n", True, ["other.py"]),
        ("y = 3\n", False, ["main.py", "other.py"]),
    ):
        (project / "other.py").write_text(text)
        computed.clear()
        now = open_analysis(project, cache, reuses=reuses)
        now.prepare()
        findings(now)
        assert computed == again


def test_the_option_turns_reuse_off(tmp_path: Path) -> None:
    options = Namespace(filenames=["."], afa_root=str(tmp_path), afa_cache_dir="off", afa_reuse="off",
                        quiet=0, verbose=0, afa_blocking=[], afa_offloaders=[], afa_allowed=[],
                        afa_brief="off", afa_level="certain")  # fmt: skip
    (tmp_path / "main.py").write_text("x = 1\n")
    Plugin.parse_options(options)
    assert [analysis.reuses for analysis in Plugin.projects.opened.values()] == [False]
    options.afa_reuse = "on"
    Plugin.parse_options(options)
    assert [analysis.reuses for analysis in Plugin.projects.opened.values()] == [True]


# --- what is asked again ---------------------------------------------------------------------


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> set[Question]:
    """The questions whose answers are compared with earlier ones."""
    noted: set[Question] = set()
    encode = Answers.encode_answer

    def noting(answers: Answers, question: Question) -> bytes | None:
        noted.add(question)
        return encode(answers, question)

    monkeypatch.setattr(Answers, "encode_answer", noting)
    return noted


def about(asked: set[Question], *kinds: str) -> set[Question]:
    return {question for question in asked if question[0] in kinds}


OF_ONE_FILE = ("exists", "code", "binding", "binds", "exports", "imports of", "star targets")


def test_only_questions_about_the_changed_file_are_asked_again(tmp_path: Path, asked: set[Question]) -> None:
    files, cache, path = service(10), Cache(tmp_path), "app/models/m7.py"
    lint(files, cache)
    everything = {*asked}
    assert {question[1] for question in about(everything, *OF_ONE_FILE)} >= {path, "app/models/m6.py"}
    asked.clear()
    after = lint({**files, path: files[path] + "\n\nx = 1\n"}, cache, "app/routers/r7.py")
    assert {question[1] for question in about(asked, *OF_ONE_FILE)} == {path}
    assert about(asked, "target", "module", "submodule", "mentioning") == set()
    assert after == {path: found for path, found in findings(analysis_of(files)).items() if path in after}
    asked.clear()
    lint({**files, path: files[path] + "\n\nx = 2\n"}, cache, "app/routers/r6.py")
    assert about(asked, *OF_ONE_FILE) == set()  # the verdict is two states old


def test_a_module_more_may_be_what_an_import_means(tmp_path: Path, asked: set[Question]) -> None:
    files, cache = service(3), Cache(tmp_path)
    lint(files, cache)
    everything = {*asked}
    asked.clear()
    lint({**files, "app/more.py": ""}, cache)
    assert about(asked, "target") >= about(everything, "target") != set()
    assert about(asked, "placed code", "code", "binding") == {("placed code", "app/more.py")}


BEFORE = "from os import path\n\none = path\n"


@pytest.mark.parametrize(
    ("now", "question", "may_change"),
    [
        ("one = other\n", ("mentioning", "other"), True),
        ("one = other\n", ("mentioning", "path"), True),
        ("one = other\n", ("mentioning", "one"), False),
        ("one = other\n", ("mentioning", "nothing"), False),
        ("one = other\n", ("target", "b.py", 0, "a", "path"), True),
        ("one = other\n", ("target", "b.py", 0, "a", "one"), False),
        ("one = other\n", ("target", "b.py", 0, "a", None), False),
        ("one = other\n", ("submodule", "__init__.py", "a"), False),
        (None, ("target", "b.py", 0, "a", "one"), True),
        (None, ("module", "a", "b.py"), True),
        (None, ("submodule", "__init__.py", "a"), True),
        (None, ("star targets", "b.py"), True),
        (None, ("mentioning", "one"), True),
        (None, ("exists", "a.py"), True),
        (None, ("exists", "b.py"), False),
        ("one = 1\n", ("view", "a.py", "no such view", None), True),
        ("one = 1\n", ("view", "b.py", "no such view", None), False),
        (None, ("binding", "b.py", "one"), False),
        ("one = 1\n", ("classes named", "One"), False),
        ("class One: ...\n", ("classes named", "One"), True),
        ("class One: ...\n", ("below", "Base"), True),
        ("import sys\n", ("imported", "sys"), True),
        ("path = 1\n", ("imported", "sys"), True),
        ("from os import path\n", ("imported", "sys"), False),
        ("from os import path\nx = Depends(path)\n", ("registrations", "path"), True),
        ("from os import path\n", ("registrations", "path"), False),
        ("one = 1\n", ("requirements", "b.py"), False),
        ("one = 1\n", ("no such kind",), True),
        ("one = 1\n", ("target",), True),
        ("one = 1\n", ("mentioning", 7), True),
        ("one = 1\n", (), True),
    ],
)
def test_what_may_have_another_answer(now: str | None, question: Question, may_change: bool) -> None:
    facts = None if now is None else extract(now)
    assert Changes({"a.py": extract(BEFORE)}, {"a.py": facts}).may_change(question) is may_change
    assert Changes({"a.py": facts}, {"a.py": extract(BEFORE)}).may_change(question) is may_change


def test_the_kinds_that_are_decided_are_kinds_of_questions() -> None:
    assert set(_MAY_CHANGE) <= set(_BY_KIND)


@pytest.mark.parametrize("files", [service(3), blog("pitfalls")], ids=["service", "blog"])
def test_a_question_that_need_not_be_asked_again_has_the_same_answer(files: Files, tmp_path: Path) -> None:
    cache = Cache(tmp_path)  # for what is read of the texts
    before = analysis_of(files, cache)
    asked: set[Question] = set()
    for path in before.sources:
        before.findings(path)
        before.events(path)
        asked.update(before.project.questions() or ())
    settled = 0
    for what, edited in list(edits(files))[:: 1 if len(files) < 30 else EVERY]:
        now = analysis_of(edited, cache)
        old, new = before.project.answers.facts, now.project.answers.facts
        differ = [path for path in {**files, **edited} if files.get(path) != edited.get(path)]
        modules = [path for path in differ if path.endswith(".py")]
        changes = Changes(
            {path: old.get(path) for path in modules},
            {path: new.get(path) for path in modules},
            others=len(differ) > len(modules) or {*before.templates} != {*now.templates},
        )
        same = [question for question in asked if not changes.may_change(question)]
        settled += len(same)
        ask, asked_before = now.project.fingerprint, before.project.fingerprint
        assert [question for question in same if ask(question) != asked_before(question)] == [], what
    assert len(asked) > 150 and settled > 1_000


def test_without_the_earlier_state_everything_is_computed(tmp_path: Path, computed: list[str]) -> None:
    files, cache, path = service(3), Cache(tmp_path), "app/routers/r2.py"
    for folder in ("prepared", "facts"):
        lint(files, cache)
        computed.clear()
        shutil.rmtree(tmp_path / "v1" / folder)
        lint({**files, path: files[path] + f"\n\n{folder} = 1\n"}, cache, "app/routers/r1.py")
        assert computed == ["app/routers/r1.py"]


def test_projects_of_one_run_keep_their_verdicts_apart(tmp_path: Path, computed: list[str]) -> None:
    cache = Cache(tmp_path / "cache")
    for name, text in (("one", "x = 1\n"), ("other", "import os\n")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "main.py").write_text(text)
        findings(open_analysis(tmp_path / name, cache, name=name))
    assert computed == ["main.py", "main.py"]
    for name in ("one", "other"):
        findings(open_analysis(tmp_path / name, cache, name=name))
    assert computed == ["main.py", "main.py"]


# --- what is written again -------------------------------------------------------------------


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The kinds of entries that are written into caches."""
    kinds: list[str] = []
    write = Cache.write

    def noting(cache: Cache, kind: str, key: str, data: bytes) -> None:
        kinds.append(kind)
        write(cache, kind, key, data)

    monkeypatch.setattr(Cache, "write", noting)
    return kinds


def test_a_verdict_that_stands_without_a_question_is_not_written_again(
    tmp_path: Path, written: list[str], computed: list[str]
) -> None:
    files, cache = {f"m{i}.py": f"x{i} = 1\n" for i in range(40)}, Cache(tmp_path)
    lint(files, cache)
    assert written.count("findings") == 40
    for changed in ("m1.py", "m2.py"):
        written.clear()
        computed.clear()
        files = {**files, changed: "y = 1\n"}
        lint(files, cache)
        assert computed == [changed]
        assert written.count("findings") == 1


def test_a_verdict_that_took_asking_is_written_again(
    tmp_path: Path, written: list[str], computed: list[str]
) -> None:
    files, cache, path = service(3), Cache(tmp_path), "app/db.py"
    lint(files, cache)
    written.clear()
    computed.clear()
    lint({**files, path: files[path] + "\n\nclass Other: ...\n"}, cache)
    assert written.count("findings") > len(computed) > 0
    assert written.count("findings") < len(files) + len(computed)
    written.clear()
    lint({**files, path: files[path] + "\n\nclass Other: ...\n"}, cache)
    assert "findings" not in written


def test_a_verdict_far_behind_is_written_again(tmp_path: Path, written: list[str]) -> None:
    files, cache = {f"m{i}.py": f"x{i} = 1\n" for i in range(40)}, Cache(tmp_path)
    lint(files, cache)
    written.clear()
    edited = {path: text if path == "m39.py" else text + "y = 1\n" for path, text in files.items()}
    lint(edited, cache, "m39.py")
    assert written.count("findings") == 1
