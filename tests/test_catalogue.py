"""A rule is complete only with cases, a page, a marked line of the blog, a proof and a changelog entry."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from case_files import CODE, MARK, Program, files_of_cases, read_cases, read_sections

from flake8_async_fastapi.check.comments import UNUSED
from flake8_async_fastapi.rules.model import NOT_ANALYSED, Rule, catalogue

ROOT = Path(__file__).parents[1]
PITFALLS = ROOT / "flake8_async_fastapi" / "blog" / "pitfalls"
PAGES = ROOT / "docs" / "rules"
RULES = [rule for rule, _ in catalogue()]
CASES = read_cases(ROOT / "tests" / "cases")

PLANNED = {
    "AFA101": "unawaited-database-call",
    "AFA102": "awaited-non-awaitable",
    "AFA103": "attribute-of-coroutine",
    "AFA104": "sync-protocol-on-async-object",
    "AFA105": "unawaited-coroutine",
    "AFA106": "legacy-query-on-async-session",
    "AFA107": "event-loop-per-call",
    "AFA108": "misused-run-sync",
    "AFA201": "blocking-http-call",
    "AFA202": "blocking-database-call",
    "AFA203": "blocking-sleep",
    "AFA204": "blocking-subprocess",
    "AFA205": "blocking-file-io",
    "AFA206": "blocking-network-client",
    "AFA207": "cpu-bound-call",
    "AFA208": "blocking-wait",
    "AFA209": "async-session-in-sync-endpoint",
    "AFA301": "unloaded-relationship-access",
    "AFA302": "unloaded-relationship-after-write",
    "AFA303": "unloaded-relationship-in-response",
    "AFA304": "unloaded-relationship-in-template",
    "AFA305": "expired-attribute-access",
    "AFA306": "server-generated-attribute-access",
    "AFA307": "deferred-column-access",
    "AFA308": "unloaded-collection-mutation",
    "AFA309": "joined-collection-without-unique",
    "AFA310": "detached-instance-access",
    "AFA311": "ineffective-loader-option",
    "AFA312": "dynamic-relationship-iteration",
    "AFA313": "unknown-lazy-strategy",
    "AFA314": "noload-relationship-access",
    "AFA315": "query-per-item",
    "AFA316": "used-before-flush",
    "AFA317": "changed-in-place",
    "AFA401": "deprecated-on-event",
    "AFA402": "ignored-event-handler",
    "AFA403": "sync-ddl-on-async-engine",
    "AFA404": "wrong-driver-url",
    "AFA405": "sync-sessionmaker",
    "AFA406": "expire-on-commit-enabled",
    "AFA407": "engine-never-disposed",
    "AFA408": "removed-httpx-app-argument",
    "AFA409": "engine-per-request",
    "AFA410": "invalid-async-engine-argument",
    "AFA411": "listener-on-async-object",
    "AFA412": "misdeclared-dependency",
    "AFA413": "mounted-lifespan-never-runs",
    "AFA414": "missing-async-dependency",
    "AFA415": "dependency-called-by-hand",
    "AFA416": "session-parameter-without-depends",
    "AFA417": "dependency-outside-routes",
    "AFA418": "background-tasks-dropped",
    "AFA419": "context-variable-lost",
    "AFA420": "several-statements-in-one-text",
    "AFA421": "value-of-wrong-type",
    "AFA422": "misused-statement",
    "AFA423": "lost-http-error",
    "AFA501": "session-shared-by-tasks",
    "AFA502": "session-outlives-request",
    "AFA503": "global-session",
    "AFA504": "unclosed-session",
    "AFA505": "nested-transaction-misuse",
    "AFA506": "use-after-failed-flush",
    "AFA507": "connection-held-too-long",
    "AFA508": "nested-session",
    "AFA509": "commit-after-response",
    "AFA510": "swallowed-route-error",
    "AFA511": "uncommitted-session",
    "AFA512": "upload-read-after-request",
    "AFA513": "object-of-other-session",
    "AFA514": "unclosed-client",
    "AFA601": "cached-coroutine",
    "AFA602": "asyncio-object-used-from-thread",
    "AFA603": "engine-used-by-several-loops",
    "AFA604": "no-event-loop-in-thread",
    "AFA605": "swallowed-cancellation",
    "AFA701": "async-fixture-under-plain-decorator",
    "AFA702": "async-test-never-runs",
    "AFA703": "engine-shared-by-test-loops",
    "AFA704": "client-never-runs-lifespan",
    "AFA705": "memory-sqlite-with-pool",
    "AFA706": "override-never-undone",
}
"""All rules that are planned: a code keeps its meaning from the first mark on."""


def marked(text: str) -> Iterator[str]:
    """The codes of all marks in a text."""
    for line in text.splitlines():
        mark = MARK.search(line)
        if mark is not None:
            yield from mark["codes"].split()


def codes_of(program: Program, *words: str) -> set[str]:
    """The codes of all marks of some kinds in a program."""
    return {code for word in words for codes in program.marks(word).values() for code in codes}


def blog_marks() -> set[str]:
    return {code for path in PITFALLS.rglob("*.py") for code in marked(path.read_text(encoding="utf-8"))}


def proven() -> set[str]:
    """The codes that tests of the blog prove, by their decorator or their name."""
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "tests" / "blog").glob("test_*.py")]
    found = {code for text in texts for code in re.findall(r'\bpro(?:of\(code=|ves\()"(AFA\d{3})"', text)}
    return found | {code.upper() for text in texts for code in re.findall(r"def test_(afa\d{3})_", text)}


def changelog() -> str:
    """The changelog and what will go into it."""
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "changelog.d").glob("*.*.md")]
    return "\n".join([*texts, (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")])


all_rules = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)


@all_rules
def test_code_and_name(rule: Rule) -> None:
    assert re.fullmatch(r"AFA\d{3}", rule.code)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", rule.name)
    assert PLANNED.get(rule.code) == rule.name
    assert rule.summary


def test_codes_and_names_are_unique() -> None:
    counted = Counter(value for rule in RULES for value in (rule.code, rule.name))
    assert set(counted.values()) == {1}
    assert len(set(PLANNED.values())) == len(PLANNED)


@all_rules
def test_cases(rule: Rule) -> None:
    """A file or a folder of cases of its own, with a program that is reported and one that is not."""
    own = [case.program for case in CASES if case.source == rule.code]
    reported = [program for program in own if rule.code in codes_of(program, "")]
    silent = [program for program in own if rule.code not in codes_of(program, "", "missed", "alarm")]
    assert len(reported) >= 4
    assert len(silent) >= 4


@all_rules
def test_page(rule: Rule) -> None:
    title, _ = read_sections((PAGES / f"{rule.code}.md").read_text(encoding="utf-8"))
    assert rule.code in title
    table = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    assert f"| [{rule.code}](rules/{rule.code}.md) | {rule.name} | {rule.kind} |" in table


@all_rules
def test_marked_line_of_the_blog(rule: Rule) -> None:
    assert rule.code in blog_marks()


@all_rules
def test_proof(rule: Rule) -> None:
    assert rule.kind == "advice" or rule.code in proven()


@all_rules
def test_changelog_entry(rule: Rule) -> None:
    assert rule.code in changelog()


def test_pages_are_of_rules() -> None:
    assert {path.stem for path in PAGES.glob("*.md")} == {rule.code for rule in RULES}


def test_files_of_cases_are_of_rules() -> None:
    codes = {case.source for case in CASES if case.source.startswith("AFA")}
    assert codes <= {rule.code for rule in RULES}


def test_every_code_that_is_mentioned_is_planned() -> None:
    """In marks of the blog, in cases, and anywhere in pages and the changelog."""
    mentioned = blog_marks() | proven()
    for path in [*PAGES.glob("*.md"), *files_of_cases(ROOT / "tests" / "cases")]:
        mentioned.update(CODE.findall(path.read_text(encoding="utf-8")))
    mentioned.update(CODE.findall(changelog()))
    assert mentioned <= {*PLANNED, NOT_ANALYSED, UNUSED}
