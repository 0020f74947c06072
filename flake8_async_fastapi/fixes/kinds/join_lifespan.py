"""Call the start-up and shutdown handlers in the lifespan of their application, or in a new one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import libcst as cst

from flake8_async_fastapi.fixes.arguments import add_argument
from flake8_async_fastapi.fixes.changes import Files
from flake8_async_fastapi.fixes.code import Code, Function
from flake8_async_fastapi.fixes.edits import Edit, insert
from flake8_async_fastapi.fixes.imports import imported, together
from flake8_async_fastapi.fixes.queries import called_name
from flake8_async_fastapi.rules.model import Fix

_NAME: Final = "lifespan"
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
        application = _application(code, target.value) if isinstance(target, cst.Name) else None
        if application is None or not isinstance(target, cst.Name) or _has_other_ways(code):
            return []
        handlers = _handlers(code, target.value, code.function_around(application))
        if all(call is not one.decorator.decorator for one in handlers):
            return []
        opened = [one.call for one in handlers if one.when == "startup"]
        closed = [one.call for one in handlers if one.when == "shutdown"]
        given = [one.value for one in application.args if one.keyword and one.keyword.value == _NAME]
        if given:
            scope = code.function_around(application)
            made = _in_lifespan(code, given[0], scope, opened, closed)
        else:
            made = _new_lifespan(code, application, opened, closed)
        return [*made, *(code.without_lines(one.decorator) for one in handlers)] if made else []
    return []


def _has_other_ways(code: Code) -> bool:
    """Whether handlers are also registered, or passed, in another way."""
    return any(one.attr.value == "add_event_handler" for one in code.nodes(cst.Attribute)) or any(
        one.keyword is not None and one.keyword.value in _OTHER_WAYS for one in code.nodes(cst.Arg)
    )


def _application(code: Code, name: str) -> cst.Call | None:
    """The only call in a file that creates an application, if it is assigned to a name.

    It is at the top of the file, or of the application factory.
    """
    found = [call for call in code.nodes(cst.Call) if called_name(call) == "FastAPI"]
    assigned = code.parent(found[0]) if len(found) == 1 else None
    if not isinstance(assigned, (cst.Assign, cst.AnnAssign)):
        return None
    statement = code.parent(assigned)
    if statement not in _body(code, code.function_around(found[0])):
        return None
    targets = (
        [one.target for one in assigned.targets] if isinstance(assigned, cst.Assign) else [assigned.target]
    )
    return found[0] if len(targets) == 1 and code.source(targets[0]) == name else None


def _body(code: Code, scope: Function | None) -> Sequence[cst.CSTNode]:
    """The statements of a function, or of the file for None."""
    return code.module.body if scope is None else scope.body.children if scope.body else ()


def _handlers(code: Code, application: str, scope: Function | None) -> list[_Handler]:
    """The functions in a function, or in the file, that are only used as ``on_event`` handlers."""
    found = []
    for function in _body(code, scope):
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
    code: Code,
    given: cst.BaseExpression,
    scope: Function | None,
    opened: Sequence[str],
    closed: Sequence[str],
) -> list[Edit]:
    """Edits that call handlers before and after a function's own ``yield``, if it has one.

    The handlers are those of a ``scope``, and the function must be able to access them.
    """
    functions = [one for one in code.nodes(cst.FunctionDef) if one.name.value == code.source(given)]
    if len(functions) != 1 or functions[0].asynchronous is None:
        return []
    if scope is not None and code.function_around(functions[0]) is not scope:
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
    """Edits that write a lifespan above the application, and pass it."""
    statement = code.first_around(application, cst.SimpleStatementLine)
    if statement is None or code.has_name(_NAME):
        return []
    if any(one.name.value == _NAME for one in code.nodes(cst.FunctionDef)):
        return []
    manager, first = imported(code, "contextlib", "asynccontextmanager")
    iterator, second = imported(code, "collections.abc", "AsyncIterator")
    indent = code.indent_of(statement)
    lines = [
        f"{indent}@{manager}",
        f"{indent}async def {_NAME}(app: {code.source(application.func)}) -> {iterator}[None]:",
        *(f"{indent}{code.step}{line}" for line in (*opened, "yield", *closed)),
    ]
    start = code.start(statement) - len(indent)
    if code.function_around(application) is None:
        before = code.text[:start]
        is_apart = before.endswith(code.newline * 3) or not before.strip()
        gap = "" if is_apart else code.newline if before.endswith(code.newline * 2) else code.newline * 2
        lines += ["", ""]
    else:
        is_first = statement is _body(code, code.function_around(application))[0]
        gap = "" if is_first or statement.leading_lines else code.newline
        lines.append("")
    text = gap + "".join(f"{line}{code.newline}" for line in lines)
    return [
        insert(code.path, start, text),
        add_argument(code, application, f"{_NAME}={_NAME}"),
        *together(code, first, second),
    ]
