"""Sessions and their factories: which values are sessions, and what is known of each.

Source: SQLAlchemy documentation, "Session Basics", "Asynchronous I/O".
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from flake8_async_fastapi import knowledge
from flake8_async_fastapi.domains.orm.objects.heap import instances_of
from flake8_async_fastapi.domains.orm.statements.queries import SessionSettings, TransactionBlock
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.machine import classes, expressions, functions, library_calls
from flake8_async_fastapi.engine.models import CallSite
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.text import path_of
from flake8_async_fastapi.engine.values import (
    UNKNOWN,
    Arguments,
    ClassValue,
    Const,
    Function,
    Instance,
    Library,
    Member,
    Object,
    Unknown,
    Value,
    is_none,
    is_only_declared,
)
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Stmt
from flake8_async_fastapi.facts.walk import bound_names, dotted, flat, nodes_in
from flake8_async_fastapi.knowledge.transactions import SESSION, is_session_type


class ExtendedSession(SessionSettings, frozen=True, kw_only=True):
    """The settings of a session of a class of the project, with methods of its own."""

    cls: ClassValue


SCOPED: Final = "sqlalchemy.ext.asyncio.async_scoped_session"
_ASYNC_FACTORY: Final = "sqlalchemy.ext.asyncio.async_sessionmaker"
_FACTORY: Final = "sqlalchemy.orm.sessionmaker"
_SYNC: Final = "sqlalchemy.orm.Session"


def is_tracked_session(value: Value) -> bool:
    """Whether a value is an async session, or a scoped one: changes to its objects are tracked."""
    return isinstance(value, Object) and (
        is_session_type(value.type) or knowledge.is_subtype(value.type, SCOPED)
    )


def make_session_factory(site: CallSite) -> Value:
    """The value of ``sessionmaker(...)``, which makes async sessions if its ``class_`` is one."""
    arguments = site.arguments
    made = arguments.get(1, "class_")
    given = library_calls.kept_arguments(arguments)
    if isinstance(made, (ClassValue, Library)):
        name = made.dotted if isinstance(made, Library) else ""
        if isinstance(made, ClassValue):
            order = classes.mro(site.frame.ctx, made)
            name = next((base.dotted for base in order if isinstance(base, Library)), "")
        if is_session_type(name):
            kept = [("class_", made), *((k, v) for k, v in given if k != "class_")]
            return Object(_ASYNC_FACTORY, tuple(kept))
    if made is not None:
        return Object(_FACTORY, (*given, ("**", UNKNOWN)))
    return Object(_FACTORY, given)


def call_session_factory(site: CallSite) -> Value:
    """The session that a factory makes."""
    frame, factory, arguments = site.frame, site.callee, site.arguments
    assert isinstance(factory, Object)
    cls = factory.argument("class_")
    if isinstance(cls, ClassValue) and (base := _extended_base(frame.ctx, cls)):
        plain = replace(factory, arguments=tuple(one for one in factory.arguments if one[0] != "class_"))
        return _of_class(_session_made(frame.ctx, plain, arguments, Object(base), site.place), cls)
    if cls is not None and not is_none(cls):
        return _session_made(
            frame.ctx, factory, arguments, functions.quiet_result(frame, cls, arguments), site.place
        )
    if factory.type == _FACTORY:
        bound = factory.argument("0") or factory.argument("bind")
        if factory.argument("**") is not None or bound is None:
            return UNKNOWN  # the class may be passed elsewhere
    made = library_calls.value_of_type(knowledge.result(factory.type, "call") or "?", factory)
    return _session_made(frame.ctx, factory, arguments, made, site.place)


def _of_class(session: Value, cls: ClassValue) -> Value:
    """A session of a class of the project."""
    if not isinstance(session, Object) or not isinstance(session.detail, SessionSettings):
        return session
    known = session.detail
    return replace(session, detail=ExtendedSession(known.expires, known.flushes, cls=cls))


def make_extended_session(frame: Frame, cls: ClassValue, arguments: Arguments, place: Place) -> Value | None:
    """The session that a call of a class of the project makes."""
    base = _extended_base(frame.ctx, cls) if cls.node.bases else ""
    if not base:
        return None
    return _of_class(_session_made(frame.ctx, Object(base), arguments, Object(base), place), cls)


def declared_session(ctx: Context, path: str, cls: ClassValue) -> Value | None:
    """A session of a class of the project that only an annotation names."""
    base = _extended_base(ctx, cls) if cls.node.bases else ""
    if not base:
        return None
    known = session_settings(ctx, path, Object(base))
    return Object(base, declared=True, detail=ExtendedSession(known.expires, known.flushes, cls=cls))


def _extended_base(ctx: Context, cls: ClassValue) -> str:
    """The async session whose methods a class adds to or replaces; empty if it does more."""
    return ctx.query(("session class", cls), lambda: _find_extended_base(ctx, cls), "")


def _find_extended_base(ctx: Context, cls: ClassValue) -> str:
    order = classes.mro(ctx, cls)
    base = next((one.dotted for one in order if isinstance(one, Library)), "")
    if not is_session_type(base) or any(isinstance(one, Unknown) for one in order):
        return ""
    own = [statement for one in order if isinstance(one, ClassValue) for statement in flat(one.node.body)]
    return base if all(_keeps_to(base, name, one) for one in own for name in bound_names(one)) else ""


def _keeps_to(base: str, name: str, statement: Stmt) -> bool:
    """Whether what binds a name in the class of a session is used as that of its base, if that has one."""
    replaced = knowledge.member(base, name)
    if name.startswith("__"):
        return name == "__slots__"
    if replaced is None:
        return True
    return isinstance(statement, tree.FunctionDef) and statement.is_async is (replaced.kind == "async")


def parent_of_extended_session(ctx: Context, owner: Object, cls: ClassValue) -> Value:
    """The session as ``super()`` in a method of its class."""
    known = owner.detail
    assert isinstance(known, ExtendedSession)
    order = classes.mro(ctx, known.cls)
    after = order[order.index(cls) + 1 :] if cls in order else ()
    above = next((one for one in after if isinstance(one, ClassValue)), None)
    if above is not None:
        return replace(owner, detail=ExtendedSession(known.expires, known.flushes, cls=above))
    return replace(owner, detail=SessionSettings(known.expires, known.flushes))


def member_of_extended_session(ctx: Context, owner: Object, name: str) -> Value | None:
    """A method that the class of a session adds, bound to the session; None for those of its base."""
    assert isinstance(owner.detail, ExtendedSession)
    cls = owner.detail.cls
    if not classes.has_member(ctx, cls, name):
        return None
    found = classes.instance_attribute(ctx, Instance(cls), name)
    is_bound = isinstance(found, Function) and isinstance(found.receiver, Instance)
    return replace(found, receiver=owner) if is_bound else found


def _session_made(
    ctx: Context, receiver: Object, arguments: Arguments, result: Value, origin: Place
) -> Value:
    """A session that a factory or its class made, with the settings of its arguments."""
    if not isinstance(result, Object) or not is_tracked_session(result):
        return result
    known = (
        _settings_of_factory(receiver, arguments)
        if not ctx.project.reconfigures_sessions()
        else SessionSettings()
    )
    # a registry returns the session of the scope: which calls return the same one is not known
    declared = result.declared or receiver.declared
    return replace(
        result, origin=None if receiver.type == SCOPED else origin, declared=declared, detail=known
    )


def _settings_of_factory(factory: Object | None, arguments: Arguments) -> SessionSettings:
    return SessionSettings(
        _setting_of("expire_on_commit", factory, arguments), _setting_of("autoflush", factory, arguments)
    )


def _setting_of(name: str, factory: Object | None, arguments: Arguments) -> bool | None:
    """The value of a session's keyword, passed to it or to its factory; both are True by default."""
    given = dict(arguments.keywords).get(name)
    if given is None and arguments.opaque:
        return None
    if given is None and factory is not None:
        if factory.type == SCOPED:
            inner = factory.argument("0") or factory.argument("session_factory")
            return _setting_of(name, inner, arguments) if isinstance(inner, Object) else None
        given = factory.argument(name)
        made_by = factory.argument("class_")
        if given is None and (factory.argument("**") is not None or isinstance(made_by, ClassValue)):
            return None
        if factory.declared or factory.has_doubtful_type:
            return None
    if given is None:
        return True
    return given.value if isinstance(given, Const) and isinstance(given.value, bool) else None


