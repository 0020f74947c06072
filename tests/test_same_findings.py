"""One text, one verdict: however flake8 is started, and whatever the cache holds."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from flake8_runs import Flake8, RunFlake8, write_files

from flake8_async_fastapi.analysis import Analysis, analysis_of
from flake8_async_fastapi.store.cache import Cache

PROJECT = {
    "pyproject.toml": "",
    "app/__init__.py": "",
    "app/db.py": """\
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

factory = async_sessionmaker(create_async_engine("sqlite+aiosqlite://"), expire_on_commit=False)


async def get_db():
    async with factory() as session:
        yield session


async def ping():
    async with factory() as session:
        session.rollback()
""",
    "app/service.py": """\
class Posts:
    def __init__(self, session):
        self.session = session

    async def save(self):
        await self.session.commit()


async def notify(text):
    return text
""",
    "app/main.py": """\
from fastapi import Depends, FastAPI

from .db import get_db
from .service import Posts, notify

app = FastAPI(lifespan=print)


@app.post("/posts")
async def create(db=Depends(get_db)):
    Posts(db).save()
    notify("new")
    db.commit()
    db.rollback()  # noqa: AFA101
""",
    "app/events.py": """\
from app.main import app


@app.on_event("startup")
def start() -> None:
    print("up")
""",
    "scripts/fill.py": """\
from app.db import factory
from app.service import notify as tell


async def fill():
    async with factory() as session:
        session.commit()
    tell("done")
