"""The page of every rule: its headings, its examples linted, and its examples run."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from case_files import Driver, Outcome, Section, call_main, read_sections, run

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


NO_ENTER = (
    ("TypeError", "does not support the context manager protocol")
    if sys.version_info >= (3, 11)
    else ("AttributeError", "__enter__")
)
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
    "AFA401": Proof(settings, value={"title": "Blog"}, right={"title": "Blog"}),
    "AFA402": Proof(requests("GET", "/cache"), error=("AttributeError", "cache"), right=200),
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
    assert program.findings() == marks


@pytest.mark.parametrize("code", RULES)
def test_the_good_example_reports_nothing(code: str) -> None:
    program = sections(code)["Use instead"].program
    assert program.files
    assert program.marks() == {}
    assert program.findings() == {}


@pytest.mark.parametrize("code", RULES)
def test_examples_are_run(code: str) -> None:
    assert code in PROOFS, "every page says how its examples are run"
    assert RULES[code].kind == "advice" or PROOFS[code].error or PROOFS[code].never_awaited


@pytest.mark.parametrize("code", sorted(set(PROOFS) & set(RULES)))
def test_the_bad_example_fails(code: str, tmp_path: Path) -> None:
    proof, outcome = PROOFS[code], played(code, "Example", tmp_path)
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


@pytest.mark.parametrize("code", sorted(set(PROOFS) & set(RULES)))
def test_the_good_example_works(code: str, tmp_path: Path) -> None:
    outcome = played(code, "Use instead", tmp_path)
    assert outcome.error is None
    assert outcome.never_awaited == ()
    assert outcome.value == PROOFS[code].right
    assert not any("deprecated" in warning for warning in outcome.warned)


def played(code: str, title: str, folder: Path) -> Outcome:
    for needed in ("aiosqlite", "fastapi", "greenlet", "httpx", "sqlalchemy"):
        pytest.importorskip(needed)
    return run(sections(code)[title].program, folder, PROOFS[code].driver)
