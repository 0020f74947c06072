"""A ``scoped_session``, which keeps a session for each thread: the async one keeps one for each task."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final

from flake8_async_fastapi.convert.imports import Imports
from flake8_async_fastapi.convert.infer import Inference
from flake8_async_fastapi.convert.libraries import SCOPED
from flake8_async_fastapi.convert.query_values import is_plain
from flake8_async_fastapi.convert.texts import Edit, Source
from flake8_async_fastapi.convert.values import SESSION, Library

_OF_THREADS: Final = (Library("threading.get_ident"), Library("_thread.get_ident"))


def is_scoped(inference: Inference, source: Source, node: ast.expr) -> bool:
    """Whether a session is a ``scoped_session`` itself, as far as its one assignment tells."""
    made = _assigned(inference, source, node)
    function = inference.value(source, made.func) if isinstance(made, ast.Call) else None
    return isinstance(function, Library) and function.name in SCOPED


def lacks_twin(inference: Inference, source: Source, node: ast.Call) -> bool:
    """Whether a call is ``query_property()``, which the async one does not have."""
    function = node.func
    is_named = isinstance(function, ast.Attribute) and function.attr == "query_property"
    return is_named and inference.value(source, function.value) == SESSION  # type: ignore[attr-defined]


def scope_edits(source: Source, node: ast.Call, inference: Inference, imports: Imports) -> Iterator[Edit]:
    """The edits of a call of ``scoped_session``: the task is the scope, unless another one is given."""
    given = [*node.args[1:], *(word.value for word in node.keywords if word.arg in (None, "scopefunc"))]
    task = f"{imports.need_module('asyncio')}.current_task"
    if not given:
        last = max([*node.args, *(word.value for word in node.keywords)], key=source.end, default=node.func)
        lead = ", " if last is not node.func else "("
        yield source.after(last, f"{lead}scopefunc={task}")
    elif inference.value(source, given[0]) in _OF_THREADS:
        imports.replaced |= set(ast.walk(given[0]))
        yield source.instead(given[0], task)


def closing_edits(source: Source, node: ast.Call, inference: Inference) -> Iterator[Edit]:
    """The edits of ``session.close()`` for the session of a scope, which would be kept otherwise."""
    function = node.func
    if isinstance(function, ast.Attribute) and function.attr == "close" and not node.args:
        made = _assigned(inference, source, function.value)
        keeper = made.func if isinstance(made, ast.Call) else None
        if keeper is not None and is_plain(keeper) and is_scoped(inference, source, keeper):
            yield source.instead(function, f"{source.code(keeper)}.remove")


def _assigned(inference: Inference, source: Source, node: ast.expr) -> ast.AST | None:
    """The expression that a name is assigned, also in the file that it is imported from, if there is one."""
    if not isinstance(node, ast.Name):
        return None
    bounds = inference.program.lookup(source, node.id, node)
    if len(bounds) == 1 and bounds[0].kind == "import" and bounds[0].imported:
        target = inference.program.imported_file(source.path, bounds[0].module, bounds[0].level)
        bounds = [] if target is None else inference.program.globals(target, bounds[0].imported)
    return bounds[0].node if len(bounds) == 1 and bounds[0].kind == "value" else None
