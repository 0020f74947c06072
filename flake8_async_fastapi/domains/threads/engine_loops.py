"""Engines and clients that a module keeps, and the functions that open a connection of one.

A connection of asyncpg, aiomysql or asyncmy belongs to the loop that opened it, and a pool keeps
connections.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct, field

from flake8_async_fastapi.domains.database.kept import is_of_module
from flake8_async_fastapi.domains.database.pools import driver_of, url_of
from flake8_async_fastapi.domains.database.urls import is_url
from flake8_async_fastapi.domains.threads import sure_uses
from flake8_async_fastapi.engine import renaming
from flake8_async_fastapi.engine.effects import AppliedCall, EffectHooks, Ends
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.machine import summaries
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.values import (
    Arguments,
    Coroutine,
    Function,
    Library,
    Member,
    Object,
    Value,
    called_name,
)
from flake8_async_fastapi.engine.walks import held_coroutines
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.knowledge.loop_use import (
    AWAITERS,
    CLOSES,
    KEEPS_NOTHING,
    LOOP_CLIENTS,
    LOOP_DRIVERS,
    LOOP_STARTERS,
)
from flake8_async_fastapi.project.modules import is_test

FACTORIES: Final = frozenset({"sqlalchemy.ext.asyncio.async_sessionmaker", "sqlalchemy.orm.sessionmaker"})
METHODS: Final = frozenset({"begin", "connect", "create_task", "dispose", "run_until_complete", "run"})
FUNCTIONS: Final = LOOP_STARTERS.keys() | AWAITERS | {"sqlalchemy.ext.asyncio.AsyncSession"}
_ENGINE: Final = "sqlalchemy.ext.asyncio.AsyncEngine"
_ENGINES: Final = frozenset({_ENGINE, "sqlalchemy.engine.Engine"})


class EngineUse(Struct, frozen=True):
    """A function opens a connection of an engine, or of a client, that a module keeps.

    ``has_known_driver``: the driver is in the URL, and not only in the requirements.
    """

    engine: Place
    has_known_driver: bool = True
    is_client: bool = False


class EngineDisposal(Struct, frozen=True):
    """A function disposes of an engine: connections opened earlier are no longer in the pool."""


class EngineNotes(Struct):
    """The engines that one run uses, each with a place, and whether it disposes of one."""

    uses: dict[EngineUse, Place] = field(default_factory=dict)
    disposes: bool = False

    def fork(self) -> EngineNotes:
        return EngineNotes(dict(self.uses), self.disposes)

    def agree(self, others: Sequence[EngineNotes]) -> EngineNotes:
        """Merge the earlier notes with those that all other runs have."""
        first = others[0].uses
        uses = {use: place for use, place in first.items() if all(use in other.uses for other in others)}
        return EngineNotes({**uses, **self.uses}, any(other.disposes for other in others))


def disposes(frame: Frame) -> bool:
    """Whether the run of a frame disposes of an engine, or closes a client."""
    notes: EngineNotes | None = frame.notes.get(EngineNotes)
    return notes is not None and notes.disposes


def note_call(frame: Frame, callee: Value, arguments: Arguments, node: tree.Call) -> None:
    """Note a call that uses an engine, or runs coroutines that do."""
    engine = engine_used(callee, arguments)
    if engine is not None and (place := _kept_engine(frame, engine)) is not None:
        use = EngineUse(place, has_known_driver(engine))
        frame.notes_of(EngineNotes).uses.setdefault(use, frame.place_of(node))
        sure_uses.note_use(frame, place, frame.place_of(node))
    elif isinstance(callee, Member) and callee.receiver.type in LOOP_CLIENTS:
        _note_client(frame, callee, node)
    if isinstance(callee, Member) and callee.name == "dispose" and callee.receiver.type in _ENGINES:
        note_disposal(frame)
    is_asked = not frame.emit or is_test(frame.path)  # by callers, and for each test
    if frame.is_async and is_asked and called_name(callee) in AWAITERS:
        for coroutine in coroutines_in(arguments):
            for use in uses_of(frame, coroutine.function, coroutine.call):
                frame.notes_of(EngineNotes).uses.setdefault(use, frame.place_of(node))


def note_disposal(frame: Frame) -> None:
    """Note that code disposes of an engine, or closes a client."""
    frame.notes_of(EngineNotes).disposes = True


def _note_client(frame: Frame, method: Member, node: tree.Call) -> None:
    """Note a method of a client that uses one of its connections, or closes them."""
    client = method.receiver
    if method.name in CLOSES:
        note_disposal(frame)
    elif method.name in LOOP_CLIENTS[client.type] and client.origin is not None:
        is_kept = not any(client.argument(name) is not None for name in KEEPS_NOTHING)
        if is_kept and not client.origin.path.startswith("<") and is_of_module(frame.ctx, client.origin):
            use = EngineUse(client.origin, is_client=True)
            frame.notes_of(EngineNotes).uses.setdefault(use, frame.place_of(node))


def coroutines_in(arguments: Arguments) -> Iterator[Coroutine]:
    """The coroutines among some arguments."""
    for value in arguments.values():
        yield from held_coroutines(value)


def engine_used(callee: Value, arguments: Arguments) -> Object | None:
    """The engine from which a call opens a connection, or will do so for a session; None for other calls."""
    found: Value | None = None
    match callee:
        case Member(receiver=Object(type=name), name="begin" | "connect") if name == _ENGINE:
            found = callee.receiver
        case Object(type=name) if name in FACTORIES:
            found = callee.argument("0") or callee.argument("bind")
        case Library(dotted="sqlalchemy.ext.asyncio.AsyncSession"):
            found = arguments.get(0, "bind")
    return found if isinstance(found, Object) and found.type == _ENGINE else None


def uses_of(frame: Frame, function: Function | None, call: Arguments | None) -> Iterator[EngineUse]:
    """The engines and clients that a coroutine function uses."""
    if function is not None:
        bare = renaming.call_without_identity(frame.ctx, function, call)
        for part in summaries.summarise(frame.ctx, *bare).parts:
            if isinstance(part, EngineUse):
                yield part


# --- engines ---------------------------------------------------------------------------------------


def _kept_engine(frame: Frame, engine: Object) -> Place | None:
    """The place of an engine that outlives every loop and keeps connections; None for others."""
    place = loop_bound_engine(frame.ctx, engine)
    return place if place is not None and is_of_module(frame.ctx, place) else None


def loop_bound_engine(ctx: Context, engine: Object) -> Place | None:
    """The place of an engine that keeps connections which belong to a loop; None for other objects."""
    place = engine.origin if engine.type in _ENGINES else None
    if place is None or place.path.startswith("<") or not _keeps_connections(engine):
        return None
    if has_known_driver(engine):
        is_bound = driver_of(engine) in LOOP_DRIVERS
    else:
        is_bound = ctx.project.requirements_of(place.path).brings(LOOP_DRIVERS)
    return place if is_bound else None


def has_known_driver(engine: Object) -> bool:
    """Whether the URL of an engine names its driver."""
    url = url_of(engine)
    return url is not None and is_url(url)


def _keeps_connections(engine: Object) -> bool:
    if engine.argument("**") is not None:
        return False
    pool = engine.argument("poolclass")
    return pool is None or (isinstance(pool, Library) and pool.dotted.endswith("QueuePool"))


# --- effects ---------------------------------------------------------------------------------------


def _summarise(frame: Frame, ends: Ends) -> Iterable[EngineUse]:
    noted = frame.notes.get(EngineNotes)
    return () if noted is None or noted.disposes else tuple(noted.uses)


def _apply_use(call: AppliedCall, use: EngineUse) -> Iterable[EngineUse]:
    call.frame.notes_of(EngineNotes).uses.setdefault(use, call.place)
    return ()


def _summarise_disposal(frame: Frame, ends: Ends) -> Iterable[EngineDisposal]:
    noted = frame.notes.get(EngineNotes)
    return (EngineDisposal(),) if noted is not None and noted.disposes else ()


def _apply_disposal(call: AppliedCall, disposal: EngineDisposal) -> Iterable[EngineDisposal]:
    note_disposal(call.frame)
    return ()


EFFECTS: Final[Mapping[type[Any], EffectHooks]] = {
    EngineDisposal: EffectHooks(_summarise_disposal, _apply_disposal),
    EngineUse: EffectHooks(_summarise, _apply_use),
}
