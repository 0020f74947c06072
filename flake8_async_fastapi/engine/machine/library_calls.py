"""Calls of library functions and types: what the tables say, and the few that need more."""

from __future__ import annotations

from collections.abc import Callable

from flake8_async_fastapi import knowledge
from flake8_async_fastapi.domains.jinja import render_calls
from flake8_async_fastapi.domains.orm import reads, writes
from flake8_async_fastapi.domains.sqlalchemy import blocks, loader_options, results, selects, sessions
from flake8_async_fastapi.domains.sqlalchemy.mapping import declared, inspection
from flake8_async_fastapi.domains.sqlalchemy.queries import Change, Dynamic, Query, Scope
from flake8_async_fastapi.engine.context import CallSite, Frame
from flake8_async_fastapi.engine.events import Effect, LazyDeclared
from flake8_async_fastapi.engine.machine import classes, functions
from flake8_async_fastapi.engine.values import (
    NONE,
    UNKNOWN,
    Arguments,
    ClassValue,
    Collection,
    Const,
    Coroutine,
    Generator,
    Library,
    Member,
    Object,
    Plain,
    Unknown,
    Value,
    is_none,
)

_ASYNC_SESSION = "sqlalchemy.ext.asyncio.AsyncSession"


def typed(text: str, receiver: Object | None = None, callback: Value = UNKNOWN) -> Value:
    """The value of a TYPE of the knowledge tables.

    ``callback`` is the value that ``cb[...]`` stands for.
    """
    if text == "?":
        return UNKNOWN
    if text == "None":
        return NONE
    if text == "self":
        return receiver if receiver is not None else UNKNOWN
    if text.startswith("cb["):
        return callback if not isinstance(callback, Unknown) else typed(text[3:-1], receiver)
    if knowledge.library_type(text) is not None:
        return Object(knowledge.canonical(text), doubtful=receiver is not None and only_declared(receiver))
    return Plain(text)


def only_declared(value: Object) -> bool:
    """Whether only an annotation says that an object is of a sync type that has an async twin.

    Such annotations are often left behind when code turns async.
    """
    return value.doubtful or (value.declared and knowledge.has_async_twin(value.type))


def is_coroutine_method(type_name: str, name: str) -> bool:
    """Whether a method of a library's type gives a coroutine."""
    member = knowledge.member(type_name, name)
    return member is not None and member.kind == "async"


def is_database(name: str) -> bool:
    """Whether a dotted name is of SQLAlchemy or SQLModel."""
    return name.startswith(("sqlalchemy.", "sqlmodel."))


def call_member(
    frame: Frame, receiver: Object, name: str, arguments: Arguments, label: str, origin: tuple[str, int, int]
) -> Value:
    """Call a method of a library's object."""
    attached = frame.ctx.hooks.models.attached.get(type(receiver.detail))
    if attached is not None:
        modelled = attached(CallSite(frame, Member(receiver, name), arguments, label, origin))
        if modelled is not None:
            return modelled
    member = knowledge.member(receiver.type, name)
    if member is None:
        return UNKNOWN
    callback = _callback(frame, arguments, receiver) if member.returns.startswith("cb[") else UNKNOWN
    result = typed(member.returns, receiver, callback)
    told = _told(frame, receiver, name, arguments, origin)
    result = result if told is None else told
    if only_declared(receiver) and isinstance(result, (Const, Plain)):
        return UNKNOWN
    return _made(frame, member.kind, result, label, origin, is_database(receiver.type))


def _told(
    frame: Frame, receiver: Object, name: str, arguments: Arguments, origin: tuple[str, int, int]
) -> Value | None:
    """What a method of a session, a statement or a result gives, where more is known than its type."""
    if sessions.is_session(receiver):
        return sessions.called(frame, receiver, name, arguments, frame.calling, origin)
    if receiver.type == "sqlalchemy.ext.asyncio.async_sessionmaker" and name == "begin":
        return sessions.begun(frame.ctx, receiver, arguments, origin)
    if receiver.type.startswith(render_calls.LIBRARIES):
        return render_calls.called_member(frame, receiver, name, arguments, origin)
    if receiver.type == "sqlalchemy.orm.registry" and name == "generate_base":
        return _declarative_base(frame, arguments)
    if receiver.detail is None:
        return None
    if isinstance(receiver.detail, Dynamic) and name in _FETCHING and receiver.detail.strategy == "dynamic":
        frame.ctx.hooks.observers.consume(frame, receiver, origin)
    if isinstance(receiver.detail, Scope):
        return blocks.scope_called(frame, receiver.detail, name, origin)
    found = selects.statement_member(frame, receiver, name, arguments, origin)
    return found if found is not None else results.fetched(frame, receiver, name, arguments, origin)