def session_settings(ctx: Context, path: str, session: Object) -> SessionSettings:
    """The settings of a session in a file; for one that only an annotation names, those of all factories."""
    if isinstance(session.detail, SessionSettings):
        return SessionSettings(session.detail.expires, session.detail.flushes)
    if session.type == SCOPED and session.arguments:
        return _settings_of_factory(session, Arguments())
    if session.arguments:
        given = Arguments(keywords=tuple(pair for pair in session.arguments if not pair[0].isdigit()))
        if any(name == "**" for name, _ in session.arguments):
            given = replace(given, opaque=True)
        return _settings_of_factory(None, given)
    return SessionSettings(ctx.project.expire_on_commit(path), ctx.project.autoflushes() or None)


def begin_session(site: CallSite) -> Value:
    """``factory.begin()``: a session in a transaction, which is committed and closed at the end."""
    ctx = site.frame.ctx
    assert isinstance(site.callee, Member)
    factory = site.callee.receiver
    known = (
        _settings_of_factory(factory, site.arguments)
        if not ctx.project.reconfigures_sessions()
        else SessionSettings()
    )
    return Object(
        "sqlalchemy.ext.asyncio._SessionBegin", detail=TransactionBlock(site.place, known, closes=True)
    )


def settings_inside(ctx: Context, path: str, session: Object) -> SessionSettings:
    """What is attached to a session inside of a callee: its settings and its class."""
    known = session.detail
    return known if isinstance(known, ExtendedSession) else session_settings(ctx, path, session)


