"""Calls that create sessions and session factories, and what happens to the sessions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import Struct, field

from flake8_async_fastapi.domains.database import unbound
from flake8_async_fastapi.domains.database.events import (
    ClientMade,
    FactoryMade,
    FactoryUnbound,
    GlobalSession,
    SessionLeftOpen,
)
from flake8_async_fastapi.domains.database.sessions import derives_from_session, is_surely_session
from flake8_async_fastapi.domains.database.shared import is_used
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.machine import classes, names, summaries
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.programs import is_program
from flake8_async_fastapi.engine.text import for_message, simple_condition
from flake8_async_fastapi.engine.values import (
    Arguments,
    ClassValue,
    Function,
    Instance,
    Library,
    Object,
    Value,
)
from flake8_async_fastapi.engine.walks import inner_values
from flake8_async_fastapi.engine.watches import ALL, Watch
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import dotted, names_in, nodes_in
from flake8_async_fastapi.knowledge.transactions import is_session_type
from flake8_async_fastapi.project.modules import is_test

_FACTORIES: Final = frozenset({"sqlalchemy.orm.sessionmaker", "sqlalchemy.ext.asyncio.async_sessionmaker"})
_SQLALCHEMY: Final = ("sqlalchemy", "sqlmodel")
_SINCE: Final = (2, 0)
"""The first SQLAlchemy that has ``async_sessionmaker``."""
_SINCE_NAMES: Final = (
    "sqlalchemy.ext.asyncio.async_sessionmaker",
    "sqlalchemy.orm.mapped_column",
    "sqlalchemy.orm.DeclarativeBase",
)
"""Further names that came with it."""
_CLIENTS: Final = frozenset({"httpx.AsyncClient", "httpx.Client"})
_HTTPX: Final = (0, 28)
"""The first httpx whose clients have no argument ``app``."""
CLIENTS: Final = frozenset({"httpx.AsyncClient", "aiohttp.ClientSession"})
"""The types of async HTTP clients, which have to be closed."""
_CLOSES: Final = frozenset({"close", "aclose", "__aexit__", "__aenter__", "remove"})


class OpenedClients(Struct):
    """The calls in one run that made an async HTTP client, by their place."""

    calls: dict[Place, tree.Call] = field(default_factory=dict)


class OpenedSessions(Struct):
    """The calls in one run that created a session, by their place."""

    calls: dict[Place, tree.Call] = field(default_factory=dict)


def report_creation(
    frame: Frame, callee: Value, arguments: Arguments, node: tree.Call, result: Value
) -> None:
    """Report a factory or a session that is created, and note the session."""
    if isinstance(callee, Function):
        _note_opened_by(frame, callee, node, result)
        return
    project = frame.ctx.project
    if isinstance(callee, Library) and callee.dotted in CLIENTS:
        frame.notes_of(OpenedClients).calls[frame.place_of(node)] = node
    if isinstance(callee, Library) and callee.dotted in _CLIENTS and not arguments.opaque:
        requirements = project.requirements_of(frame.path)
        is_older = requirements.may_be_prerelease("httpx")  # 1.0.0b0 is of 2021
        is_older |= requirements.is_kept_below("httpx", _HTTPX)
        is_older |= arguments.get(1_000, "app") is not None and _falls_back(frame, node)
        is_removed = False if is_older else requirements.at_least("httpx", _HTTPX)
        frame.emit_event(ClientMade(*frame.at(node), arguments, for_message(node.func), is_removed))
    if _is_factory(frame, callee):
        event = FactoryMade(
            *frame.at(node),
            callee,
            arguments,
            result,
            for_message(node.func),
            _has_init(frame, callee) or _has_init(frame, arguments.get(1, "class_")),
            _has_async_factory(frame),
        )
        frame.emit_event(event)
        if frame.emit and unbound.is_unbound(frame, callee, arguments, node):
            frame.emit_event(FactoryUnbound(*frame.at(node), for_message(node.func)))
    if _opens_session(frame, callee) and is_surely_session(frame.ctx, result):
        frame.notes_of(OpenedSessions).calls[frame.place_of(node)] = node


def _falls_back(frame: Frame, node: tree.Call) -> bool:
    """Whether code that handles a ``TypeError`` is prepared for an argument that does not exist."""
    body = frame.node.body if frame.node is not None else frame.ctx.project.body(frame.path)
    return any(
        isinstance(attempt, tree.Try)
        and any("TypeError" in names_in(handler.type) for handler in attempt.handlers)
        and any(part is node for part in nodes_in(attempt.body))
        for attempt in nodes_in(body)
    )


def _note_opened_by(frame: Frame, function: Function, node: tree.Call, session: Value) -> None:
    """Note a session that a plain function of the project makes and returns at once."""
    body = function.node.body
    if function.is_async or function.is_generator or function.wrapped or not isinstance(body, list):
        return
    made = session.origin if isinstance(session, Object) else None
    if made is None or made.path != function.path or not is_surely_session(frame.ctx, session):
        return
    given = [statement.value for statement in nodes_in(body) if isinstance(statement, tree.Return)]
    if given and all(value is not None and _stands_at(value, made) for value in given):
        frame.notes_of(OpenedSessions).calls[made] = node


def _is_factory(frame: Frame, callee: Value) -> bool:
    if isinstance(callee, Library):
        return callee.dotted in _FACTORIES or is_session_type(callee.dotted)
    return _is_session_class(frame, callee)


def _is_session_class(frame: Frame, callee: Value) -> bool:
    if not isinstance(callee, ClassValue):
        return False
    return frame.ctx.query(("session class", callee), lambda: derives_from_session(frame.ctx, callee), False)


def _has_init(frame: Frame, cls: Value | None) -> bool:
    """Whether a class of the project has a constructor of its own."""
    return isinstance(cls, ClassValue) and classes.has_member(frame.ctx, cls, "__init__")


def _has_async_factory(frame: Frame) -> bool:
    """Whether the project's SQLAlchemy has ``async_sessionmaker``, by its requirements or its code."""
    requirements = frame.ctx.project.requirements_of(frame.path)
    if requirements.at_least("sqlalchemy", _SINCE) is False:
        return False
    found = (_imports_library_name(frame, name) for name in _SINCE_NAMES)
    return requirements.brings(_SQLALCHEMY) or any(found)


