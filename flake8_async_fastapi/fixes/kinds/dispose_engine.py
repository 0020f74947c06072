"""Dispose of an engine when the application ends: after the ``yield`` of its lifespan.

``words``: the name of the lifespan.
"""

from __future__ import annotations

import libcst as cst

from flake8_async_fastapi.fixes.changes import Files
from flake8_async_fastapi.fixes.code import Code
from flake8_async_fastapi.fixes.edits import Edit, split_lines
from flake8_async_fastapi.fixes.queries import called_name
from flake8_async_fastapi.rules.model import Fix

_OF_ENGINES = ("begin", "connect")


def edits(fix: Fix, code: Code, files: Files) -> list[Edit]:
    for function in code.nodes(cst.FunctionDef):
        if function.name.value == fix.words[0] and function.asynchronous is not None:
            engine = _engine(code, function)
            end = _own_yield(code, function)
            if engine and end is not None:
                return _dispose_behind(code, end, engine)
    return []


def _engine(code: Code, function: cst.FunctionDef) -> str:
    """The name of the engine that a function uses; empty if it is not certain."""
    found = {
        code.source(call.func.value)
        for call in code.nodes(cst.Call)
        if called_name(call) in _OF_ENGINES
        and isinstance(call.func, cst.Attribute)
        and code.function_around(call) is function
    }
    names = {name for name in found if "engine" in name.lower()} or found
    return names.pop() if len(names) == 1 else ""


def _own_yield(code: Code, function: cst.FunctionDef) -> cst.CSTNode | None:
    """The statement in the body of a function that yields, or contains the ``yield``."""
    for node in code.nodes(cst.Yield):
        for inner, outer in code.around(node):
            if outer is function.body:
                return inner
    return None


def _dispose_behind(code: Code, statement: cst.CSTNode, engine: str) -> list[Edit]:
    """Edits that put a statement into a ``try`` whose ``finally`` disposes of an engine."""
    start, end = code.start(statement), code.end_of_line(statement)
    text = code.text[start:end]
    if any(quote in text for quote in ('"""', "'''")):
        return []  # lines of a text would be moved too
    indent = code.indent_of(statement)
    function = code.first_around(statement, cst.FunctionDef)
    step = indent.removeprefix("" if function is None else code.indent_of(function)) or "    "
    lines = [line if not line.strip() else f"{step}{line}" for line in split_lines(text)]
    lines[0] = f"try:{code.newline}{indent}{lines[0]}"
    behind = f"{code.newline}{indent}finally:{code.newline}{indent}{step}await {engine}.dispose()"
    return [Edit(code.path, start, end, "".join(lines) + behind)]
