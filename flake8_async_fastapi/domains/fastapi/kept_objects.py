"""ORM objects that outlive their session: kept in a variable of a module, an attribute or ``app.state``.

A function that finds such an object has it as the one function left it that keeps it there, and the session
that loaded it is over by then. Source: docs/behaviour.md#sessions-and-expiry.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from flake8_async_fastapi.domains.fastapi import applications
from flake8_async_fastapi.domains.fastapi.request_state import names_on_state
from flake8_async_fastapi.domains.fastapi.rewriting import changed
from flake8_async_fastapi.domains.orm.objects import transitions
from flake8_async_fastapi.domains.orm.objects.heap import instances_of, locations_in
from flake8_async_fastapi.engine import relevance
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.joins import union
from flake8_async_fastapi.engine.machine import functions, names, summaries
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.summary import Footprint
from flake8_async_fastapi.engine.values import (
    NONE,
    UNKNOWN,
    Arguments,
    ClassValue,
    Collection,
    Function,
    Instance,
    Object,
    Unknown,
    Value,
    alternatives,
    is_none,
)
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr, Stmt
from flake8_async_fastapi.facts.walk import dotted, flat, names_in, nodes_in
from flake8_async_fastapi.knowledge import is_subtype
from flake8_async_fastapi.knowledge.transactions import GETS, QUERIES
from flake8_async_fastapi.project.views import view

_CONNECTION: Final = "starlette.requests.HTTPConnection"
_KEPT: Final = "<kept>"
"""The variable for what is kept, in a run for that alone."""


class _Keeper(Struct, frozen=True):
    """The statement that keeps something, in a function; ``kind`` is that of the container, if it is one."""

    function: tree.FunctionDef
    statement: tree.Assign
    kind: Literal["dict", ""]


def begin_with_kept(frame: Frame, function: Function) -> None:
    """Put the objects that a function finds kept on its first path."""
    ctx, receiver = frame.ctx, frame.receiver
    cls = receiver.cls if isinstance(receiver, Instance) else None
    found, reads_state = ctx.derive(("finds", function.key, cls), lambda: _found_by(ctx, function, cls))
    for owner, name, keeper in found:
        if owner is None:
            _put(frame, name, ("kept", function.path, name), function.path, None, keeper)
        elif frame.receiver_name:
            _put(frame, f"{frame.receiver_name}.{name}", ("kept", owner, name), owner.path, owner, keeper)
    if reads_state:
        _put_state(frame, function)


_Found: TypeAlias = tuple[tuple[tuple[ClassValue | None, str, _Keeper], ...], bool]


def _found_by(ctx: Context, function: Function, cls: ClassValue | None) -> _Found:
    """What a function may find kept by its module or its object, and whether it reads a ``state``."""
    if function.key.path != function.path:
        return (), False  # it is run for what it keeps
    mentions = relevance.mentions_of(ctx, function)
    found = [
        (owner, name, keeper)
        for owner, among in ((None, mentions.names), (cls, mentions.attributes))
        if owner is not None or among is mentions.names
        for name, keeper in _keepers(ctx, function.path if owner is None else owner.path, owner).items()
        if name in among
    ]
    return tuple(found), "state" in mentions.attributes


def _put(frame: Frame, where: str, key: object, path: str, owner: ClassValue | None, keeper: _Keeper) -> None:
    if frame.state.get(where) is None:
        kept = _kept_by(frame.ctx, key, path, owner, keeper)
        value, known = kept
        if not isinstance(value, Unknown):
            _put_value(frame, where, _holding(frame, keeper, value), known)


def _holding(frame: Frame, keeper: _Keeper, value: Value) -> Value:
    """What a place holds that keeps a value, for the function of a frame.

    A function that always puts an item into a dict finds this one there, and the others at unknown keys.
    """
    if not keeper.kind:
        return union([value, NONE])
    body = frame.node.body if isinstance(frame.node, tree.FunctionDef) else ()
    puts = any(one is keeper.statement for one in body)
    return Collection("dict", items=(value,), keys=(None,)) if puts else Collection("dict", value)


def _put_value(frame: Frame, where: str, value: Value, known: Footprint) -> None:
    frame.ctx.hooks.put_footprint(frame.state, known)
    frame.state.narrow(where, value)


# --- what keeps something -------------------------------------------------------------------------


def _keepers(ctx: Context, path: str, owner: ClassValue | None) -> dict[str, _Keeper]:
    """What coroutine functions of a module keep in its variables, or methods of a class in attributes.

    Only names that a single statement sets, and whose objects no other function takes into a session again.
    """

    if owner is None:
        return ctx.project.view(path, _keepers_of_module)
    return ctx.derive(("keepers", owner.key), lambda: _only_keepers(owner.node.body, None))


@view
def _keepers_of_module(body: list[Stmt]) -> dict[str, _Keeper]:
    empty = set(_begin_empty(body))
    return _only_keepers(body, empty) if empty else {}


def _only_keepers(body: list[Stmt], of_module: set[str] | None) -> dict[str, _Keeper]:
    found: dict[str, list[_Keeper]] = {}
    for function in body:
        if isinstance(function, tree.FunctionDef):
            for name, keeper in _keepers_in(function, of_module):
                found.setdefault(name, []).append(keeper)
    return {name: one[0] for name, one in found.items() if len(one) == 1 and _keeps(body, name, one[0])}


_CONTAINERS: Final = ("dict", "Dict", "Cache")


def _begin_empty(body: list[Stmt]) -> Iterator[str]:
    """The variables of a module that begin as None or as a new container."""
    for statement in body:
        match statement:
            case tree.Assign(targets=[tree.Name(id=name)], value=tree.DictDisplay() | tree.Const(value=None)):
                yield name
            case tree.Assign(targets=[tree.Name(id=name)], value=tree.Call(func=called)):
                if dotted(called).endswith(_CONTAINERS):
                    yield name


def _keeps(body: list[Stmt], name: str, keeper: _Keeper) -> bool:
    function = keeper.function
    return not function.is_generator and _loads(function) and not _is_taken_up(body, name, keeper)


def _loads(function: tree.FunctionDef) -> bool:
    """Whether a coroutine function itself asks a session for objects.

    Most functions that keep something keep anything else, and to run one costs as much as to check it.
    """
    return function.is_async and any(
        isinstance(node, tree.Await) and _queries(node.value) for node in nodes_in(function.body)
    )


def _queries(awaited: Expr) -> bool:
    match awaited:
        case tree.Call(func=tree.Attr(name=name), args=arguments):
            return name in QUERIES or (name in GETS and len(arguments) > 1)
    return False


_TAKING_UP: Final = frozenset({"add", "add_all", "awaitable_attrs", "merge", "refresh", "run_sync"})


def _is_taken_up(body: list[Stmt], name: str, keeper: _Keeper) -> bool:
    """Whether another function that mentions what is kept may load more of it."""
    for function in flat(body):
        if isinstance(function, tree.FunctionDef) and function is not keeper.function:
            attributes = {node.name for node in nodes_in(function.body) if isinstance(node, tree.Attr)}
            if attributes & _TAKING_UP and (name in attributes or name in names_in(function.body)):
                return True
    return False


def _keepers_in(function: tree.FunctionDef, of_module: set[str] | None) -> Iterator[tuple[str, _Keeper]]:
    """The places of a module, or of the object of a method, that a function sets, each with how."""
    me = function.params[0].name if of_module is None and function.params else ""
    if of_module is None and (not function.is_async or not me):
        return
    shared: set[str] = set()
    for statement in flat(function.body):
        match statement:
            case tree.Scope(names=found):
                shared.update(found)
            case tree.Assign(targets=[target], value=value) if isinstance(value, _MAY_BE_OBJECTS):
                inside = target.value if isinstance(target, tree.Subscript) else target
                kind: Literal["dict", ""] = "dict" if isinstance(target, tree.Subscript) else ""
                if me and isinstance(inside, tree.Attr) and dotted(inside.value) == me:
                    yield inside.name, _Keeper(function, statement, kind)
                elif isinstance(inside, tree.Name) and inside.id in ((of_module or ()) if kind else shared):
                    yield inside.id, _Keeper(function, statement, kind)


_MAY_BE_OBJECTS: Final = (tree.Await, tree.Call, tree.Display, tree.Name)


# --- what is kept ---------------------------------------------------------------------------------


def _kept_by(
    ctx: Context, key: object, path: str, owner: ClassValue | None, keeper: _Keeper
) -> tuple[Value, Footprint]:
    """The objects that a function keeps, and what is known of them when their session is over."""
    nothing: tuple[Value, Footprint] = (UNKNOWN, ())
    if owner is None:
        function = functions.as_function(path, keeper.function)
    else:
        function = functions.as_method(owner, keeper.function, Instance(owner))
    return ctx.query(key, lambda: _run_keeper(ctx, function, keeper.statement), nothing)


def _run_keeper(ctx: Context, function: Function, keeping: tree.Assign) -> tuple[Value, Footprint]:
    node = function.node
    assert isinstance(node, tree.FunctionDef)
    line, col = node.line, node.col
    kept = tree.Name(line, col, _KEPT)
    yields = node.is_generator
    given: Stmt = (
        tree.ExprStmt(line, col, tree.Yield(line, col, kept)) if yields else tree.Return(line, col, kept)
    )

    def change(one: Stmt) -> Stmt:
        if one is keeping:
            return replace(keeping, targets=[*keeping.targets, kept])
        if isinstance(one, tree.Return) and not yields:
            return tree.Return(one.line, one.col, kept)
        return (
            given if yields and isinstance(one, tree.ExprStmt) and isinstance(one.value, tree.Yield) else one
        )

    first = tree.Assign(line, col, [kept], tree.Const(line, col, None), None)
    body = [first, *changed(node.body, change), *([] if yields else [given])]
    changed_node = replace(node, body=body, returns=None, decorators=[])
    giving = replace(function, node=changed_node, key=Place(f"{function.path}:{keeping.line}", line, col))
    frame = Frame(ctx, function.path, "")
    summary = summaries.apply_summary(frame, giving, Arguments(), function.key)
    value = summary.yields if yields else summary.returns
    found = [one for one in alternatives(value) if not is_none(one)]
    if not found or any(isinstance(one, Unknown) for one in found):
        return UNKNOWN, ()
    value = union(found)
    objects = instances_of(frame.state)
    there = {location: objects[location] for location in locations_in(value) if location in objects}
    is_over = function.owner is None  # an object of a class may be that of one request
    if not there or any(obj.phase != "detached" and not is_over for obj in there.values()):
        return UNKNOWN, ()
    for location, obj in list(objects.items()):
        objects[location] = replace(transitions.after_detach(obj), session=_KEPT)  # of no session to come
    return value, ctx.hooks.footprint(ctx, frame.state, None, [value])


# --- the state of the application -----------------------------------------------------------------


def _put_state(frame: Frame, function: Function) -> None:
    """Put the objects on the state of the application that a function reads on its path."""
    for owner, name in _state_read(frame.ctx, function):
        value = frame.state.get(owner) if "." not in owner else None
        if owner.endswith(".app"):
            given = frame.state.env.get(owner.partition(".")[0])
            is_app = isinstance(given, Object) and is_subtype(given.type, _CONNECTION)
        else:
            value = value or names.module_value(frame.ctx, function.path, owner)
            is_app = isinstance(value, Object) and is_subtype(value.type, applications.APPLICATION)
        where = f"{owner}.state.{name}"
        if is_app and where not in frame.state.attributes:
            found, known = _on_state(frame.ctx, name)
            if not isinstance(found, Unknown):
                _put_value(frame, where, found, known)


def _on_state(ctx: Context, name: str) -> tuple[Value, Footprint]:
    nothing: tuple[Value, Footprint] = (UNKNOWN, ())
    return ctx.query(("on state", name), lambda: _kept_on_state(ctx, name), nothing)


def _state_read(ctx: Context, function: Function) -> list[tuple[str, str]]:
    """``app`` and ``name`` for each ``app.state.name`` in a function, and so for ``request.app``."""

    def find() -> list[tuple[str, str]]:
        found = dict.fromkeys(
            (dotted(node.value.value), node.name)
            for node in nodes_in(function.node.body)
            if isinstance(node, tree.Attr)
            and isinstance(node.value, tree.Attr)
            and node.value.name == "state"
        )
        return [pair for pair in found if pair[0] and pair[0].count(".") == pair[0].endswith(".app")]

    return ctx.derive(("state read", function.key), find)


def _kept_on_state(ctx: Context, name: str) -> tuple[Value, Footprint]:
    """The objects that the one lifespan which sets a name on the application's state leaves there."""
    found: list[tuple[str, tree.FunctionDef, tree.Assign]] = []
    for path in ctx.project.mentioning(name):
        for function, statement in ctx.project.view_of(path, _functions_setting_state, name) or ():
            found.append((path, function, statement))
    if len(found) != 1:
        return UNKNOWN, ()
    ((path, function, statement),) = found
    if not _loads(function) or (function.is_generator and len(function.params) != 1):
        return UNKNOWN, ()
    if not _was_awaited(function, statement.value):
        return UNKNOWN, ()
    return _run_keeper(ctx, functions.as_function(path, function), statement)


def _was_awaited(function: tree.FunctionDef, value: Expr | None) -> bool:
    """Whether a value is the result of an ``await``, or a variable that a function sets to one."""
    made = [value]
    if isinstance(value, tree.Name):
        assigned = (one for one in flat(function.body) if isinstance(one, tree.Assign))
        made = [one.value for one in assigned if value.id in map(dotted, one.targets)]
    return any(isinstance(node, tree.Await) for one in made for node in nodes_in(one))


@view
def _functions_setting_state(body: list[Stmt]) -> dict[str, list[tuple[tree.FunctionDef, tree.Assign]]]:
    """The functions at the top of a file that set ``state.name``, with the statements, by the name."""
    found: dict[str, list[tuple[tree.FunctionDef, tree.Assign]]] = {}
    for function in flat(body):
        if isinstance(function, tree.FunctionDef):
            assigned = (one for one in flat(function.body) if isinstance(one, tree.Assign))
            for statement in assigned:
                for name in dict.fromkeys(names_on_state(statement.targets)):
                    found.setdefault(name, []).append((function, statement))
    return found