def _imports_library_name(frame: Frame, dotted: str) -> bool:
    ctx, name = frame.ctx, dotted.rpartition(".")[2]
    return any(
        names.dotted_value(ctx, path, name) == Library(dotted) for path in ctx.project.mentioning(name)
    )


def _opens_session(frame: Frame, callee: Value) -> bool:
    """Whether a call creates a new session that the caller has to close."""
    if isinstance(callee, Object):
        return callee.type in _FACTORIES
    return _is_factory(frame, callee) and not (isinstance(callee, Library) and callee.dotted in _FACTORIES)


def report_global_session(frame: Frame, node: tree.Assign, value: Value) -> None:
    """Report a module or class that keeps a session, or an object that holds one while it is entered."""
    if not frame.emit or frame.node is not None or not isinstance(node.value, tree.Call):
        return
    if any(side == "main" for _, _, side in frame.branches):
        return
    owner = "" if is_surely_session(frame.ctx, value) else _owner_of_entered_session(frame, value)
    if owner is None or (isinstance(value, Object) and value.declared) or _is_script(frame):
        return
    for target in node.targets:
        is_read = bool(owner) or frame.owner is not None
        if isinstance(target, tree.Name) and (is_read or is_used(frame, node, target.id)):
            frame.emit_event(GlobalSession(*frame.at(target), target.id, for_message(node.value), owner))


def _is_script(frame: Frame) -> bool:
    """Whether a file is run by hand, and has no function that a decorator hands to others, as of a bot."""
    functions = (node for node in frame.ctx.project.body(frame.path) if isinstance(node, tree.FunctionDef))
    return is_program(frame.ctx, frame.path) and not any(function.decorators for function in functions)


def _owner_of_entered_session(frame: Frame, value: Value) -> str | None:
    """The class of an object in a value that sets a session on itself when it is entered, or asked for it."""
    for inner in inner_values(value) if isinstance(value, Instance) else ():
        if isinstance(inner, Instance):
            for name in _setting_methods(frame, inner.cls):
                method = classes.instance_attribute(frame.ctx, inner, name)
                if isinstance(method, Function) and _assigns_session(frame, method):
                    return inner.cls.name
    return None


