"""Work that is left to do by hand, marked with comments."""

from __future__ import annotations

import ast
from collections.abc import Container, Iterator
from typing import Final

from flake8_async_fastapi.convert.colour import Colours, passed_functions
from flake8_async_fastapi.convert.libraries import COROUTINE_TAKERS, THREAD_CALLERS
from flake8_async_fastapi.convert.mocks import SessionMocks
from flake8_async_fastapi.convert.scoped import lacks_twin
from flake8_async_fastapi.convert.sites import Site, in_lambda, is_script
from flake8_async_fastapi.convert.texts import FUNCTIONS, Edit, Function, Source, first_line
from flake8_async_fastapi.convert.values import CONNECTION, ENGINE, OTHER, Library, is_plain_client
from flake8_async_fastapi.rules.left_open import MARK

_CALLING: Final = frozenset("submit map run_in_executor add_job apply_async call_soon call_later".split())
_MOCKED: Final = "a mock stands in for a session here, whose methods are awaited now"
_NO_PROPERTY: Final = "an async_scoped_session has no query_property(): write select()"
_INSPECTED: Final = "inspect() takes no async engine: let connection.run_sync() run what calls it"
_INSPECTORS: Final = frozenset({"sqlalchemy.inspect", "sqlalchemy.inspection.inspect"})
_BUILTINS: Final = frozenset({"map", "filter", "sorted", "min", "max", "iter"})


def marking_edits(
    colours: Colours, source: Source, moved: Container[ast.AST] = (), mocks: SessionMocks | None = None
) -> Iterator[Edit]:
    """The comments for the work left in one file, except for statements that other edits remove."""
    for function, reason in colours.kept.items():
        if colours.homes.get(function) is source:
            yield comment_above(source, function, f"{function.name} is not converted: {reason}")
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Call):
            continue
        if lacks_twin(colours.inference, source, node):
            yield comment_above(source, source.statement(node), _NO_PROPERTY)
        if _inspects(colours, source, node):
            yield comment_above(source, source.statement(node), _INSPECTED)
        value = colours.inference.value(source, node)
        if is_plain_client(value) and value.origin == f"{source.path}:{source.start(node)}":
            reason = colours.plain_clients[value.origin]
            yield comment_above(source, source.statement(node), f"this TestClient is not converted: {reason}")
    for home, statement in mocks.left if mocks is not None else ():
        if home is source:
            yield comment_above(source, statement, _MOCKED)
    for function, home in colours.homes.items():
        if home is source:
            for site in passed_functions(colours, function):
                target = site.target
                if isinstance(target, ast.FunctionDef) and _is_called_synchronously(colours, source, site):
                    text = f"{target.name} is async, and is passed on here"
                    yield comment_above(source, source.statement(site.node), text)
    for site in colours.outside.get(source.path, []):
        statement, is_used = source.statement(site.node), site.kind in ("await", "query", "bulk", "with")
        if is_used and statement not in moved and not is_script(source, site.node):
            yield comment_above(source, statement, "this uses the database when the file is imported")
    outside = [*colours.outside.get(source.path, [])]
    for factory in colours.factories - set(colours.kept):
        outside += colours.sites.get(factory, []) if colours.homes[factory] is source else []
    for site in outside:
        if site.kind != "call" or not colours.is_asynchronous(site):
            continue
        if not isinstance(site.target, ast.FunctionDef):  # what was async before was called as such
            continue
        statement = source.statement(site.node)
        if in_lambda(source, site.node) or is_script(source, site.node) or statement in moved:
            continue
        if not isinstance(statement, (*FUNCTIONS, ast.ClassDef)):
            yield comment_above(
                source, statement, f"{site.target.name} is async, and no event loop runs here"
            )


def _inspects(colours: Colours, source: Source, node: ast.Call) -> bool:
    """Whether a call is ``inspect(engine)``, and no ``run_sync`` runs it."""
    value = colours.inference.value
    function = value(source, node.func)
    if not isinstance(function, Library) or function.name not in _INSPECTORS or not node.args:
        return False
    is_kept = source.function_of(node) in colours.kept
    return not is_kept and value(source, node.args[0]) in (ENGINE, CONNECTION)


def _is_called_synchronously(colours: Colours, source: Source, site: Site) -> bool:
    """Whether a function is passed to code that calls it and does not expect a coroutine."""
    parent = source.parents[site.node]
    if isinstance(parent, ast.keyword):
        parent = source.parents[parent]
    if not isinstance(parent, ast.Call) or parent.func is site.node:
        return False
    name = parent.func.attr if isinstance(parent.func, ast.Attribute) else getattr(parent.func, "id", "")
    if name in COROUTINE_TAKERS or any(
        parent in getattr(node, "decorator_list", ()) for node in source.above(parent)
    ):
        return False
    value = colours.inference.value(source, parent.func)
    if isinstance(parent.func, ast.Attribute) and colours.inference.value(source, parent.func.value) == OTHER:
        return name in _CALLING
    if isinstance(value, Library):
        return value.name not in THREAD_CALLERS
    return value is None and name in _BUILTINS


def left_functions(source: Source) -> Iterator[Function]:
    """The functions of a file that a comment says are not converted."""
    for node in ast.walk(source.tree):
        if isinstance(node, FUNCTIONS) and first_line(node) > 1:
            line = source.line_text(first_line(node) - 1).strip()
            if line.startswith(f"{MARK}{node.name} is not converted:"):
                yield node


def comment_above(source: Source, node: ast.stmt | Function, text: str) -> Edit:
    """The edit that writes a comment about work that is left above a statement."""
    line = first_line(node)
    before = source.line_text(line)
    indent = before[: len(before) - len(before.lstrip())]
    at = source.line_start(line)
    return Edit(at, at, 0, f"{indent}{MARK}{text}\n")
