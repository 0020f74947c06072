"""Parameters of SQL texts that ``text()`` does not find, or finds by mistake, or that a driver refuses."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from msgspec.structs import replace

from flake8_async_fastapi.domains.database.events import TextParameterMisused
from flake8_async_fastapi.domains.database.scripts import MIGRATES, report_script, required_drivers
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.models import CallModel, CallSite
from flake8_async_fastapi.engine.text import for_message
from flake8_async_fastapi.engine.values import (
    UNKNOWN,
    Arguments,
    Collection,
    Const,
    Member,
    Object,
    Payload,
    Plain,
    Value,
)
from flake8_async_fastapi.engine.watches import Watch
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.knowledge import is_subtype
from flake8_async_fastapi.knowledge.drivers import TAKE_ONE_STATEMENT
from flake8_async_fastapi.knowledge.transactions import QUERIES, is_session_type

_TEXT: Final = "sqlalchemy.TextClause"
_CONNECTION: Final = "sqlalchemy.ext.asyncio.AsyncConnection"
_PARAMETER: Final = re.compile(r"(?<![:\w\\]):([\w$]+)(?![:\w$])")
"""What SQLAlchemy takes for a parameter, anywhere in a text."""
_QUOTED: Final = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|\"[^\"]*\"|\$(\w*)\$.*?\$\1\$", re.DOTALL)
_CAST: Final = re.compile(r"(?<![:\w\\\[\]]):([A-Za-z_]\w*)::\w")
_LISTED: Final = re.compile(r"\bin\s+:(\w+)", re.IGNORECASE)
_ITEM: Final = re.compile(r"\bin\s*\(\s*:(\w+)\s*\)", re.IGNORECASE)
_TESTED: Final = re.compile(r"(?<![:\w\\]):(\w+)\s+is\s+(?:not\s+)?null\b", re.IGNORECASE)
_AFTER: Final = re.compile(r"\bwhere\b", re.IGNORECASE)
_LISTS: Final = frozenset({"list", "tuple", "set", "frozenset"})


class Bound(Payload, frozen=True):
    """What ``bindparams()`` leaves: a text whose parameters may have a type, or be expanded."""


def _bind(site: CallSite) -> Value:
    """The value of ``text(...).bindparams(...)``."""
    owner = site.callee.receiver if isinstance(site.callee, Member) else None
    return UNKNOWN if owner is None else replace(owner, detail=Bound())


def report_parameters(frame: Frame, callee: Value, arguments: Arguments, node: tree.Call) -> None:
    """Report a text whose parameters do not work when a session or connection executes it."""
    if not isinstance(callee, Member) or callee.name not in QUERIES or not _is_async(callee.receiver):
        return
    statement = arguments.get(0, "statement")
    if not isinstance(statement, Object) or statement.type != _TEXT:
        return
    text = statement.argument("0") or statement.argument("text")
    if isinstance(text, Const) and isinstance(text.value, str):
        given = arguments.get(1, "params") or arguments.get(1, "parameters")
        drivers = required_drivers(frame)
        is_bound = statement.detail is not None
        for name, problem in _problems(text.value, given, () if is_bound else drivers):
            where = frame.at(node)
            frame.emit_event(TextParameterMisused(*where, for_message(node.func), name, problem, drivers))
            return


def _is_async(receiver: Object) -> bool:
    return is_session_type(receiver.type) or is_subtype(receiver.type, _CONNECTION)


def _problems(text: str, given: Value | None, drivers: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """The parameters that do not work, each with what is wrong."""
    plain = _QUOTED.sub("''", text)
    for found in _CAST.finditer(plain):
        yield found[1], "cast"
    for quoted in _QUOTED.finditer(text):
        for found in _PARAMETER.finditer(quoted[0]):
            yield found[1], "comment" if quoted[0][0] in "-/" else "quoted"
    if drivers and TAKE_ONE_STATEMENT.issuperset(drivers):
        for found in _LISTED.finditer(plain):
            yield found[1], "list"
        for found in _ITEM.finditer(plain):
            if _is_list(given, found[1]):
                yield found[1], "list"
    if drivers == ("asyncpg",):
        for found in _TESTED.finditer(plain):
            before = plain[: found.start()]
            if _AFTER.search(before) and all(used[1] != found[1] for used in _PARAMETER.finditer(before)):
                yield found[1], "null"


def _is_list(given: Value | None, name: str) -> bool:
    """Whether a parameter is certainly a list or another collection."""
    if not isinstance(given, Collection) or given.keys is None or given.items is None:
        return False
    value = dict(zip(given.keys, given.items, strict=False)).get(name)
    return isinstance(value, (Collection, Plain)) and value.kind in _LISTS


METHODS: Final[Mapping[str, CallModel]] = {f"{_TEXT}.bindparams": _bind}


def report_statement(
    frame: Frame, callee: Value, arguments: Arguments, node: tree.Call, result: Value
) -> None:
    """Report a text that is executed: for its parameters, or for the statements in it."""
    report_parameters(frame, callee, arguments, node)
    report_script(frame, callee, arguments, node, result)


CALLS: Final = Watch(
    report_statement,
    methods=QUERIES | {"exec_driver_sql"},
    functions=frozenset({MIGRATES.dotted}),
    unknown=frozenset({"execute"}),
    checked=True,
)
