"""Call the handlers of start-up and shutdown in the lifespan of their application, or in a new one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import libcst as cst

from flake8_async_fastapi.fixes.arguments import add_argument
from flake8_async_fastapi.fixes.changes import Files
from flake8_async_fastapi.fixes.code import Code
from flake8_async_fastapi.fixes.edits import Edit, insert
from flake8_async_fastapi.fixes.imports import imported
from flake8_async_fastapi.fixes.queries import called_name
from flake8_async_fastapi.rules.model import Fix

_NAME: Final = "lifespan"
_OTHER_WAYS: Final = frozenset({"add_event_handler", "on_startup", "on_shutdown"})


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
        application = _application(code, target.value) if isinstance(target, cst.Name) else None
        if application is None or not isinstance(target, cst.Name) or _has_other_ways(code):
            return []
        handlers = _handlers(code, target.value)
        if all(call is not one.decorator.decorator for one in handlers):
            return []
        opened = [one.call for one in handlers if one.when == "startup"]
        closed = [one.call for one in handlers if one.when == "shutdown"]
        given = [one.value for one in application.args if one.keyword and one.keyword.value == _NAME]
        if given:
            made = _in_lifespan(code, given[0], opened, closed)
        else:
            made = _new_lifespan(code, application, opened, closed)
        return [*made, *(code.without_lines(one.decorator) for one in handlers)] if made else []
    return []


def _has_other_ways(code: Code) -> bool:
    return any(node.value in _OTHER_WAYS for node in code.nodes(cst.Name))


def _application(code: Code, name: str) -> cst.Call | None:
    """The only call that makes an application, at the top of a file, where it is the value of a name."""
    found = [call for call in code.nodes(cst.Call) if called_name(call) == "FastAPI"]
    assigned = code.parent(found[0]) if len(found) == 1 else None
    if not isinstance(assigned, (cst.Assign, cst.AnnAssign)) or not _is_at_top(code, assigned):
        return None
    targets = (
        [one.target for one in assigned.targets] if isinstance(assigned, cst.Assign) else [assigned.target]
    )
    return found[0] if len(targets) == 1 and code.source(targets[0]) == name else None


def _is_at_top(code: Code, node: cst.CSTNode) -> bool:
    return any(outer is code.module for _, outer in list(code.around(node))[:2])


def _handlers(code: Code, application: str) -> list[_Handler]:
    """The functions at the top of a file that are handlers by ``on_event``, and nothing else."""
    found = []
    for function in code.module.body:
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
    code: Code, given: cst.BaseExpression, opened: Sequence[str], closed: Sequence[str]
) -> list[Edit]:
    """Edits that call handlers before and behind the ``yield`` of a function, if it has one of its own."""
    functions = [one for one in code.nodes(cst.FunctionDef) if one.name.value == code.source(given)]
    if len(functions) != 1 or functions[0].asynchronous is None:
        return []
    yields = [one for one in code.nodes(cst.Yield) if code.function_around(one) is functions[0]]
    statement = code.parent(code.parent(yields[0]) or yields[0]) if len(yields) == 1 else None
    if not isinstance(statement, cst.SimpleStatementLine) or len(statement.body) != 1:
        return []
    between = code.newline + code.indent_of(statement)
    made = []
    if opened:
        made.append(insert(code.path, code.start(statement), "".join(f"{call}{between}" for call in opened)))
    if closed:
        made.append(
            insert(code.path, code.end_of_line(statement), "".join(f"{between}{call}" for call in closed))
        )
    return made


def _new_lifespan(
    code: Code, application: cst.Call, opened: Sequence[str], closed: Sequence[str]
) -> list[Edit]:
    """Edits that write a lifespan above the application, which gets it."""
    statement = code.first_around(application, cst.SimpleStatementLine)
    if statement is None or code.has_name(_NAME):
        return []
    if any(isinstance(one, cst.FunctionDef) and one.name.value == _NAME for one in code.module.body):
        return []
    manager, first = imported(code, "contextlib", "asynccontextmanager")
    iterator, second = imported(code, "collections.abc", "AsyncIterator")
    lines = [
        f"@{manager}",
        f"async def {_NAME}(app: {code.source(application.func)}) -> {iterator}[None]:",
        *(f"{code.step}{line}" for line in (*opened, "yield", *closed)),
    ]
    before = code.text[: code.start(statement)]
    is_apart = before.endswith(code.newline * 3) or not before.strip()
    gap = "" if is_apart else code.newline if before.endswith(code.newline * 2) else code.newline * 2
    text = code.newline.join([*lines, "", "", ""])
    return [
        insert(code.path, code.start(statement), gap + text),
        add_argument(code, application, f"{_NAME}={_NAME}"),
        *first,
        *second,
    ]
