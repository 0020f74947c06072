"""Texts of SQL that are executed: several statements at once, and plain strings."""

from __future__ import annotations

import re
from typing import Final

from flake8_async_fastapi.domains.database.events import ScriptExecuted, StringExecuted
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.machine import names
from flake8_async_fastapi.engine.text import for_message
from flake8_async_fastapi.engine.values import TEXT, Arguments, Const, Library, Member, Object, Value
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import dotted, flat
from flake8_async_fastapi.knowledge import drivers, is_subtype
from flake8_async_fastapi.knowledge.transactions import is_session_type

_CONNECTION: Final = "sqlalchemy.ext.asyncio.AsyncConnection"
MIGRATES: Final = Library("alembic.op.execute")
_GIVES_BIND: Final = Library("alembic.op.get_bind")
_OF_MIGRATIONS: Final = frozenset({"pg8000", "psycopg", "psycopg2", "psycopg2-binary"})
_COMMENT: Final = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_NO_END: Final = re.compile(
    r"'(?:[^']|'')*'|\"[^\"]*\"|\$(\w*)\$.*?\$\1\$|\bbegin\b[^;].*?\bend\b", re.DOTALL | re.IGNORECASE
)
"""Where a ``;`` ends no statement: texts, names, and the bodies of functions and triggers."""


def report_script(frame: Frame, callee: Value, arguments: Arguments, node: tree.Call, result: Value) -> None:
    """Report a session, connection or migration that executes a text of several statements, or a string."""
    if not _executes(frame, callee, node):
        return
    statement = arguments.get(0, "statement")
    if isinstance(callee, Member) and callee.name != "exec_driver_sql" and _is_string(statement, frame, node):
        if frame.ctx.project.requirements_of(frame.path).at_least("sqlalchemy", (2, 0)) is not False:
            frame.emit_event(StringExecuted(*frame.at(node), for_message(node.func)))
        return
    if isinstance(statement, Object) and statement.type == "sqlalchemy.TextClause":
        statement = statement.argument("0") or statement.argument("text")
    if not isinstance(statement, Const) or not isinstance(statement.value, str):
        return
    count = count_statements(statement.value)
    if count > 1:
        requirements = frame.ctx.project.requirements_of(frame.path)
        if not isinstance(callee, Member) and requirements.brings(_OF_MIGRATIONS):
            return  # migrations may run with a sync driver
        found = required_drivers(frame)
        frame.emit_event(ScriptExecuted(*frame.at(node), for_message(node.func), count, found))


def required_drivers(frame: Frame) -> tuple[str, ...]:
    """The async drivers that the project requires."""
    requirements = frame.ctx.project.requirements_of(frame.path)
    found = [driver for driver in drivers.PACKAGES if requirements.brings(drivers.PACKAGES[driver])]
    return (*found, "psycopg") if requirements.brings(drivers.MAY_BE_PSYCOPG) else tuple(found)


def _is_string(statement: Value | None, frame: Frame, node: tree.Call) -> bool:
    """Whether a statement is a string. The annotation of a parameter says so too, but may be wrong."""
    if isinstance(statement, Const):
        return isinstance(statement.value, str)
    written = node.args[0] if node.args else None
    params = frame.node.params if frame.node is not None else ()
    is_param = isinstance(written, tree.Name) and any(written.id == param.name for param in params)
    return statement == TEXT and not is_param


def _executes(frame: Frame, callee: Value, node: tree.Call) -> bool:
    """Whether a call executes SQL: of an async session or connection, or of a migration."""
    if isinstance(callee, Member):
        return is_session_type(callee.receiver.type) or is_subtype(callee.receiver.type, _CONNECTION)
    return callee == MIGRATES or _is_of_migration(frame, node.func)


def _is_of_migration(frame: Frame, func: Expr) -> bool:
    """Whether a call is ``op.get_bind().execute``, perhaps through a variable."""
    if not isinstance(func, tree.Attr) or func.name != "execute":
        return False
    bind: Expr | None = func.value
    if isinstance(bind, tree.Name) and isinstance(frame.node, tree.FunctionDef):
        made = (one for one in flat(frame.node.body) if isinstance(one, tree.Assign))
        bind = next((one.value for one in made if dotted(one.targets[0]) == dotted(func.value)), None)
    text = dotted(bind.func) if isinstance(bind, tree.Call) else ""
    return text.endswith(".get_bind") and names.dotted_value(frame.ctx, frame.path, text) == _GIVES_BIND


def count_statements(text: str) -> int:
    """The number of statements in a text of SQL."""
    plain = _COMMENT.sub(" ", _NO_END.sub("x", text))
    return sum(bool(part.strip()) for part in plain.split(";"))
