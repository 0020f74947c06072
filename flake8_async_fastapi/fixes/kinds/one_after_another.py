"""Await the tasks of ``asyncio.gather()``, or of a ``TaskGroup``, one after the other."""

from __future__ import annotations

import libcst as cst

from flake8_async_fastapi.fixes.awaiting import may_await
from flake8_async_fastapi.fixes.changes import Files
from flake8_async_fastapi.fixes.code import Code
from flake8_async_fastapi.fixes.edits import Edit, insert
from flake8_async_fastapi.fixes.queries import called_name
from flake8_async_fastapi.fixes.task_groups import without_group
from flake8_async_fastapi.rules.model import Fix


def edits(fix: Fix, code: Code, files: Files) -> list[Edit]:
    for call in code.starting_at(fix.line, fix.col, cst.Call):
        if called_name(call) == "create_task":
            return without_group(code, call)
        awaited = code.parent(call)
        if called_name(call) != "gather" or not isinstance(awaited, cst.Await) or not may_await(code, call):
            continue
        if any(argument.keyword is not None for argument in call.args):
            return []
        if len(call.args) == 1 and call.args[0].star == "*":
            return _each(code, awaited, call.args[0].value)
        if any(argument.star for argument in call.args):
            return []
        return _all(code, awaited, call)
    return []


def _each(code: Code, awaited: cst.Await, given: cst.BaseExpression) -> list[Edit]:
    """Edits for ``gather(*[f(x) for x in xs])``, and for coroutines in a variable."""
    if isinstance(given, cst.Name):
        statement = code.first_around(awaited, cst.SimpleStatementLine)
        if (
            statement is not None
            and code.source(statement) == code.source(awaited)
            and not code.has_name("one")
        ):
            text = f"for one in {given.value}:{code.newline}{code.indent_of(statement)}{code.step}await one"
        else:
            text = f"[await one for one in {given.value}]"
        return [Edit(code.path, code.start(awaited), code.end(awaited), text)]
    if not isinstance(given, (cst.ListComp, cst.GeneratorExp)) or not isinstance(given.elt, cst.Call):
        return []
    inside = code.start(given.elt), code.end(given.for_in)
    text = f"[await {code.text[inside[0] : inside[1]]}]"
    return [Edit(code.path, code.start(awaited), code.end(awaited), text)]


def _all(code: Code, awaited: cst.Await, call: cst.Call) -> list[Edit]:
    """Edits for ``gather(f(), g())``: statements if the results are not used, otherwise a list."""
    values = [argument.value for argument in call.args]
    if not values or not all(isinstance(value, cst.Call) for value in values):
        return []
    statement = code.first_around(awaited, cst.SimpleStatementLine)
    if statement is not None and code.source(statement) == code.source(awaited):
        between = code.newline + code.indent_of(statement)
        text = between.join(f"await {code.source(value)}" for value in values)
        return [Edit(code.path, code.start(awaited), code.end(awaited), text)]
    opening = code.text.index("(", code.end(call.func))
    return [
        Edit(code.path, code.start(awaited), opening + 1, "["),
        *(insert(code.path, code.start(value), "await ") for value in values),
        Edit(code.path, code.end(call) - 1, code.end(call), "]"),
    ]
