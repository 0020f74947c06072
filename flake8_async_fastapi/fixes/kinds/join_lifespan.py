"""Call the start-up and shutdown handlers in the lifespan of their application, or in a new one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import libcst as cst

from flake8_async_fastapi.fixes.changes import Files
from flake8_async_fastapi.fixes.code import Code, Function
from flake8_async_fastapi.fixes.edits import Edit, insert
from flake8_async_fastapi.fixes.lifespans import (
    application_named,
    body_of,
    given_lifespan,
    new_lifespan,
    yield_of_lifespan,
)
from flake8_async_fastapi.rules.model import Fix

_OTHER_WAYS: Final = frozenset({"on_startup", "on_shutdown"})


@dataclass(frozen=True)
class _Handler:
    function: cst.FunctionDef
    decorator: cst.Decorator
    when: str

    @property
    def call(self) -> str:
        wait = "" if self.function.asynchronous is None else "await "
        return f"{wait}{self.function.name.value}()"


def edits(fix: Fix, code: Code, files: Files) -> list[Edit]:
    for call in code.starting_at(fix.line, fix.col, cst.Call):
        target = call.func.value if isinstance(call.func, cst.Attribute) else None
        application = application_named(code, target.value) if isinstance(target, cst.Name) else None
        if application is None or not isinstance(target, cst.Name) or _has_other_ways(code):
            return []
        handlers = _handlers(code, target.value, code.function_around(application))
        if all(call is not one.decorator.decorator for one in handlers):
            return []
        opened = [one.call for one in handlers if one.when == "startup"]
        closed = [one.call for one in handlers if one.when == "shutdown"]
        given = given_lifespan(application)
        if given is None:
            made = new_lifespan(code, application, [*opened, "yield", *closed])
        else:
            place = yield_of_lifespan(code, given, code.function_around(application))
            made = [] if place is None else _in_lifespan(code, place, opened, closed)
        return [*made, *(code.without_lines(one.decorator) for one in handlers)] if made else []
    return []


def _has_other_ways(code: Code) -> bool:
    """Whether handlers are also registered, or passed, in another way."""
    return any(one.attr.value == "add_event_handler" for one in code.nodes(cst.Attribute)) or any(
        one.keyword is not None and one.keyword.value in _OTHER_WAYS for one in code.nodes(cst.Arg)
    )


def _handlers(code: Code, application: str, scope: Function | None) -> list[_Handler]:
    """The functions in a function, or in the file, that are only used as ``on_event`` handlers."""
    found = []
    for function in body_of(code, scope):
        if not isinstance(function, cst.FunctionDef) or len(function.decorators) != 1:
            continue
        made = function.decorators[0].decorator
        if not isinstance(made, cst.Call) or code.source(made.func) != f"{application}.on_event":
            continue
        when = made.args[0].value if len(made.args) == 1 else None
        if isinstance(when, cst.SimpleString) and when.evaluated_value in ("startup", "shutdown"):
            found.append(_Handler(function, function.decorators[0], str(when.evaluated_value)))
    return sorted(found, key=lambda one: code.start(one.function))


def _in_lifespan(
    code: Code, statement: cst.SimpleStatementLine, opened: Sequence[str], closed: Sequence[str]
) -> list[Edit]:
    """Edits that call handlers before and after the ``yield`` of a lifespan."""
    between = code.newline + code.indent_of(statement)
    made = []
    if opened:
        made.append(insert(code.path, code.start(statement), "".join(f"{call}{between}" for call in opened)))
    if closed:
        made.append(
            insert(code.path, code.end_of_line(statement), "".join(f"{between}{call}" for call in closed))
        )
    return made
