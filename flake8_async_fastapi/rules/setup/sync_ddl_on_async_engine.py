"""AFA403: tables are created, dropped or inspected as if the engine were a sync one."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.orm.events import RunSync
from flake8_async_fastapi.engine.events import Called
from flake8_async_fastapi.engine.values import Library, Member, Object, Value
from flake8_async_fastapi.knowledge import is_subtype
from flake8_async_fastapi.knowledge.sync_users import TAKE_CONNECTION
from flake8_async_fastapi.rules.model import Events, Finding, Rule
from flake8_async_fastapi.rules.wording import can_await

RULE = Rule(
    "AFA403",
    "sync-ddl-on-async-engine",
    "bug",
    "create_all(), inspect() or a similar call on an async engine or connection, outside run_sync()",
    fixable="safe",
)

_A_CONNECTION = "an async connection"
_METHODS = frozenset({"create_all", "drop_all", "reflect"})
_METADATA = "sqlalchemy.MetaData"
_INSPECT = ("sqlalchemy.inspect", "sqlalchemy.inspection.inspect")
_ENGINE = "sqlalchemy.ext.asyncio.AsyncEngine"
_CONNECTION = "sqlalchemy.ext.asyncio.AsyncConnection"


def check(events: Events) -> Iterator[Finding]:
    passed = {(run.line, run.function) for run in events.of(RunSync) if run.is_call}  # AFA108 tells of those
    for called in events.of(Called):
        taken = TAKE_CONNECTION.get(called.callee.dotted) if isinstance(called.callee, Library) else None
        if taken is not None:
            given = called.arguments.get(*taken)
            if isinstance(given, Object) and given.type in (_ENGINE, _CONNECTION):
                kind = _asynchronous(given)
                reads = taken[1] == "con"
                or_reads = ", or read in connection.run_sync(lambda sync: ...)" if reads else ""
                yield RULE.at(called, f"{called.text} gets {kind}, so it fails: pass a sync one{or_reads}")
            continue
        inspects = isinstance(called.callee, Library) and called.callee.dotted in _INSPECT
        if not inspects and not _is_ddl(called.callee):
            continue
        bind = called.arguments.get(0, "subject" if inspects else "bind")
        if (called.line, called.function) in passed:
            continue
        kind = _asynchronous(bind) if isinstance(bind, Object) else ""
        if kind and inspects:
            remedy = "write await connection.run_sync(lambda sync: inspect(sync)...)"
            yield RULE.at(called, f"{called.text} gets {kind}, so it fails: {can_await(called, remedy)}")
        elif kind:
            remedy = "write async with engine.begin() as connection: await connection.run_sync(...)"
            fix = RULE.fix(called, "run_ddl", "connection" if kind == _A_CONNECTION else "engine")
            problem = f"{called.text} gets {kind}, so it fails: {can_await(called, remedy)}"
            yield RULE.at(called, problem, fix=fix)


def _is_ddl(callee: Value) -> bool:
    if isinstance(callee, Member):
        return is_subtype(callee.receiver.type, _METADATA) and callee.name in _METHODS
    if isinstance(callee, Library):
        owner, _, name = callee.dotted.rpartition(".")
        return name in _METHODS and owner.endswith(".metadata")
    return False


def _asynchronous(bind: Object) -> str:
    if bind.type == _ENGINE:
        return "an async engine"
    if bind.type == _CONNECTION:
        return _A_CONNECTION
    return "the sync side of an async engine" if bind.argument("async") is not None else ""
