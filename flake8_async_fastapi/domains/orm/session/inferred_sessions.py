"""Arguments that callers pass for a parameter whose annotation says too little.

Only sessions, their factories and engines are looked for: helpers often get one without an annotation, and
their effects on it would be missed. A parameter is looked up if code uses it like one. What an annotation
never says is whether a commit expires the objects of a session.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from flake8_async_fastapi.domains.orm.session import session_factories
from flake8_async_fastapi.domains.orm.session.session_factories import is_tracked_session
from flake8_async_fastapi.domains.orm.statements.queries import SessionSettings
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.machine.callers import code_using, values_passed
from flake8_async_fastapi.engine.text import path_of
from flake8_async_fastapi.engine.values import (
    UNKNOWN,
    Function,
    Instance,
    Object,
    Unknown,
    Value,
    alternatives,
    is_none,
)
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Param, Stmt
from flake8_async_fastapi.facts.walk import all_nodes, dotted, flat, written_argument

_METHODS: Final = frozenset(
    {"add", "add_all", "begin_nested", "commit", "delete", "exec", "execute", "expunge", "flush",
     "get_one", "merge", "query", "refresh", "rollback", "scalar", "scalars", "stream", "stream_scalars"}
)  # fmt: skip
_ENGINES: Final = frozenset({"sqlalchemy.ext.asyncio.AsyncEngine", "sqlalchemy.ext.asyncio.AsyncConnection"})
_TAKES_ENGINE: Final = frozenset({"create_all", "drop_all", "inspect", "reflect"})
_FACTORY: Final = "sqlalchemy.ext.asyncio.async_sessionmaker"
_ASYNC: Final = "AsyncSession"
_SYNC: Final = "sqlalchemy.orm.Session"
_SYNC_TYPES: Final = (_SYNC, "sqlmodel.Session")
_MAKES_SYNC: Final = "create_engine"


def session_of_callers(ctx: Context, function: Function, param: Param) -> Value:
    """The async session, engine or session factory that all known callers pass; unknown if none do."""
    node = function.node
    used = _use_of(ctx, function, node, param.name) if isinstance(node, tree.FunctionDef) else ""
    if not used:
        return UNKNOWN
    key = ("passed", function.key, param.name)
    return ctx.query(key, lambda: _passed(ctx, function, param, used), UNKNOWN)


def with_settings_of_callers(frame: Frame, function: Function, param: Param, declared: Value) -> Value | None:
    """A session that an annotation names, with the settings of those that callers pass; None if that is not
    needed, or if they differ.

    It is not needed where all factories of the project agree.
    """
    if not isinstance(declared, Object) or not declared.declared or not is_tracked_session(declared):
        return None
    if (
        declared.detail is not None
        or declared.arguments
        or frame.ctx.project.expire_on_commit(function.path) is not None
    ):
        return None
    receiver = function.receiver.cls if isinstance(function.receiver, Instance) else None
    key = ("settings passed", function.key, receiver, param.name)
    expires = frame.ctx.query(key, lambda: _expires_for_callers(frame.ctx, function, param), False)
    if not expires:
        return None
    known = session_factories.session_settings(frame.ctx, function.path, declared)
    return replace(declared, detail=SessionSettings(True, known.flushes))


def _expires_for_callers(ctx: Context, function: Function, param: Param) -> bool:
    """Whether a commit expires the objects of all sessions that are known to be passed."""
    given = [one for passed in values_passed(ctx, function, param.name) for one in alternatives(passed)]
    sessions = [one for one in given if isinstance(one, Object) and is_tracked_session(one)]
    told = {session_factories.session_settings(ctx, function.path, one).expires for one in sessions}
    return told - {None} == {True}


def async_session_of_callers(
    frame: Frame, function: Function, param: Param, declared: Value
) -> Value | None:
    """The async session that all known callers pass where an annotation names a sync one; otherwise None.

    Half converted programs pass one to helpers that still are for the other.
    """
    ctx = frame.ctx
    if not isinstance(declared, Object) or not declared.declared or declared.type not in _SYNC_TYPES:
        return None
    if not ctx.project.mentioning(_ASYNC) or ctx.project.is_handed_to_run_sync(function.name):
        return None
    receiver = function.receiver.cls if isinstance(function.receiver, Instance) else None
    key = ("async sessions passed", function.key, receiver, param.name)
    found = ctx.query(key, lambda: _passed(ctx, function, param, "session"), UNKNOWN)
    return None if isinstance(found, Unknown) else found


def _passed(ctx: Context, function: Function, param: Param, used: str) -> Value:
    given = [value for passed in values_passed(ctx, function, param.name) for value in alternatives(passed)]
    known = [value for value in given if not isinstance(value, Unknown) and not is_none(value)]
    found = [one for one in known if isinstance(one, Object) and _USES[used](one)]
    if len(found) != len(known) or len({value.type for value in found}) != 1:
        return UNKNOWN
    if used == "factory" and len(set(found)) == 1:
        return found[0]
    return Object(found[0].type, declared=True)


def _is_factory(value: Value) -> bool:
    return isinstance(value, Object) and value.type == _FACTORY


def _is_engine(value: Value) -> bool:
    return isinstance(value, Object) and value.type in _ENGINES


_USES: Final = {"session": is_tracked_session, "factory": _is_factory, "engine": _is_engine}


def receives_sync_session(ctx: Context, function: Function, place: int) -> bool:
    """Whether known callers pass only sync sessions for a parameter that is annotated as an async one.

    Nothing checks the annotation of a helper.
    """
    node, params = function.node, function.node.params[function.receiver is not None :]
    if place >= len(params) or not isinstance(node, tree.FunctionDef):
        return False
    param = params[place]
    if param.annotation is None or dotted(param.annotation).rpartition(".")[2] != _ASYNC:
        return False
    if not ctx.project.mentioning(_MAKES_SYNC) or not is_used_plainly(node, param.name):
        return False

    def find() -> bool:
        passed = [one for value in values_passed(ctx, function, param.name) for one in alternatives(value)]
        known = [value for value in passed if not isinstance(value, Unknown)]
        return bool(known) and all(isinstance(one, Object) and one.type == _SYNC for one in known)

    return ctx.query(("given sync sessions", function.key, param.name), find, False)


def is_used_plainly(node: tree.FunctionDef, name: str) -> bool:
    """Whether a statement calls a method of a parameter without awaiting it, as for a sync session."""
    for statement in flat(node.body):
        if isinstance(statement, (tree.ExprStmt, tree.Assign, tree.Return)):
            code = statement.value
            while isinstance(code, (tree.Call, tree.Attr)):
                code = code.func if isinstance(code, tree.Call) else code.value
            if isinstance(code, tree.Name) and code.id == name and isinstance(statement.value, tree.Call):
                return True
    return False


def _use_of(ctx: Context, function: Function, node: tree.FunctionDef, name: str) -> str:
    """Whether methods of a session are called on a parameter, or on an attribute that holds it: ``session``.

    ``factory`` if it is called for a session, ``engine`` if tables are made with it; otherwise empty.
    """
    owners, code = code_using(function, name)
    if not owners:
        return ""
    key = ("used as sessions", function.key if code is node.body else function.owner)
    used = ctx.derive(key, lambda: _names_used(code))
    return next((use for use, found in used.items() if not owners.isdisjoint(found)), "")


def _names_used(code: list[Stmt]) -> dict[str, frozenset[str]]:
    """The variables and attributes on which code calls methods of a session; other objects have a ``get``
    that is not awaited. And those that it calls for something that it enters, or keeps in a variable, and
    those with which it makes or inspects tables.
    """
    sessions, called, engines = set[str](), set[str](), set[str]()
    for part in all_nodes(code):
        match part:
            case tree.Call(func=tree.Attr(value=owner, name=name)) if name in _METHODS:
                sessions.add(path_of(owner))
            case tree.Await(value=tree.Call(func=tree.Attr(value=owner, name="get"))):
                sessions.add(path_of(owner))
            case tree.WithItem(context=tree.Call(func=maker, args=[], keywords=[])):
                called.add(path_of(maker))
            case tree.Assign(value=tree.Call(func=maker, args=[], keywords=[])):
                called.add(path_of(maker))
            case tree.Call(func=function) if dotted(function).rpartition(".")[2] in _TAKES_ENGINE:
                written = written_argument(part, 0, "bind")
                engines |= {path_of(written)} if written is not None else set()
    found = {"session": sessions, "factory": called, "engine": engines}
    return {use: frozenset(paths) for use, paths in found.items()}
