"""No function is left half converted: what is async is awaited, handed on, or marked."""

import ast
import random
import re
import textwrap
from collections.abc import Iterator, Mapping

import pytest
from sync_program import LEFT, NAME, PROGRAMS, SETUP, files_of

from flake8_async_fastapi.convert.colour import Colours, colour
from flake8_async_fastapi.convert.convert import convert_texts
from flake8_async_fastapi.convert.infer import Inference
from flake8_async_fastapi.convert.learning import learn_parameters
from flake8_async_fastapi.convert.names import link
from flake8_async_fastapi.convert.sites import Site, Sites
from flake8_async_fastapi.convert.texts import Function, Source, first_line, parse, yields_of
from flake8_async_fastapi.rules.left_open import MARK

TAKE_COROUTINES = frozenset(
    {"run", "create_task", "ensure_future", "gather", "wait_for", "run_until_complete"}
)
CALL_THEMSELVES = frozenset({"sorted", "map", "filter", "min", "max", "Thread", "submit", "run_in_executor"})


def program(name: str) -> dict[str, str]:
    return {path: text for path, text in files_of(name).items() if path.endswith(".py")}


def sources_of(texts: Mapping[str, str]) -> dict[str, Source]:
    return {path: source for path, text in texts.items() if (source := parse(path, text)) is not None}


def halves(texts: Mapping[str, str]) -> Iterator[str]:
    """The places where async functions, or sessions, are used as if they were plain, without a mark."""
    sources = sources_of(texts)
    inference = Inference(link(sources))
    learn_parameters(inference, list(sources.values()))
    finder = Sites(inference)
    for source in sources.values():
        compile(source.text, source.path, "exec")  # a plain function that awaits is a SyntaxError
        for node in ast.walk(source.tree):
            for site in finder.of(source, node):
                is_plain = site.kind != "with" and not isinstance(site.target, ast.AsyncFunctionDef)
                if not (is_plain or is_whole(source, site) or is_marked(source, node)):
                    yield f"{source.path}: {source.code(source.statement(node))}"


def is_whole(source: Source, site: Site) -> bool:
    """Whether an async function or session is used as one."""
    if site.target is None:
        return isinstance(site.node, ast.AsyncWith) or source.function_of(site.node) is None
    parent = source.parents[site.node]
    if isinstance(parent, (ast.keyword, ast.Starred)):
        parent = source.parents[parent]
    name = ast.unparse(parent.func).rpartition(".")[2] if isinstance(parent, ast.Call) else ""
    if site.kind == "call":
        return isinstance(parent, ast.Await) or name in TAKE_COROUTINES or bool(yields_of(site.target))
    if site.kind == "iterate":
        return isinstance(site.node, ast.AsyncFor) or getattr(site.node, "is_async", 0) == 1
    if site.kind == "enter":
        return isinstance(site.node, ast.AsyncWith)
    return site.kind == "pass" and name not in CALL_THEMSELVES


def is_marked(source: Source, node: ast.AST) -> bool:
    """Whether a comment above a statement, or one around it, says that something is left."""
    around = [one for one in (node, *source.above(node)) if isinstance(one, ast.stmt)]
    lines = [source.line_text(first_line(one) - 1) for one in around if first_line(one) > 1]
    return any(line.strip().startswith(MARK) for line in lines)


def converted(texts: Mapping[str, str]) -> dict[str, str]:
    return {**texts, **convert_texts(texts)}


def plain_functions(texts: Mapping[str, str]) -> list[tuple[str, str]]:
    """The files and names of the functions that are not in another one."""
    return [
        (source.path, source.qualname(node))
        for source in sources_of(texts).values()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.FunctionDef) and source.function_of(node) is None
    ]


@pytest.mark.parametrize("name", LEFT)
def test_what_is_left_is_whole(name: str) -> None:
    after = converted({NAME: SETUP + textwrap.dedent(LEFT[name][0])})
    assert MARK in after[NAME]
    assert list(halves(after)) == []


@pytest.mark.parametrize("name", sorted(path.stem for path in PROGRAMS.glob("*.txt")))
def test_whatever_stays_behind_stays_whole(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any function may be one that cannot be converted."""
    texts = program(name)
    assert list(halves(converted(texts))) == []
    for path, function in random.Random(name).sample(plain_functions(texts), k=3):

        def keep(
            inference: Inference,
            sources: list[Source],
            kept: Mapping[Function, str],
            path: str = path,
            function: str = function,
        ) -> Colours:
            node = inference.program.definition(path, function)
            assert isinstance(node, ast.FunctionDef)
            return colour(inference, sources, {**kept, node: "the test says so"})

        monkeypatch.setattr("flake8_async_fastapi.convert.convert.colour", keep)
        after = converted(texts)
        assert list(halves(after)) == [], (path, function)
        last = function.rpartition(".")[2]
        mark = rf"{re.escape(MARK)}{last} is not converted: the test says so\n( *@.*\n)* *def {last}\("
        assert re.search(mark, after[path]), (path, function)


def test_what_is_half_converted_is_seen() -> None:
    after = converted(program("scoped"))
    text = after["app/main.py"]
    awaits = list(re.finditer("await (?=shelves)", text))
    assert len(awaits) == 4
    for found in awaits:
        spoilt = {**after, "app/main.py": text[: found.start()] + text[found.end() :]}
        assert len(list(halves(spoilt))) == 1
