"""The page of every rule: its headings, its examples linted, and its examples run."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import pkgutil
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from case_files import Driver, Outcome, Section, call_main, read_sections, run
from pytest_runs import PLUGINS
from rule_page_texts import BAD, said, shows_what_is_said, with_texts

from flake8_async_fastapi.knowledge.blocking import BLOCKING, SESSION
from flake8_async_fastapi.rules.model import Rule, catalogue

PAGES = Path(__file__).parents[1] / "docs" / "rules"
RULES = {rule.code: rule for rule, _ in catalogue()}
HEADINGS = ["What it does", "Why is this bad?", "Example", "Use instead", "When not to use it", "Limits"]


@dataclass(frozen=True)
class Proof:
    """How to run the examples of a page, and how the bad one fails.

    `error` is the type and a part of the text of the exception, `never_awaited` a part of
    the warning of the interpreter, `value` what the bad example gives instead of the
    good one's `right`.
    """

    driver: Driver = call_main
    error: tuple[str, str] | None = None
    never_awaited: str = ""
    value: Any = None
    right: Any = None


def requests(method: str, url: str, then: Callable[[ModuleType], Any] | None = None) -> Driver:
    """A driver that starts the application, sends a request and gives its status, or what `then` gives."""

    async def drive(module: ModuleType) -> Any:
        import httpx

        async with module.app.router.lifespan_context(module.app):
            if hasattr(module, "Base"):
                async with module.engine.begin() as connection:
                    await connection.run_sync(module.Base.metadata.create_all)
            transport = httpx.ASGITransport(app=module.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://page") as client:
                response = await client.request(method, url)
            return response.status_code if then is None else await then(module)

    return drive


async def count_users(module: ModuleType) -> int:
    from sqlalchemy import func, select

    async with module.SessionLocal() as session:
        total: int = await session.scalar(select(func.count(module.User.id)))
    return total


async def settings(module: ModuleType) -> Any:
    async with module.app.router.lifespan_context(module.app):
        return module.app.state.settings


def on_access(driver: Driver = call_main, error: tuple[str, str] | None = None, right: Any = None) -> Proof:
    """The proof of an example that loads an attribute on access: SQLAlchemy 2.1 wraps the error."""
    try:
        wrapped = version("sqlalchemy") >= "2.1"
    except PackageNotFoundError:
        wrapped = True
    raised = "StatementError" if wrapped else "MissingGreenlet", "greenlet_spawn has not been called"
    never_awaited = "'Connection.cursor'" if wrapped else ""
    return Proof(driver, error or raised, never_awaited, right=right)


class EventLoopBlocked(Exception):
    """The event loop missed its beats while a call ran."""


@contextlib.contextmanager
def holding(target: str, beats: list[int], stand_in: Callable[..., Any] | None) -> Iterator[list[bool]]:
    """Have calls of a function last until the loop went on, or until that has been waited for in vain.

    How fast the machine is does not matter: a loop that is held cannot beat however long one waits,
    and one that is free ends the call.  Gives whether the loop went on, for each call.
    """
    owner_name, _, name = target.rpartition(".")
    owner = pkgutil.resolve_name(owner_name)
    real, pause = getattr(owner, name), time.sleep
    went_on: list[bool] = []

    def slow(*args: Any, **kwargs: Any) -> Any:
        before = len(beats)
        for _ in range(1_000):
            if len(beats) > before + 3:
                break
            pause(0.002)
        went_on.append(len(beats) > before + 3)
        return real(*args, **kwargs) if stand_in is None else stand_in(*args, **kwargs)

    setattr(owner, name, slow)
    try:
        yield went_on
    finally:
        setattr(owner, name, real)


def beating(target: str, stand_in: Callable[..., Any] | None = None) -> Driver:
    """A driver that requests `/` with a heartbeat on the loop, while calls of `target` take long."""

    async def drive(module: ModuleType) -> Any:
        beats: list[int] = []

        async def beat() -> None:
            while True:
                await asyncio.sleep(0)
                beats.append(1)

        heart = asyncio.create_task(beat())
        await asyncio.sleep(0)
        try:
            with holding(target, beats, stand_in) as went_on:
                answer = await requests("GET", "/")(module)
        finally:
            heart.cancel()
        assert went_on, f"{target} was not called"
        if not all(went_on):
            raise EventLoopBlocked(target)
        return answer

    return drive


class Answer:
    """What stands in for a response, and for a mail server."""

    text = "1"

    def __enter__(self) -> Answer:
        return self

    def __exit__(self, *error: object) -> None: ...

    def send_message(self, message: object) -> None: ...


BLOCKED = {
    "AFA201": beating("requests.get", lambda url, **options: Answer()),
    "AFA202": beating("sqlalchemy.orm.Session.scalar"),
    "AFA203": beating("time.sleep", lambda seconds: None),
    "AFA204": beating("subprocess.run"),
    "AFA205": beating("pathlib.Path.read_text"),
    "AFA206": beating("smtplib.SMTP", lambda host: Answer()),
    "AFA207": beating("hashlib.pbkdf2_hmac"),
    "AFA208": beating("time.sleep", lambda seconds: None),
}


async def count_connections(module: ModuleType) -> int:
    """How many connections three requests open."""
    import httpx
    from sqlalchemy import event
    from sqlalchemy.pool import Pool

    opened = []

    def note(connection: Any, record: Any) -> None:
        opened.append(connection)

    event.listen(Pool, "connect", note)
    try:
        transport = httpx.ASGITransport(app=module.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://page") as client:
            for _ in range(3):
                assert (await client.get("/")).json() == 1
    finally:
        event.remove(Pool, "connect", note)
    return len(opened)


async def idle_connections(module: ModuleType) -> int:
    """How many connections the application leaves in the pool."""
    async with module.app.router.lifespan_context(module.app):
        pass
    idle: int = module.engine.pool.checkedin()
    return idle


async def with_what_is_required(module: ModuleType) -> Any:
    """Runs `main` as in an environment that has only what requirements.txt asks for."""
    asked = (Path(str(module.__file__)).parent / "requirements.txt").read_text(encoding="utf-8")
    if "\naiosqlite" in asked:
        return await module.main()

    class Missing:
        def find_spec(self, name: str, path: object, target: object = None) -> None:
            if name == "aiosqlite":
                raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    kept, missing = sys.modules.pop("aiosqlite", None), Missing()
    sys.meta_path.insert(0, missing)  # type: ignore[arg-type]
    try:
        return await module.main()
    finally:
        sys.meta_path.remove(missing)  # type: ignore[arg-type]
        if kept is not None:
            sys.modules["aiosqlite"] = kept


async def journal(module: ModuleType) -> Any:
    return module.journal


async def stored_uploads(module: ModuleType) -> Any:
    """The contents that tasks have stored when those are over which a request with a file left behind."""
    import httpx

    transport = httpx.ASGITransport(app=module.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://page") as client:
        assert (await client.post("/documents", files={"upload": b"text"})).status_code == 200
    await asyncio.gather(*module.jobs, return_exceptions=True)
    return module.stored


async def leaked_connections(module: ModuleType) -> int:
    """How many connections a request took and did not give back."""
    import httpx
    from sqlalchemy import event

    taken: list[str] = []
    pool = module.engine.sync_engine.pool

    def check_out(connection: Any, record: Any, proxy: Any) -> None:
        taken.append("checkout")

    def check_in(connection: Any, record: Any) -> None:
        if connection is not None:  # of one that nobody closed, nothing comes back
            taken.append("checkin")

    event.listen(pool, "checkout", check_out)
    event.listen(pool, "checkin", check_in)
    transport = httpx.ASGITransport(app=module.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://page") as client:
        assert (await client.get("/")).json() == 1
    gc.collect()
    return taken.count("checkout") - taken.count("checkin")


async def two_at_once(module: ModuleType) -> list[int]:
    """What two requests are answered that come at the same time."""
    import httpx

    transport = httpx.ASGITransport(app=module.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://page") as client:
        answers = await asyncio.gather(client.get("/"), client.get("/"), return_exceptions=True)
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
    return [answer.status_code for answer in answers if isinstance(answer, httpx.Response)]


async def the_same_twice(module: ModuleType) -> list[int]:
    """What a client is answered that makes a user twice."""
    import httpx

    async with module.engine.begin() as connection:
        await connection.run_sync(module.Base.metadata.create_all)
    transport = httpx.ASGITransport(app=module.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://page") as client:
        return [(await client.post("/users?name=ann")).status_code for _ in range(2)]


async def degrees_twice(module: ModuleType) -> list[str]:
    """What two requests are answered, one after the other."""
    import httpx

    transport = httpx.ASGITransport(app=module.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://page") as client:
        return [(await client.get("/degrees")).text for _ in range(2)]


async def in_a_thread(module: ModuleType) -> Any:
    """Runs a plain `main` where no event loop runs."""
    return await asyncio.to_thread(module.main)


async def under_pytest(module: ModuleType) -> str:
    """What pytest says of the tests that lie beside a module: why none runs, or how many pass."""
    folder = Path(str(module.__file__)).parent
    command = [sys.executable, "-m", "pytest", *PLUGINS, str(folder)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    failures = "requested an async fixture|not natively supported|different event loop"
    failures += "|'State' object has no|'admin' == 'nobody'"
    said = re.search(rf"{failures}|\d+ passed", done.stdout)
    assert said is not None, done.stdout
    return said[0]


RESPONSE_GOES_FIRST = tuple(map(int, version("fastapi").split(".")[:2])) >= (0, 118)
NO_ENTER = (
    ("TypeError", "does not support the context manager protocol")
    if sys.version_info >= (3, 11)
    else ("AttributeError", "__enter__")
)
AS_ON_THE_PAGES = sys.version_info[:2] == (3, 11) and version("sqlalchemy").startswith("2.1")
"""The versions that the tracebacks on the pages are from."""
SEVERAL_STATEMENTS = "ProgrammingError" if sys.version_info >= (3, 11) else "Warning"
PROOFS = {
    "AFA101": Proof(
        requests("POST", "/users?name=ann", count_users),
        never_awaited="'AsyncSession.commit'",
        value=0,
        right=1,
    ),
    "AFA102": Proof(error=("TypeError", "list"), right=[1]),
    "AFA103": Proof(
        error=("AttributeError", "'coroutine' object has no attribute 'scalar_one'"),
        never_awaited="'AsyncSession.execute'",
        right=1,
    ),
    "AFA104": Proof(error=NO_ENTER, right=1),
    "AFA105": Proof(
        requests("DELETE", "/users/bob?by=eve"), never_awaited="'is_admin'", value=204, right=403
    ),
    "AFA106": Proof(error=("AttributeError", "'AsyncSession' object has no attribute 'query'"), right=[]),
    "AFA107": Proof(
        requests("GET", "/total"),
        error=("RuntimeError", "already running"),
        never_awaited="'load_total'",
        right=200,
    ),
    "AFA108": Proof(error=("OperationalError", "no such table"), never_awaited="'add_table'", right=0),
    "AFA301": on_access(right="ada"),
    "AFA302": on_access(right="News by ada"),
    "AFA303": on_access(
        requests("POST", "/posts?title=News"),
        ("ResponseValidationError", "Error extracting attribute"),
        right=200,
    ),
    "AFA304": on_access(requests("GET", "/posts"), right=200),
    "AFA305": on_access(right=2),
    "AFA306": on_access(right=True),
    "AFA307": on_access(right="ada: "),
    "AFA308": on_access(right=2),
    "AFA309": Proof(error=("InvalidRequestError", "The unique() method must be invoked"), right=["ada: 1"]),
    "AFA310": Proof(error=("DetachedInstanceError", "is not bound to a Session"), right="ada"),
    "AFA311": on_access(right="ada"),
    "AFA312": Proof(
        error=("TypeError", "WriteOnly collections don't support iteration in-place"), right=["Hello"]
    ),
    "AFA313": Proof(error=("LoaderStrategyException", "Can't find strategy"), right=1),
    "AFA314": Proof(error=("AttributeError", "'NoneType' object has no attribute 'name'"), right="ada"),
    **{code: Proof(driver, error=("EventLoopBlocked", ""), right=200) for code, driver in BLOCKED.items()},
    "AFA209": Proof(
        requests("POST", "/users?name=ann", count_users),
        never_awaited="'AsyncSession.commit'",
        value=0,
        right=1,
    ),
    "AFA315": Proof(value=4, right=2),
    "AFA316": Proof(value=(None, "draft"), right=(1, "final")),
    "AFA317": Proof(value={"theme": "light"}, right={"theme": "dark"}),
    "AFA401": Proof(settings, value={"title": "Blog"}, right={"title": "Blog"}),
    "AFA402": Proof(requests("GET", "/cache"), error=("AttributeError", "cache"), right=200),
    "AFA403": Proof(error=("AttributeError", "_run_ddl_visitor"), right=None),
    "AFA404": Proof(error=("InvalidRequestError", "requires an async driver"), right=1),
    "AFA405": Proof(
        error=("AsyncContextNotStarted", "has not been started"),
        never_awaited="AsyncConnection.close",
        right=1,
    ),
    "AFA406": Proof(value=True, right=False),
    "AFA407": Proof(idle_connections, value=1, right=0),
    "AFA408": Proof(error=("TypeError", "unexpected keyword argument 'app'"), right=200),
    "AFA409": Proof(count_connections, value=3, right=1),
    "AFA410": Proof(error=("ArgumentError", "QueuePool cannot be used with asyncio engine"), right=1),
    "AFA411": Proof(never_awaited="'enable_foreign_keys'", value=0, right=1),
    "AFA412": Proof(requests("GET", "/"), error=("TypeError", "is not a callable object"), right=200),
    "AFA413": Proof(requests("GET", "/widgets/headline"), error=("AttributeError", "headline"), right=200),
    "AFA414": Proof(with_what_is_required, error=("ModuleNotFoundError", "aiosqlite"), right=1),
    "AFA415": Proof(
        requests("GET", "/"),
        error=("AttributeError", "'Depends' object has no attribute 'scalar'"),
        right=200,
    ),
    "AFA416": Proof(error=("FastAPIError", "Invalid args for response field"), right="/"),
    "AFA419": Proof(requests("GET", "/", journal), value=["nobody"], right=["ann"]),
    "AFA417": Proof(
        requests("GET", "/health"),
        error=("AttributeError", "'Depends' object has no attribute 'scalar'"),
        right=200,
    ),
    "AFA418": Proof(requests("GET", "/", journal), value=["mailed"], right=["audited", "mailed"]),
    "AFA420": Proof(error=(SEVERAL_STATEMENTS, "You can only execute one statement at a time"), right=1),
    "AFA421": Proof(error=("StatementError", "only accepts Python date objects"), right="2026-01-31"),
    "AFA422": Proof(error=("ResourceClosedError", "does not return rows"), right="dark"),
    "AFA423": Proof(requests("GET", "/stock/ink"), value=500, right=404),
    "AFA501": Proof(error=("InvalidRequestError", "Session is already flushing"), right=["one", "two"]),
    "AFA502": Proof(
        requests("POST", "/tags"), error=("InvalidRequestError", "permanently closed"), right=200
    ),
    "AFA503": Proof(error=("InvalidRequestError", "Session is already flushing"), right=["one", "two"]),
    "AFA504": Proof(leaked_connections, value=1, right=0),
    "AFA505": Proof(error=("InvalidRequestError", "already begun"), right=0),
    "AFA512": Proof(stored_uploads, value=[], right=[b"text"]),
    "AFA506": Proof(error=("PendingRollbackError", "rolled back due to a previous exception"), right=0),
    "AFA507": Proof(two_at_once, error=("TimeoutError", "QueuePool limit"), right=[200, 200]),
    "AFA508": Proof(requests("GET", "/"), error=("TimeoutError", "QueuePool limit"), right=200),
    "AFA509": Proof(
        the_same_twice, value=[201, 201] if RESPONSE_GOES_FIRST else [201, 500], right=[201, 500]
    ),
    "AFA510": Proof(requests("GET", "/"), error=("FastAPIError", "high chance that the app"), right=404),
    "AFA511": Proof(requests("POST", "/users?name=ann", count_users), value=0, right=1),
    "AFA513": Proof(
        requests("DELETE", "/me"), error=("InvalidRequestError", "already attached to session"), right=200
    ),
    "AFA514": Proof(
        degrees_twice, error=("RuntimeError", "Cannot reopen a client instance"), right=["5", "5"]
    ),
    "AFA601": Proof(error=("RuntimeError", "cannot reuse already awaited coroutine"), right=4),
    "AFA602": Proof(value=False, right=True),
    "AFA603": Proof(
        in_a_thread, error=("RuntimeError", "is bound to a different event loop"), right=[[1, 1], [1, 1]]
    ),
    "AFA604": Proof(
        requests("POST", "/refresh"),
        error=("RuntimeError", "There is no current event loop in thread"),
        right=200,
    ),
    "AFA605": Proof(value=False, right=True),
    "AFA701": Proof(under_pytest, value="requested an async fixture", right="1 passed"),
    "AFA702": Proof(under_pytest, value="not natively supported", right="1 passed"),
    "AFA703": Proof(under_pytest, value="different event loop", right="2 passed"),
    "AFA704": Proof(under_pytest, value="'State' object has no", right="1 passed"),
    "AFA705": Proof(error=("OperationalError", "no such table"), right=0),
    "AFA706": Proof(under_pytest, value="'admin' == 'nobody'", right="2 passed"),
}


def sections(code: str) -> dict[str, Section]:
    return {section.title: section for section in page(code)[1]}


def page(code: str) -> tuple[str, list[Section]]:
    return read_sections((PAGES / f"{code}.md").read_text(encoding="utf-8"))


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.code)
def test_headings(rule: Rule) -> None:
    title, found = page(rule.code)
    assert title == f"{rule.name} ({rule.code})"
    assert [section.title for section in found] == HEADINGS
    for section in found:
        assert section.files or any(line.strip() for line in section.prose), f"{section.title} is empty"


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.code)
def test_advice_says_so_and_how_to_switch_it_off(rule: Rule) -> None:
    text = (PAGES / f"{rule.code}.md").read_text(encoding="utf-8")
    assert ("This rule is advice" in text) is (rule.kind == "advice")
    assert (f"extend-ignore = {rule.code}" in text) is (rule.kind == "advice")


@pytest.mark.parametrize("code", RULES)
def test_the_bad_example_reports_the_marked_lines(code: str) -> None:
    program = sections(code)["Example"].program
    marks = program.marks()
    assert any(code in codes for codes in marks.values())
    assert program.findings(code) == marks


@pytest.mark.parametrize("code", RULES)
def test_the_good_example_reports_nothing(code: str) -> None:
    program = sections(code)["Use instead"].program
    assert program.files
    assert program.marks() == {}
    assert program.findings(code) == {}


@pytest.mark.parametrize("code", RULES)
def test_examples_are_run(code: str) -> None:
    assert code in PROOFS, "every page says how its examples are run"
    proof = PROOFS[code]
    fails = proof.error is not None or bool(proof.never_awaited) or proof.value != proof.right
    assert RULES[code].kind == "advice" or fails


@pytest.mark.parametrize("code", sorted(set(PROOFS) & set(RULES)))
def test_the_bad_example_fails(code: str, tmp_path: Path) -> None:
    """And its page shows how, below an excerpt if it is long.

    If the page differs: python -m tests.rule_page_texts --update
    """
    proof, outcome = PROOFS[code], played(code, BAD, tmp_path)
    if proof.error is None or outcome.error is None:
        assert outcome.error == proof.error
        assert outcome.value == proof.value
    else:
        assert outcome.error[0] == proof.error[0]
        assert proof.error[1] in outcome.error[1]
    assert bool(outcome.never_awaited) is bool(proof.never_awaited), outcome
    assert any(proof.never_awaited in warning for warning in outcome.never_awaited) or not proof.never_awaited
    if code in ("AFA401", "AFA402"):
        assert any("on_event is deprecated" in warning for warning in outcome.warned)
    text = (PAGES / f"{code}.md").read_text(encoding="utf-8")
    assert with_texts(text, None) == text
    if AS_ON_THE_PAGES:
        assert with_texts(text, outcome) == text
    else:  # other versions use other words and other frames
        assert shows_what_is_said(text) is bool(said(outcome))


@pytest.mark.parametrize("code", sorted(set(PROOFS) & set(RULES)))
def test_the_good_example_works(code: str, tmp_path: Path) -> None:
    outcome = played(code, "Use instead", tmp_path)
    assert outcome.error is None
    assert outcome.never_awaited == ()
    assert outcome.value == PROOFS[code].right
    assert not any("deprecated" in warning for warning in outcome.warned)


@pytest.mark.parametrize("code", sorted(BLOCKED))
def test_pages_of_blocking_calls_list_all_that_is_known(code: str) -> None:
    text = (PAGES / f"{code}.md").read_text(encoding="utf-8")
    kinds = {RULES[code].name, SESSION} if code == "AFA202" else {RULES[code].name}
    owners = {line.partition(": ")[0] for kind, _, line in BLOCKING if kind in kinds}
    shown = {owner.removesuffix(".**").removeprefix("builtins.") for owner in owners}
    assert not [owner for owner in shown if f"`{owner}`" not in text]


@pytest.fixture(autouse=True)
def database(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The database of examples that read its URL from the environment."""
    monkeypatch.setenv("DATABASE_URL", f"sqlite+aiosqlite:///{tmp_path / 'page.db'}")


def played(code: str, title: str, folder: Path) -> Outcome:
    for needed in ("aiosqlite", "fastapi", "greenlet", "httpx", "sqlalchemy"):
        pytest.importorskip(needed)
    return run(sections(code)[title].program, folder, PROOFS[code].driver)