RESOURCES: Final = {SESSION: settings_inside, SCOPED: settings_inside}
"""What is attached to a session inside of a callee."""
VARIABLES: Final = {
    # Of FastAPI-Async-SQLAlchemy: the session of the request, which does not expire on commit.
    "fastapi_async_sqlalchemy.db.session": Object(
        "sqlmodel.ext.asyncio.session.AsyncSession",
        origin=Place("<fastapi_async_sqlalchemy.db.session>", 0, 0),
        detail=SessionSettings(expires=False),
    )
}
"""Sessions that libraries keep in a variable."""
FACTORIES: Final = (_FACTORY, _ASYNC_FACTORY, SCOPED)
"""Types whose instances are called for a session."""


def trust_await(frame: Frame, node: tree.Await) -> None:
    """Note that ``await session.commit()`` shows the session to be async, even if annotated otherwise.

    What was added before, to a session that was taken for a sync one, may be in it.
    """
    path = _awaited_session(node)
    called = node.value.func if isinstance(node.value, tree.Call) else None
    if (
        path
        and isinstance(called, tree.Attr)
        and _take_as_async(frame, path, expressions.evaluate(frame, frame.state, called.value))
    ):
        objects = instances_of(frame.state)
        doubtful = {
            at: replace(one, may_be_loaded=True) for at, one in objects.items() if one.phase == "transient"
        }
        objects.update(doubtful)


def trust_awaits(frame: Frame, function: Function) -> None:
    """Begin a function that awaits its session wherever it calls a method that an ``AsyncSession`` has as a
    coroutine function: whatever the annotation says, it is an async session.
    """
    node, env = function.node, frame.state.env
    given = [name for name, value in env.items() if isinstance(value, Object) and value.type == _SYNC]
    if given and isinstance(node, tree.FunctionDef) and node.is_async:
        for name in frame.ctx.derive(("awaited sessions", function.key), lambda: _awaited_parameters(node)):
            _take_as_async(frame, name, env.get(name, UNKNOWN))


def _take_as_async(frame: Frame, path: str, known: Value) -> bool:
    """Take a session for an async one, if only an annotation says that it is a sync one."""
    if isinstance(known, Object) and known.type == _SYNC and is_only_declared(known):
        origin = known.origin or Place(f"<{path}>", 0, 0)
        frame.state.narrow(path, Object(SESSION, declared=True, origin=origin))
        return True
    return False


def _awaited_parameters(node: tree.FunctionDef) -> tuple[str, ...]:
    """The parameters that are annotated as sync sessions, but only awaited."""
    written = [(one.name, one.annotation) for one in node.params if one.annotation is not None]
    sync = (name for name, type in written if dotted(type).rpartition(".")[2] == "Session")
    return tuple(name for name in sync if _is_awaited(node, name))


def _is_awaited(node: tree.FunctionDef, name: str) -> bool:
    """Whether code awaits what some methods of a session return, and nowhere calls one without that."""
    inner = list(nodes_in(node.body))
    awaits = [_awaited_session(part) for part in inner if isinstance(part, tree.Await)]
    methods = [
        part.func for part in inner if isinstance(part, tree.Call) and isinstance(part.func, tree.Attr)
    ]
    called = [one for one in methods if library_calls.is_coroutine_method(SESSION, one.name)]
    return 0 < awaits.count(name) == sum(path_of(one.value) == name for one in called)


def _awaited_session(node: tree.Await) -> str:
    """The name of what is awaited as if it were an async session; empty for others."""
    called = node.value.func if isinstance(node.value, tree.Call) else None
    if not isinstance(called, tree.Attr) or not library_calls.is_coroutine_method(SESSION, called.name):
        return ""
    return path_of(called.value)