_FETCHING = frozenset({"all", "first", "one", "one_or_none", "count", "scalar", "get", "delete", "update"})
_FUNCTIONS = ("sqlalchemy.func.", "sqlalchemy.sql.func.", "sqlalchemy.sql.functions.", "sqlmodel.func.")


def _made_of(frame: Frame, dotted: str, arguments: Arguments, origin: tuple[str, int, int]) -> Value | None:
    """The value of a statement or loader option that a function makes; None for other functions."""
    package, _, name = dotted.rpartition(".")
    if package in ("sqlalchemy.orm", "sqlalchemy.orm.strategy_options") and loader_options.is_loader(name):
        return loader_options.loader(frame, name, arguments, origin)
    if dotted in ("sqlalchemy.orm.aliased", "sqlalchemy.orm.with_polymorphic"):
        return selects.aliased(arguments, origin, polymorphic=name == "with_polymorphic")
    if dotted in ("sqlalchemy.select", "sqlmodel.select"):
        made = "sqlmodel.sql.expression.SelectOfScalar" if dotted[:8] == "sqlmodel" else "sqlalchemy.Select"
        query = selects.selected(frame, arguments, origin, single=dotted == "sqlmodel.select")
        return Object(made, _kept(arguments), origin=origin, detail=query)
    if dotted in ("sqlalchemy.update", "sqlalchemy.insert", "sqlalchemy.delete"):
        first = arguments.args[0] if arguments.args else UNKNOWN
        detail: Change | Query = Query((), origin=origin[:2])
        if name == "update" and isinstance(first, ClassValue):
            detail = Change(first)
        return Object(f"sqlalchemy.{name.title()}", _kept(arguments), origin=origin, detail=detail)
    if dotted.startswith(_FUNCTIONS):
        return Object("sqlalchemy.FunctionElement")
    if dotted in ("sqlalchemy.inspect", "sqlalchemy.orm.class_mapper", "sqlalchemy.orm.object_mapper"):
        return inspection.inspect(arguments.args[0]) if arguments.args else None
    if dotted == "builtins.setattr":
        writes.set_unnamed(frame, arguments)
    if dotted == "sqlalchemy.orm.attributes.set_committed_value":
        writes.set_by_hand(frame, arguments)
    if dotted in ("sqlalchemy.orm.make_transient", "sqlalchemy.orm.make_transient_to_detached"):
        reads.doubt_all(frame, list(arguments.args))
    if dotted in ("sqlalchemy.orm.relationship", "sqlalchemy.orm.backref", "sqlmodel.Relationship"):
        given = dict(arguments.keywords)
        inside = given.get("sa_relationship_kwargs")
        if isinstance(inside, Collection) and inside.keys is not None and inside.items is not None:
            given = {str(key): item for key, item in zip(inside.keys, inside.items, strict=True)}
        lazy = given.get("lazy")
        text = lazy.value if isinstance(lazy, Const) else None
        if isinstance(text, str) and not declared.strategy_of(lazy):
            frame.emit_event(LazyDeclared(*origin, frame.qualname, text))
    return None


def call_name(
    frame: Frame, dotted: str, arguments: Arguments, label: str, origin: tuple[str, int, int]
) -> Value:
    """Call a function or construct a type of a library, by its canonical name."""
    model = frame.ctx.hooks.models.call(dotted)
    modelled = (
        model(CallSite(frame, Library(dotted), arguments, label, origin)) if model is not None else None
    )
    if modelled is not None:
        return modelled
    special = _SPECIAL.get(dotted)
    if special is not None:
        return special(frame, arguments)
    made = _made_of(frame, dotted, arguments, origin)
    if made is not None:
        return made
    if knowledge.library_type(dotted) is not None:
        return Object(dotted, _kept(arguments), origin=origin)
    member = knowledge.function(dotted)
    if member is None:
        owner, _, name = dotted.rpartition(".")
        member = knowledge.member(owner, name) if knowledge.library_type(owner) else None
        if member is None:
            return UNKNOWN
    callback = _callback(frame, arguments, None) if member.returns.startswith("cb[") else UNKNOWN
    result = typed(member.returns, None, callback)
    if isinstance(result, Object):
        result = Object(result.type, _kept(arguments), origin=origin)
    return _made(frame, member.kind, result, label, origin, is_database(dotted))