""",
}
MAIN = {("app/main.py", 11, "AFA105"), ("app/main.py", 12, "AFA105"), ("app/main.py", 13, "AFA101")}
ALL = MAIN | {
    ("app/db.py", 13, "AFA101"),
    ("app/events.py", 4, "AFA401"),
    ("app/events.py", 4, "AFA402"),
    ("scripts/fill.py", 7, "AFA101"),
    ("scripts/fill.py", 8, "AFA105"),
}
FILES = [name for name in PROJECT if name.endswith(".py")]
STARTED_BY = "import multiprocessing; multiprocessing.set_start_method({!r})"
METHODS = ["spawn", "forkserver", "fork"] if sys.platform != "win32" else ["spawn"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "a project"
    write_files(folder, PROJECT)
    return folder


def of(path: str) -> set[tuple[str, int, str]]:
    return {finding for finding in ALL if finding[0] == path}


def without(found: Flake8, prefix: object) -> set[tuple[str, int, str]]:
    return {(path.removeprefix(f"{prefix}{os.sep}"), line, code) for path, line, code in found.findings}


# The ways to start flake8


@pytest.mark.parametrize("jobs", ["-j1", "-j4"])
@pytest.mark.parametrize("cache", ["on", "off"])
def test_jobs(project: Path, flake8: RunFlake8, jobs: str, cache: str) -> None:
    given = {"cache": "off"} if cache == "off" else {}
    assert flake8(project, jobs, **given).findings == ALL
    assert flake8(project, jobs, **given).findings == ALL


@pytest.mark.parametrize("method", METHODS)
def test_start_method(project: Path, flake8: RunFlake8, method: str) -> None:
    before = STARTED_BY.format(method)
    assert flake8(project, "-j2", before=before).findings == ALL  # cold
    assert flake8(project, "-j2", before=before).findings == ALL
    assert flake8(project, "-j2", before=before, cache="off").findings == ALL


def test_one_file_at_a_time(project: Path, flake8: RunFlake8) -> None:
    for name in FILES:
        assert flake8(project, name).findings == of(name)


def test_any_order(project: Path, flake8: RunFlake8) -> None:
    assert flake8(project, *reversed(FILES)).findings == ALL
    assert flake8(project, *FILES[3:], *FILES[:3], cache="off").findings == ALL


def test_from_other_folders(project: Path, tmp_path: Path, flake8: RunFlake8) -> None:
    assert flake8(project / "app", "main.py").findings == {("main.py", *rest) for _, *rest in MAIN}
    assert flake8(project / "scripts", "../app/main.py").findings == {
        ("../app/main.py", *r) for _, *r in MAIN
    }
    assert without(flake8(tmp_path, project.name), project.name) == ALL
    assert without(flake8(tmp_path, project), project) == ALL  # absolute
    assert without(flake8(Path(os.sep), project / "app/main.py"), project) == MAIN


def test_symbolic_link_to_the_project(project: Path, tmp_path: Path, flake8: RunFlake8) -> None:
    link = tmp_path / "link"
    link.symlink_to(project, target_is_directory=True)
    assert flake8(link).findings == ALL
    assert without(flake8(tmp_path, "link"), "link") == ALL
    assert without(flake8(tmp_path, link / "app/main.py"), link) == MAIN
    # The same texts, so the same entries: the link has none of its own.
    assert flake8(project).findings == ALL


def test_configured_root(project: Path, tmp_path: Path, flake8: RunFlake8) -> None:
    (project / "pyproject.toml").unlink()
    assert without(flake8(tmp_path, "--afa-root", project, project), project) == ALL
    assert without(flake8(tmp_path, f"--afa-root={project.name}", project / "app/main.py"), project) == MAIN
    (project / "app/.flake8").write_text("[flake8]\nafa-root = ..\nselect = AFA\n")
    assert flake8(project / "app", "main.py", select=()).findings == {("main.py", *rest) for _, *rest in MAIN}
    # From a folder below the one with the configuration, the path still counts from the latter.
    (project / "app/inner").mkdir()
    assert flake8(project / "app/inner", "../main.py", select=()).findings == {
        ("../main.py", *rest) for _, *rest in MAIN
    }


def test_file_outside_the_configured_root_sees_the_project(
    project: Path, tmp_path: Path, flake8: RunFlake8
) -> None:
    write_files(tmp_path, {"main.py": "from app.service import notify\n\nasync def f():\n    notify('x')\n"})
    root = f"--afa-root={project}"
    assert flake8(tmp_path, root, "main.py").findings == {("main.py", 4, "AFA105")}
    assert without(flake8(tmp_path, root, "main.py", project), project) == ALL | {("main.py", 4, "AFA105")}


def test_project_that_is_found_by_nothing(tmp_path: Path, flake8: RunFlake8) -> None:
    write_files(tmp_path, {name: text for name, text in PROJECT.items() if name != "pyproject.toml"})
    assert flake8(tmp_path).findings == ALL
    assert flake8(tmp_path, "app/main.py").findings == MAIN


def test_home_folder_is_no_project(
    tmp_path: Path, flake8: RunFlake8, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A script that lies in the home folder: its neighbours count, all that is below does not."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    write_files(
        tmp_path, {**PROJECT, "app/main.py": PROJECT["app/main.py"], "notes.py": "async def go(): ...\n"}
    )
    (tmp_path / "pyproject.toml").unlink()
    (tmp_path / "script.py").write_text(
        "from notes import go\nfrom app.service import notify\ngo()\nnotify('')\n"
    )
    assert flake8(tmp_path, "script.py").findings == {("script.py", 3, "AFA105")}
    assert flake8(tmp_path, "-", text=(tmp_path / "script.py").read_text()).findings == {
        ("stdin", 3, "AFA105")
    }
    assert ("script.py", 4, "AFA105") in flake8(tmp_path, ".").findings


# A buffer on standard input


def test_buffer_with_a_name(project: Path, flake8: RunFlake8) -> None:
    for name in FILES:
        found = flake8(project, "-", f"--stdin-display-name={name}", text=PROJECT[name]).findings
        assert found == of(name)
    found = flake8(
        project / "app", "--stdin-display-name", project / "app/main.py", "-", text=PROJECT["app/main.py"]
    )
    assert without(found, project) == MAIN


def test_buffer_without_a_name_is_recognised(project: Path, flake8: RunFlake8) -> None:
    for name in FILES:
        assert flake8(project, "-", text=PROJECT[name]).findings == {
            ("stdin", *rest) for _, *rest in of(name)
        }


@pytest.mark.parametrize("form", ["\n", "\r\n", "\r\n with a mark"])
def test_buffer_with_other_line_ends_is_recognised(project: Path, flake8: RunFlake8, form: str) -> None:
    data = PROJECT["app/main.py"].replace("\n", form.split(" ")[0]).encode()
    data = b"\xef\xbb\xbf" * form.endswith("mark") + data
    assert flake8(project, "-", text=data).findings == {("stdin", *rest) for _, *rest in MAIN}


def test_buffer_without_a_name_that_is_no_file_of_the_project(project: Path, flake8: RunFlake8) -> None:
    text = "from app.service import notify\n\nasync def f():\n    notify('x')\n"
    assert flake8(project, "-", text=text).findings == {("stdin", 4, "AFA105")}
    write_files(
        project, {"stdin.py": "async def notify(): ...\n", "user.py": "import stdin\nstdin.notify()\n"}
    )
    assert flake8(project, "-", text=text).findings == {("stdin", 4, "AFA105")}
    assert flake8(project, "user.py").findings == {("user.py", 2, "AFA105")}


def test_unsaved_buffer_wins_over_the_disk(project: Path, flake8: RunFlake8) -> None:
    cured = (
        PROJECT["app/main.py"]
        .replace("    Posts", "    await Posts")
        .replace("    db.commit", "    await db.commit")
    )
    name = "--stdin-display-name=app/main.py"
    for _ in range(2):  # cold and warm
        assert flake8(project, name, "-", text=cured).findings == {("app/main.py", 12, "AFA105")}
        assert flake8(project, name, "-", text="x = 1\n").findings == set()
        assert flake8(project, "app/main.py").findings == MAIN


def test_new_file_in_a_buffer(project: Path, flake8: RunFlake8) -> None:
    text = "from .service import notify\n\nasync def f():\n    notify('x')\n"
    found = flake8(project, "--stdin-display-name=app/new.py", "-", text=text).findings
    assert found == {("app/new.py", 4, "AFA105")}


# The cache


def entries(cache: Path, kind: str) -> list[Path]:
    return sorted(path for path in cache.glob(f"v*/{kind}/*/*") if path.is_file())


def rewritten(cache: Path, kind: str, change: Callable[[bytes], bytes]) -> None:
    """Replace the content of all entries as somebody would who can compute checksums."""
    for path in entries(cache, kind):
        data = Cache(cache).read(kind, path.name)
        assert data is not None
        Cache(cache).write(kind, path.name, change(data))


@pytest.fixture
def warm(project: Path, tmp_path: Path, flake8: RunFlake8) -> Path:
    assert flake8(project, "-j1").findings == ALL
    cache = tmp_path / "cache"
    assert len(entries(cache, "findings")) == len(FILES)
    assert entries(cache, "facts")
    return cache


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "truncated": lambda data: data[: len(data) // 2],
    "one bit": lambda data: data[:-1] + bytes([data[-1] ^ 1]) if data else b"",
    "garbage": lambda _: os.urandom(500),
    "longer": lambda data: data + b"\0",
}
HOSTILE: dict[str, Callable[[bytes], bytes]] = {
    "garbage": lambda _: b"\xc1\xff" * 100,
    "another type": lambda _: msgspec.msgpack.encode({"path": [1, 2.5, None]}),
    "a list of numbers": lambda _: msgspec.msgpack.encode([1, 2, 3]),
    "deep": lambda _: b"\x91" * 200_000 + b"\xc0",
    "deep and cut off": lambda _: b"\x91" * 200_000,
    "long announced": lambda _: b"\xdd\xff\xff\xff\xff",
    "not UTF-8": lambda _: msgspec.msgpack.encode("x") + b"\xa2\xff\xfe",
}
HOSTILE_FINDINGS = [
    {"path": "app/main.py", "line": -3, "col": 0, "code": "AFA101", "message": "m"},
    {"path": "app/main.py", "line": 1, "col": -9, "code": "AFA101", "message": "m"},
    {"path": "app/main.py", "line": 2**70, "col": 0, "code": "AFA101", "message": "m"},
    {"path": "app/main.py", "line": 1, "col": 0, "code": "AFA 101\n", "message": "m"},
    {"path": "../x.py", "line": 1, "col": 0, "code": "AFA101", "message": "m"},
]


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_cache(project: Path, warm: Path, flake8: RunFlake8, damage: str) -> None:
    for kind in ("facts", "findings", "prepared"):
        for path in entries(warm, kind):
            path.write_bytes(DAMAGE[damage](path.read_bytes()))
    assert flake8(project).findings == ALL
    assert flake8(project).findings == ALL


@pytest.mark.parametrize("content", HOSTILE)
def test_hostile_cache(project: Path, warm: Path, flake8: RunFlake8, content: str) -> None:
    for kind in ("facts", "findings"):
        rewritten(warm, kind, HOSTILE[content])
    done = flake8(project, "-v")
    assert done.findings == ALL
    assert "fault" not in done.errors


@pytest.mark.parametrize("finding", HOSTILE_FINDINGS, ids=lambda finding: str(list(finding.values())[:4]))
def test_findings_that_cannot_be_are_not_believed(tmp_path: Path, finding: dict[str, object]) -> None:
    cache = Cache(tmp_path)
    files = {name: text for name, text in PROJECT.items() if name.endswith(".py")}
    honest = analysis_of(files, cache).findings("app/main.py")
    entry = msgspec.json.encode([finding])  # msgpack has no number as great as one of them
    rewritten(
        tmp_path,
        "findings",
        lambda _: msgspec.msgpack.encode([finding]) if finding["line"] != 2**70 else entry,
    )
    assert analysis_of(files, cache).findings("app/main.py") == honest != []


def test_code_in_the_cache_that_is_no_code(project: Path, warm: Path, flake8: RunFlake8) -> None:
    """Facts whose outline is in order and whose body is not."""

    def change(data: bytes) -> bytes:
        outline, _, mentioned = msgspec.msgpack.decode(data)
        return msgspec.msgpack.encode([outline, 42, mentioned])

    rewritten(warm, "facts", change)
    shutil.rmtree(warm / "v1/findings")
    done = flake8(project)
    assert done.errors == ""


@pytest.mark.parametrize("kind", ["facts", "findings", "v1"])
def test_cache_that_cannot_be_written(project: Path, warm: Path, flake8: RunFlake8, kind: str) -> None:
    """A file in the place of a folder stops a superuser, too."""
    folder = warm / "v1" / kind if kind != "v1" else warm / "v1"
    shutil.rmtree(folder)
    folder.write_text("in the way")
    for _ in range(2):
        done = flake8(project, "-v")
        assert done.findings == ALL
        assert "fault" not in done.errors


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="a superuser may write anywhere")
def test_read_only_cache(project: Path, warm: Path, flake8: RunFlake8) -> None:
    folders = [path for path in warm.rglob("*") if path.is_dir()]
    for folder in folders:
        folder.chmod(0o555)
    try:
        assert flake8(project).findings == ALL
        (project / "app/new.py").write_text("")
        assert flake8(project).findings == ALL
    finally:
        for folder in folders:
            folder.chmod(0o755)


@pytest.mark.parametrize("cache", ["off", "", os.devnull, "/dev/null/below"])
def test_no_cache(project: Path, flake8: RunFlake8, cache: str) -> None:
    assert flake8(project, cache=cache).findings == ALL
    assert not list(project.glob("**/v1"))


def test_cache_directory_is_an_option(project: Path, tmp_path: Path, flake8: RunFlake8) -> None:
    chosen = tmp_path / "chosen"
    assert flake8(project, f"--afa-cache-dir={chosen}").findings == ALL
    assert entries(chosen, "facts")
    assert not (tmp_path / "cache").exists()
    assert flake8(project, "--afa-cache-dir=off").findings == ALL
    assert not (project / "off").exists() and not (tmp_path / "cache").exists()


def test_cache_is_carried_to_another_folder(
    project: Path, warm: Path, tmp_path: Path, flake8: RunFlake8
) -> None:
    """Texts name the entries, not places or times: another machine has another path."""
    other, cache = tmp_path / "checkout", tmp_path / "copy"
    write_files(other, PROJECT)
    shutil.copytree(warm, cache)
    done = flake8(other, "-j1", cache=cache, before=WATCHED, after=SEEN)
    assert done.findings == ALL
    assert json.loads(done.errors) == {"astroid": False, "extracted": [], "linked": 0}


# What a run does, and what it leaves to the cache

WATCHED = """
import json
from flake8_async_fastapi import reading
from flake8_async_fastapi.project import project
extracted = []
linked = []
facts_of, link = reading._extract, project.link
reading._extract = lambda source, cache: extracted.append(source.path) or facts_of(source, cache)
project.link = lambda *given: linked.append(1) or link(*given)
"""
SEEN = """
seen = {"astroid": "astroid" in sys.modules, "extracted": extracted, "linked": len(linked)}
print(json.dumps(seen), file=sys.stderr)
"""


def seen(done: Flake8) -> dict[str, object]:
    found: dict[str, object] = json.loads(done.errors)
    return found


def test_a_run_on_what_is_known_reads_and_no_more(project: Path, warm: Path, flake8: RunFlake8) -> None:
    done = flake8(project, "-j1", before=WATCHED, after=SEEN)
    assert done.findings == ALL
    assert seen(done) == {"astroid": False, "extracted": [], "linked": 0}
    name = "--stdin-display-name=app/main.py"
    done = flake8(project, name, "-", text=PROJECT["app/main.py"], before=WATCHED, after=SEEN)
    assert done.findings == MAIN
    assert seen(done) == {"astroid": False, "extracted": [], "linked": 0}


def test_only_what_changed_is_extracted(project: Path, warm: Path, flake8: RunFlake8) -> None:
    path = project / "app/service.py"
    path.write_text(PROJECT["app/service.py"].replace("async def notify", "def notify"))
    done = flake8(project, "-j1", before=WATCHED, after=SEEN)
    assert seen(done) == {"astroid": True, "extracted": ["app/service.py"], "linked": 1}
    cured = {("app/main.py", 12, "AFA105"), ("scripts/fill.py", 8, "AFA105")}
    assert done.findings == ALL - cured  # in files that did not change
    path.write_text(PROJECT["app/service.py"])
    done = flake8(project, "-j1", before=WATCHED, after=SEEN)
    assert seen(done) == {"astroid": False, "extracted": [], "linked": 1}  # its facts are still there
    assert done.findings == ALL


def test_a_buffer_is_extracted_alone(project: Path, warm: Path, flake8: RunFlake8) -> None:
    text = PROJECT["app/main.py"] + "\n\nasync def more():\n    notify('more')\n"
    name = "--stdin-display-name=app/main.py"
    done = flake8(project, name, "-", text=text, before=WATCHED, after=SEEN)
    assert done.findings == MAIN | {("app/main.py", 18, "AFA105")}
    assert seen(done) == {"astroid": True, "extracted": ["app/main.py"], "linked": 1}


def test_files_that_do_not_parse_are_remembered(project: Path, warm: Path, flake8: RunFlake8) -> None:
    (project / "broken.py").write_text("def f(:\n")
    broken = {("broken.py", 1, "E999")}
    assert flake8(project, "-j1").findings == ALL | broken
    done = flake8(project, "-j1", before=WATCHED, after=SEEN)
    assert done.findings == ALL | broken
    assert seen(done) == {"astroid": False, "extracted": [], "linked": 0}


def test_new_and_deleted_files_count(project: Path, warm: Path, flake8: RunFlake8) -> None:
    write_files(project, {"app/service/__init__.py": "def notify(text): ...\n"})
    (project / "app/service.py").unlink()
    gone = {("app/main.py", 11, "AFA105"), ("app/main.py", 12, "AFA105"), ("scripts/fill.py", 8, "AFA105")}
    assert flake8(project).findings == ALL - gone


def test_linting_twice_in_one_process(project: Path) -> None:
    """An editor's server keeps an analysis and asks it for one buffer after the other."""
    files = {name: text for name, text in PROJECT.items() if name.endswith(".py")}
    analysis = analysis_of(files)
    first = {name: analysis.findings(name) for name in files}
    changed = analysis.with_text("app/service.py", "def notify(text): ...\n")
    assert [finding.line for finding in changed.findings("app/main.py")] == [13, 14]
    assert (
        changed.with_text("app/service.py", files["app/service.py"]).findings("app/main.py")
        == first["app/main.py"]
    )
    assert analysis.with_text("app/service.py", "\0").findings("app/service.py") == []
    assert {name: analysis.findings(name) for name in reversed(files)} == first
    assert isinstance(changed, Analysis) and changed.sources is not analysis.sources


# flake8's own business


def test_options_of_flake8(project: Path, flake8: RunFlake8) -> None:
    awaiting = {finding for finding in ALL if finding[2].startswith("AFA1")}
    assert flake8(project, "--select=AFA1").findings == awaiting
    assert flake8(project, "--extend-ignore=AFA4,AFA105").findings == {f for f in ALL if f[2] == "AFA101"}
    assert flake8(project, "--per-file-ignores=app/*:AFA").findings == of("scripts/fill.py")
    assert flake8(project, "--disable-noqa").findings == ALL | {("app/main.py", 14, "AFA101")}
    assert flake8(project, "--exclude=app").findings == of("scripts/fill.py")
    assert flake8(project, "--exit-zero").status == 0
    assert flake8(project, "app/service.py").status == 0
    assert flake8(project).status == 1


def test_on_by_default(project: Path, flake8: RunFlake8) -> None:
    (project / ".flake8").write_text("[flake8]\nextend-ignore = E, W, F\n")
    assert flake8(project, select=()).findings == ALL