def _setting_methods(frame: Frame, cls: ClassValue) -> Iterator[str]:
    """The methods of a class that set an attribute as the object is entered, or while it is not set."""
    if classes.has_member(frame.ctx, cls, "__aenter__"):
        yield "__aenter__"
    for method in () if is_test(frame.path) else cls.node.body:
        if (
            isinstance(method, tree.FunctionDef)
            and not method.decorators
            and any(map(_sets_if_missing, method.body))
        ):
            yield method.name


def _sets_if_missing(node: object) -> bool:
    """Whether code sets an attribute of an object if that is None: ``if self.x is None: self.x = ...``."""
    asked = simple_condition(node.test) if isinstance(node, tree.If) else None
    if asked is None or not isinstance(node, tree.If):
        return False
    text, is_negated = asked
    path = text.removesuffix(" is None")
    block = node.body if (path != text) is not is_negated else node.orelse
    targets = (target for one in block if isinstance(one, tree.Assign) for target in one.targets)
    return "." in path and any(dotted(target) == path for target in targets)


def _assigns_session(frame: Frame, enter: Function) -> bool:
    """Whether the ``__aenter__`` of a class assigns a session to an attribute of its object.

    If nothing is known about the assigned value, it is a session if ``__aexit__`` commits it or rolls it
    back.
    """
    assigned = {
        target.name
        for node in nodes_in(enter.node.body)
        if isinstance(node, tree.Assign) and isinstance(node.value, tree.Call)
        for target in node.targets
        if isinstance(target, tree.Attr) and isinstance(target.value, tree.Name)
    }
    if not assigned or not isinstance(enter.receiver, Instance):
        return False
    after = summaries.summarise(frame.ctx, enter, Arguments()).receiver
    held = dict(after.attributes or ()) if isinstance(after, Instance) else {}
    leave = classes.instance_attribute(frame.ctx, enter.receiver, "__aexit__")
    ended = set(_ended_attributes(leave)) if isinstance(leave, Function) else set()
    return any(
        is_surely_session(frame.ctx, held[name]) if name in held else name in ended for name in assigned
    )


def _ended_attributes(method: Function) -> Iterator[str]:
    """The attributes with ``session`` in their name that a method commits or rolls back."""
    for node in nodes_in(method.node.body):
        match node:
            case tree.Attr(value=tree.Attr(name=name), name="commit" | "rollback") if "session" in name:
                yield name


def report_session_left_open(frame: Frame) -> None:
    """Report a dependency that provides a session which it opened and does not close."""
    function = frame.node
    if (
        not frame.role
        or not isinstance(function, tree.FunctionDef)
        or not frame.notes_of(OpenedSessions).calls
    ):
        return
    for node, how in _given_sessions(function):
        names = {node.id} if isinstance(node, tree.Name) else set()
        for place, call in frame.notes_of(OpenedSessions).calls.items():
            held = _stands_at(node, place) or any(
                isinstance(inner, tree.Assign)
                and inner.value is not None
                and _stands_at(inner.value, place)
                and any(isinstance(target, tree.Name) and target.id in names for target in inner.targets)
                for inner in nodes_in(function.body)
            )
            if held and not any(_is_closed_or_passed_on(function, name) for name in names):
                frame.emit_event(SessionLeftOpen(*frame.at(call), for_message(call), how))


def _given_sessions(function: tree.FunctionDef) -> Iterator[tuple[Expr, str]]:
    for inner in nodes_in(function.body):
        if isinstance(inner, tree.Return) and inner.value is not None and not function.is_generator:
            yield inner.value, "return"
        elif isinstance(inner, tree.Yield) and inner.value is not None:
            yield inner.value, "yield"


def _stands_at(node: Expr, place: Place) -> bool:
    return isinstance(node, tree.Call) and (node.line, node.col) == place.position


def _is_closed_or_passed_on(function: tree.FunctionDef, name: str) -> bool:
    """Whether a function closes a session, enters it, or passes it on."""
    for inner in nodes_in(function.body):
        match inner:
            case tree.Attr(value=tree.Name(id=owner), name=member) if owner == name and member in _CLOSES:
                return True
            case tree.WithItem(context=tree.Name(id=entered)) if entered == name:
                return True
            case tree.Call(args=args, keywords=keywords):
                passed = [*args, *(keyword.value for keyword in keywords)]
                if any(isinstance(part, tree.Name) and part.id == name for part in passed):
                    return True
    return False


CALLS: Final = Watch(
    report_creation, functions=ALL, others=(Function, ClassValue, Object), checked=True
)
