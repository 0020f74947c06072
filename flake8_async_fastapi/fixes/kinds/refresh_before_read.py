"""Refresh an object right before the statement that reads it, with the missing attribute, if any.

A handler of errors uses what the attribute was before the ``try``, where that is known to be the same.

``words``: the attribute; the variables with the object and its session, if known; and the line of the query
or write in the file of ``files``.
"""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from flake8_async_fastapi.fixes.awaiting import may_await
from flake8_async_fastapi.fixes.changes import Files
from flake8_async_fastapi.fixes.code import Code
from flake8_async_fastapi.fixes.edits import Edit, insert
from flake8_async_fastapi.fixes.kept_values import read_before_try
from flake8_async_fastapi.fixes.kinds.refresh_each import comprehension_over, in_loop_before
from flake8_async_fastapi.fixes.queries import assigned_values, called_name, neighbour, with_attribute
from flake8_async_fastapi.rules.model import Fix


def edits(fix: Fix, code: Code, files: Files) -> list[Edit]:
    attribute, holder, session, line = fix.words
    statement = _statement_at(code, fix.line, fix.col)
    if statement is None or not may_await(code, statement):
        return []
    if not holder or not session:
        holder, session = _object_and_session(fix, code, statement, files.code(fix.files[0]), int(line))
    kept = read_before_try(code, statement, holder) if not attribute else []
    if kept or not session:
        return kept
    more = with_attribute(
        code, neighbour(code, statement, -1), f"await {session}.refresh({holder}", attribute
    )
    if more is not None:
        return [more]
    names = f', ["{attribute}"]' if attribute else ""
    call = f"await {session}.refresh({holder}{names})"
    for place in code.expressions_at(fix.line, fix.col)[:1]:
        loop = comprehension_over(code, place, holder)
        if loop is not None:  # there is no such object before the statement
            call = in_loop_before(code, statement, loop, call) or ""
    line_end = code.newline + code.indent_of(statement)
    return [insert(code.path, code.start(statement), f"{call}{line_end}")] if call else []


def _object_and_session(
    fix: Fix, code: Code, statement: cst.SimpleStatementLine, origin: Code | None, line: int
) -> tuple[str, str]:
    """The names of the object that a statement reads and of its session; empty if they are not known."""
    for name, call in _objects(code, statement, fix):
        session = _session(code, name, call, origin, line)
        if session:
            return name.value, session
    for attribute in code.starting_at(fix.line, fix.col, cst.Attribute):
        if isinstance(attribute.value, cst.Name):
            return attribute.value.value, _only_session(code, attribute)
    return "", ""


def _only_session(code: Code, node: cst.CSTNode) -> str:
    """The only session that a function commits, flushes or rolls back."""
    function = code.function_around(node)
    found = {
        code.source(call.func.value)
        for call in code.nodes(cst.Call)
        if called_name(call) in ("commit", "rollback", "flush", "expire", "expire_all")
        and isinstance(call.func, cst.Attribute)
        and code.function_around(call) is function
    }
    return found.pop() if len(found) == 1 else ""


def _statement_at(code: Code, line: int, col: int) -> cst.SimpleStatementLine | None:
    """The statement with its own lines that contains a place."""
    for node in (*code.starting_at(line, col, cst.SimpleStatementLine), *code.expressions_at(line, col)):
        if isinstance(node, cst.SimpleStatementLine):
            return node
        return code.first_around(node, cst.SimpleStatementLine)
    return None


def _objects(code: Code, statement: cst.SimpleStatementLine, fix: Fix) -> Iterator[tuple[cst.Name, cst.Call]]:
    """The variables that a statement uses from a place on, each with the awaited call assigned to it."""
    start = code.offset(fix.line, fix.col)
    names = [name for name in code.nodes(cst.Name) if start <= code.start(name) < code.end(statement)]
    for name in sorted(names, key=code.start):
        values = list(assigned_values(code, name))
        value = values[-1] if values else None
        if isinstance(value, cst.Await) and isinstance(value.expression, cst.Call):
            yield name, value.expression


def _session(code: Code, name: cst.Name, call: cst.Call, origin: Code | None, line: int) -> str:
    """The name of an object's session: the function used it before, has it, or calls its holder."""
    function = code.function_around(name)
    for used in code.nodes(cst.Call):
        if not isinstance(used.func, cst.Attribute) or not used.args:
            continue
        is_here = called_name(used) in ("refresh", "add", "merge") and code.function_around(used) is function
        if is_here and code.source(used.args[0].value) == name.value:
            return code.source(used.func.value)
    if isinstance(function, cst.FunctionDef):
        for parameter in (*function.params.params, *function.params.kwonly_params):
            if parameter.annotation is not None and "Session" in code.source(parameter.annotation.annotation):
                return parameter.name.value
    if origin is None or not isinstance(call.func, cst.Attribute):
        return ""
    for query in origin.on_line(line, cst.Call):
        if query is call:
            return code.source(call.func.value)
        owner = query.func.value if isinstance(query.func, cst.Attribute) else None
        if isinstance(owner, cst.Attribute) and origin.source(owner.value) == "self":
            return f"{code.source(call.func.value)}.{owner.attr.value}"
    return ""
