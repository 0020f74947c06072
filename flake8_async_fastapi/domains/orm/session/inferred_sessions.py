"""Arguments that callers pass for a parameter without a known type.

Only sessions are looked for: helpers often get one without an annotation, and their effects on it would be
missed. A parameter is looked up if code calls methods of a session on it.
"""

from __future__ import annotations

from typing import Final

from flake8_async_fastapi.domains.orm.session import session_factories
from flake8_async_fastapi.engine.frame import Context
from flake8_async_fastapi.engine.machine.callers import values_passed
from flake8_async_fastapi.engine.text import path_of
from flake8_async_fastapi.engine.values import (
    UNKNOWN,
    Function,
    Object,
    Unknown,
    Value,
    alternatives,
    is_none,
)
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Param, Stmt
from flake8_async_fastapi.facts.walk import all_nodes, dotted, flat

_METHODS: Final = frozenset(
    {"add", "add_all", "begin_nested", "commit", "delete", "exec", "execute", "expunge", "flush",
     "get_one", "merge", "refresh", "rollback", "scalar", "scalars", "stream", "stream_scalars"}
)  # fmt: skip
_FACTORY: Final = "sqlalchemy.ext.asyncio.async_sessionmaker"
_ASYNC: Final = "AsyncSession"
_SYNC: Final = "sqlalchemy.orm.Session"
_MAKES_SYNC: Final = "create_engine"


def session_of_callers(ctx: Context, function: Function, param: Param) -> Value:
    """The async session, or the factory of such, that all known callers pass; unknown if there is none."""
    node = function.node
    used = _use_of(ctx, function, node, param.name) if isinstance(node, tree.FunctionDef) else ""
    if not used:
        return UNKNOWN
    key = ("passed", function.key, param.name)
    return ctx.query(key, lambda: _passed(ctx, function, param, used), UNKNOWN)


def _passed(ctx: Context, function: Function, param: Param, used: str) -> Value:
    given = [value for passed in values_passed(ctx, function, param.name) for value in alternatives(passed)]
    known = [value for value in given if not isinstance(value, Unknown) and not is_none(value)]
    is_wanted = session_factories.is_tracked_session if used == "session" else _is_factory
    found = [one for one in known if isinstance(one, Object) and is_wanted(one)]
    if len(found) != len(known) or len({value.type for value in found}) != 1:
        return UNKNOWN
    if used == "factory" and len(set(found)) == 1:
        return found[0]
    return Object(found[0].type, declared=True)


def _is_factory(value: Value) -> bool:
    return isinstance(value, Object) and value.type == _FACTORY


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

    ``factory`` if it is called for a session; otherwise empty.
    """
    owners = {name}
    code: list[Stmt] = node.body
    if node.name == "__init__" and function.owner is not None and node.params:
        me = node.params[0].name
        for statement in flat(node.body):
            if isinstance(statement, tree.Assign) and isinstance(statement.value, tree.Name):
                owners |= {path_of(target) for target in statement.targets if statement.value.id == name}
        owners = {owner for owner in owners if owner.startswith(f"{me}.")}
        code = function.owner.node.body
    if not owners:
        return ""
    key = ("used as sessions", function.key if code is node.body else function.owner)
    sessions, factories = ctx.derive(key, lambda: _names_used(code))
    return "session" if not owners.isdisjoint(sessions) else "" if owners.isdisjoint(factories) else "factory"


def _names_used(code: list[Stmt]) -> tuple[frozenset[str], frozenset[str]]:
    """The variables and attributes on which code calls methods of a session; other objects have a ``get``
    that is not awaited. And those that it calls for something that it enters, or keeps in a variable.
    """
    sessions, called = set(), set()
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
    return frozenset(sessions), frozenset(called)