def call_object(frame: Frame, callee: Object, arguments: Arguments, origin: tuple[str, int, int]) -> Value:
    """Call an instance of a library's type, such as a session factory."""
    made = _called(frame, callee, arguments, origin)
    blocks.renewed(frame, made)
    return made


def _called(frame: Frame, callee: Object, arguments: Arguments, origin: tuple[str, int, int]) -> Value:
    model = frame.ctx.hooks.models.objects.get(callee.type)
    if model is not None:
        modelled = model(CallSite(frame, callee, arguments, "", origin))
        if modelled is not None:
            return modelled
    given = callee.argument("class_")
    if given is not None and not is_none(given):
        return sessions.made(frame.ctx, callee, arguments, functions.given(frame, given, arguments), origin)
    if callee.type == "sqlalchemy.orm.sessionmaker":
        bound = callee.argument("0") or callee.argument("bind")
        if callee.argument("**") is not None or bound is None:
            return UNKNOWN  # the class may be given elsewhere
    return sessions.made(
        frame.ctx, callee, arguments, typed(knowledge.result(callee.type, "call") or "?", callee), origin
    )


def _made(
    frame: Frame, kind: str, result: Value, label: str, origin: tuple[str, int, int], database: bool
) -> Value:
    if kind == "async":
        return frame.make(Coroutine(label, "database" if database else "other", origin, result))
    if kind == "async-generator":
        return Generator(label, result, is_async=True)
    return result


def _kept(arguments: Arguments) -> tuple[tuple[str, Value], ...]:
    """Arguments as an object keeps them."""
    positional = [(str(place), value) for place, value in enumerate(arguments.args)]
    opaque = [("**", UNKNOWN)] if arguments.opaque else []
    return (*positional, *arguments.keywords, *opaque)


def _callback(frame: Frame, arguments: Arguments, receiver: Object | None) -> Value:
    """What the function given as the first argument returns, if that is no coroutine."""
    result, _ = run_callback(frame, arguments, receiver)
    return UNKNOWN if isinstance(result, Coroutine) else result


def run_callback(
    frame: Frame, arguments: Arguments, receiver: Object | None
) -> tuple[Value, tuple[Effect, ...]]:
    """What the function given as the first argument returns and does when the library calls it.

    A session's or connection's ``run_sync`` passes its sync twin first.
    """
    function = arguments.args[0] if arguments.args else None
    if function is None:
        return UNKNOWN, ()
    rest = arguments.args[1:]
    if receiver is not None and is_database(receiver.type):
        sync = "sqlalchemy.orm.Session" if "Session" in receiver.type else "sqlalchemy.engine.Connection"
        rest = (Object(sync), *rest)
    return functions.given_with_effects(frame, function, Arguments(rest, (), arguments.opaque))


# --- the few that need more than a table ---------------------------------------------------


def _sessionmaker(frame: Frame, arguments: Arguments) -> Value:
    made = arguments.get(1, "class_")
    if isinstance(made, (ClassValue, Library)):
        name = made.dotted if isinstance(made, Library) else ""
        if isinstance(made, ClassValue):
            name = next(
                (base.dotted for base in classes.mro(frame.ctx, made) if isinstance(base, Library)), ""
            )
        if knowledge.is_subtype(name, _ASYNC_SESSION):
            kept = [("class_", made), *((k, v) for k, v in _kept(arguments) if k != "class_")]
            return Object("sqlalchemy.ext.asyncio.async_sessionmaker", tuple(kept))
    if made is not None:
        return Object("sqlalchemy.orm.sessionmaker", (*_kept(arguments), ("**", UNKNOWN)))
    return Object("sqlalchemy.orm.sessionmaker", _kept(arguments))


def _declarative_base(frame: Frame, arguments: Arguments) -> Value:
    """The base of ``declarative_base()`` and ``registry.generate_base()``; of ``cls=``, the class given."""
    given = dict(arguments.keywords).get("cls")
    return given if isinstance(given, ClassValue) else Library("sqlalchemy.orm.DeclarativeBase")


_SPECIAL: dict[str, Callable[[Frame, Arguments], Value]] = {
    "sqlalchemy.orm.declarative_base": _declarative_base,
    "sqlalchemy.ext.declarative.declarative_base": _declarative_base,
    "sqlalchemy.orm.sessionmaker": _sessionmaker,
}
