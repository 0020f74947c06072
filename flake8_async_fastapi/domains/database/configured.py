"""Engines made from a configuration such as Alembic's: the URL is the one that the file sets there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.machine import expressions
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.values import UNKNOWN, Value
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import dotted, nodes_in, written_argument

_OPTION: Final = "sqlalchemy.url"
_ANYWHERE: Final = 1_000


def url_of_configuration(frame: Frame, call: tree.Call) -> Value:
    """The URL of ``engine_from_config(...)``; unknown if it is not certain."""
    prefix = written_argument(call, 1, "prefix")
    given = written_argument(call, _ANYWHERE, "url")
    if given is not None:
        return expressions.evaluate(frame, frame.state.fork(), given)
    if prefix is not None and not (isinstance(prefix, tree.Const) and prefix.value == "sqlalchemy."):
        return UNKNOWN
    if any(keyword.name is None for keyword in call.keywords):
        return UNKNOWN
    return url_that_is_set(frame.ctx, frame.path)


def asks_for_url(written: Expr | None) -> bool:
    """Whether an expression is ``config.get_main_option("sqlalchemy.url")``."""
    match written:
        case tree.Call(func=tree.Attr(name="get_main_option"), args=[option, *_]):
            return _is_option(option)
    return False


def url_that_is_set(ctx: Context, path: str) -> Value:
    """The URL that a file sets for all its engines; unknown if that depends, or another file may set it."""
    return ctx.query(("configured URL", path), lambda: _url_that_is_set(ctx, path), UNKNOWN)


def _url_that_is_set(ctx: Context, path: str) -> Value:
    body = ctx.project.body(path)
    if not all(_is_main_section(node) for node in nodes_in(body)):
        return UNKNOWN
    certain = {id(node) for statement in _straight(body) for node in nodes_in(statement)}
    found: set[Value] = set()
    for node in nodes_in(body):
        for url in _urls_set_by(node):
            if id(node) not in certain:
                return UNKNOWN
            found.add(expressions.evaluate(Frame(ctx, path, ""), State(), url))
    return found.pop() if len(found) == 1 else UNKNOWN


def _straight(body: list[tree.Stmt]) -> Iterator[tree.Stmt]:
    """The statements of a module and of its functions that no condition can skip."""
    for statement in body:
        if isinstance(statement, tree.FunctionDef):
            yield from _straight(statement.body)
        elif isinstance(statement, (tree.Assign, tree.ExprStmt, tree.Return)):
            yield statement


def _is_main_section(node: object) -> bool:
    """Whether an expression, if it is a section, is the one that ``set_main_option`` fills."""
    match node:
        case tree.Call(func=tree.Attr(name="get_section"), args=[section, *_]):
            return dotted(section).endswith("config_ini_section")
        case tree.Call(func=tree.Attr(name="get_section" | "set_section_option")):
            return False
    return True


def _urls_set_by(node: object) -> Iterator[Expr]:
    """The URLs that a node sets in the configuration."""
    match node:
        case tree.Call(func=tree.Attr(name="set_main_option"), args=[option, url]) if _is_option(option):
            yield url
        case tree.Assign(targets=targets, value=url) if url is not None:
            for target in targets:
                if isinstance(target, tree.Subscript) and _is_option(target.index):
                    yield url
        case tree.DictDisplay(keys=keys, values=values):
            for key, value in zip(keys, values, strict=True):
                if key is not None and _is_option(key):
                    yield value


def _is_option(key: Expr) -> bool:
    return isinstance(key, tree.Const) and key.value == _OPTION
