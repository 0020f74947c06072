"""Engines and clients of a module whose connections are used on several event loops, one after another.

A connection of asyncpg, aiomysql or asyncmy belongs to the loop that opened it, and a pool keeps
connections. ``asyncio.run`` starts a new loop each time. So code that runs repeatedly, and uses the engine
of a module under ``asyncio.run``, gets a connection of a closed loop.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct, field
from msgspec.structs import replace

from flake8_async_fastapi.domains.database.kept import is_of_module
from flake8_async_fastapi.domains.database.pools import driver_of, url_of
from flake8_async_fastapi.domains.database.urls import is_url
from flake8_async_fastapi.domains.threads import sure_uses
from flake8_async_fastapi.domains.threads.decorators import names_of_decorator
from flake8_async_fastapi.domains.threads.events import EngineInNewLoop
from flake8_async_fastapi.domains.threads.handing_over import HandOver
from flake8_async_fastapi.domains.threads.loop_use import thread_of
from flake8_async_fastapi.engine import renaming
from flake8_async_fastapi.engine.effects import AppliedCall, EffectHooks, Ends
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.machine import expressions, functions, names, summaries
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.text import for_message
from flake8_async_fastapi.engine.values import (
    Arguments,
    Coroutine,
    Function,
    Library,
    Member,
    Object,
    Value,
    alternatives,
    called_name,
)
from flake8_async_fastapi.engine.walks import held_coroutines
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.walk import dotted, flat, nodes_in
from flake8_async_fastapi.knowledge.loop_use import (
    AWAITERS,
    CLOSES,
    KEEPS_NOTHING,
    LOOP_CLIENTS,
    LOOP_CLOSER,
    LOOP_DRIVERS,
    LOOP_KEEPERS,
    LOOP_STARTERS,
)
from flake8_async_fastapi.knowledge.runners import SCHEDULED, TASK_DECORATORS, TASK_SIGNALS
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


class LoopStart(Struct, frozen=True):
    """A plain function starts a loop in which it uses a module's engine or client, created at ``engine``.

    ``engine`` is None if the function runs a coroutine that it got.
    """

    engine: Place | None
    label: str
    chain: tuple[str, ...] = ()
    is_client: bool = False


class EngineDisposal(Struct, frozen=True):
    """A function disposes of an engine: connections opened earlier are no longer in the pool."""


class EngineNotes(Struct):
    """The engines that one run uses or disposes of, and the loops that it starts.

    Each comes with its place, and with the variable of the loop that runs it, which may be the same each
    time.
    """

    uses: dict[EngineUse, Place] = field(default_factory=dict)
    starts: dict[LoopStart, tuple[Place, tuple[object, ...], str]] = field(default_factory=dict)
    disposes: bool = False

    def fork(self) -> EngineNotes:
        return EngineNotes(dict(self.uses), dict(self.starts), self.disposes)

    def agree(self, others: Sequence[EngineNotes]) -> EngineNotes:
        """Merge the earlier notes with those that all other runs have."""
        first = others[0].uses
        uses = {use: place for use, place in first.items() if all(use in other.uses for other in others)}
        starts = {key: way for key, way in others[0].starts.items() if all(key in o.starts for o in others)}
        disposes = any(other.disposes for other in others)
        return EngineNotes({**uses, **self.uses}, {**self.starts, **starts}, disposes)


# --- effects of a call -----------------------------------------------------------------------------


def note_call(frame: Frame, callee: Value, arguments: Arguments, node: tree.Call) -> None:
    """Note a call that uses an engine or starts a loop."""
    engine = engine_used(callee, arguments)
    if engine is not None and (place := _kept_engine(frame, engine)) is not None:
        use = EngineUse(place, has_known_driver(engine))
        frame.notes_of(EngineNotes).uses.setdefault(use, frame.place_of(node))
        sure_uses.note_use(frame, place, frame.place_of(node))
    elif isinstance(callee, Member) and callee.receiver.type in LOOP_CLIENTS:
        _note_client(frame, callee, node)
    if isinstance(callee, Member) and callee.name == "dispose" and callee.receiver.type in _ENGINES:
        frame.notes_of(EngineNotes).disposes = True
    if frame.is_async:
        if called_name(callee) in AWAITERS:
            for coroutine in _coroutines(arguments):
                for use in uses_of(frame, coroutine.function, coroutine.call):
                    frame.notes_of(EngineNotes).uses.setdefault(use, frame.place_of(node))
        return
    loop = _loop_driven(callee, node)
    if loop not in frame.globals and starts_loop(frame, callee):  # a variable of the module keeps its loop
        for start in _starts_by(frame, arguments.get(0, "main"), for_message(node.func)):
            _report_or_keep(frame, start, frame.place_of(node), loop)
    elif isinstance(callee, Function) and not callee.is_async and any(_coroutines(arguments)):
        parts = summaries.summarise(
            frame.ctx, *renaming.call_without_identity(frame.ctx, callee, arguments)
        ).parts
        if any(isinstance(part, LoopStart) and part.engine is None for part in parts):
            for coroutine in _coroutines(arguments):
                for start in _starts_by(frame, coroutine, callee.name):
                    _report_or_keep(frame, start, frame.place_of(node))


def _note_client(frame: Frame, method: Member, node: tree.Call) -> None:
    """Note a method of a client that uses one of its connections, or closes them."""
    client = method.receiver
    if method.name in CLOSES:
        frame.notes_of(EngineNotes).disposes = True
    elif method.name in LOOP_CLIENTS[client.type] and client.origin is not None:
        is_kept = not any(client.argument(name) is not None for name in KEEPS_NOTHING)
        if is_kept and not client.origin.path.startswith("<") and is_of_module(frame.ctx, client.origin):
            use = EngineUse(client.origin, is_client=True)
            frame.notes_of(EngineNotes).uses.setdefault(use, frame.place_of(node))


def _coroutines(arguments: Arguments) -> Iterator[Coroutine]:
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


def _loop_driven(callee: Value, node: tree.Call) -> str:
    """The variable of the loop whose ``run_until_complete`` is called; empty if the call makes its own."""
    is_driven = isinstance(callee, Member) and isinstance(node.func, tree.Attr)
    return dotted(node.func.value) if is_driven and isinstance(node.func, tree.Attr) else ""


def starts_loop(frame: Frame, callee: Value) -> bool:
    """Whether a call starts a new loop."""
    name = called_name(callee)
    if name not in LOOP_STARTERS:
        return False
    body = frame.node.body if LOOP_STARTERS[name] and frame.node is not None else ()
    mentioned = {"", *(node.name for node in nodes_in(body) if isinstance(node, tree.Attr))}
    keeps = mentioned >= LOOP_KEEPERS and LOOP_CLOSER not in mentioned
    return LOOP_STARTERS[name] in mentioned and not keeps


def _starts_by(frame: Frame, given: Value | None, label: str) -> Iterator[LoopStart]:
    """The loops that a call starts which runs a coroutine in a new loop."""
    if given is None:
        return
    for option in alternatives(given):
        function = option.function if isinstance(option, Coroutine) else option
        if not isinstance(function, Function) or not function.is_async:
            yield LoopStart(None, label)
            continue
        call = option.call if isinstance(option, Coroutine) else Arguments(opaque=True)
        for use in uses_of(frame, function, call):
            yield LoopStart(use.engine, f"{label}({function.name}())", is_client=use.is_client)


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


def _summarise_starts(frame: Frame, ends: Ends) -> Iterable[LoopStart]:
    noted = frame.notes.get(EngineNotes)
    return () if noted is None or noted.disposes or frame.is_async else tuple(noted.starts)


def _apply_start(call: AppliedCall, start: LoopStart) -> Iterable[LoopStart]:
    if start.engine is not None and not call.frame.is_async:
        name = call.function.name
        is_named = name == "<lambda>" or start.chain[:1] == (name,)
        start = start if is_named else replace(start, chain=(name, *start.chain))
        _report_or_keep(call.frame, start, call.place)
    return ()


def _summarise_disposal(frame: Frame, ends: Ends) -> Iterable[EngineDisposal]:
    noted = frame.notes.get(EngineNotes)
    return (EngineDisposal(),) if noted is not None and noted.disposes else ()


def _apply_disposal(call: AppliedCall, disposal: EngineDisposal) -> Iterable[EngineDisposal]:
    call.frame.notes_of(EngineNotes).disposes = True
    return ()


EFFECTS: Final[Mapping[type[Any], EffectHooks]] = {
    EngineDisposal: EffectHooks(_summarise_disposal, _apply_disposal),
    EngineUse: EffectHooks(_summarise, _apply_use),
    LoopStart: EffectHooks(_summarise_starts, _apply_start),
}


def _report_or_keep(frame: Frame, start: LoopStart, place: Place, loop: str = "") -> None:
    """Report a loop that starts repeatedly, or after another one; otherwise keep it for the callers."""
    notes = frame.notes_of(EngineNotes)
    branches = tuple(frame.branches)
    is_kept = not notes.disposes and not _disposes_later(frame)
    if frame.emit and start.engine is not None and is_kept and not is_test(frame.path):
        again = _reason_to_repeat(frame, loop)
        for other, (where, around, driven) in notes.starts.items():
            is_same = bool(loop) and driven == loop
            if other.engine == start.engine and where != place and branches[: len(around)] == around:
                again = again or ("" if is_same else f"after {other.label}")
        if again:
            _emit(frame, start, place, again)
    notes.starts.setdefault(start, (place, branches, loop))


def _disposes_later(frame: Frame) -> bool:
    """Whether code that starts loops disposes of an engine itself, perhaps behind the loop in question."""
    body = frame.node.body if frame.node is not None else []
    calls = (node.func for node in nodes_in(body) if isinstance(node, tree.Call)) if frame.emit else ()
    return any(isinstance(func, tree.Attr) and func.name == "dispose" for func in calls)


def _reason_to_repeat(frame: Frame, loop: str) -> str:
    """Why the code under check runs more than once, or along with another loop; empty if not known."""
    if frame.enclosing_loops and not (loop and not _is_bound_in(frame, loop)):
        return "in each pass of a loop"
    if thread := thread_of(frame):
        return f"in {thread}"
    node = frame.node
    for decorator in node.decorators if isinstance(node, tree.FunctionDef) else ():
        written = decorator.func if isinstance(decorator, tree.Call) else decorator
        outer = Frame(frame.ctx, frame.path, "", owner=frame.owner, closure=frame.closure)
        makers = names_of_decorator(expressions.evaluate(outer, outer.state, written))
        if any(name in TASK_DECORATORS for name in makers) and not _is_disposed_between_tasks(frame.ctx):
            return f"in each run of @{for_message(written)}"
    return ""


def _is_disposed_between_tasks(ctx: Context) -> bool:
    """Whether the worker disposes of an engine before or after each task, in a handler of a Celery signal."""

    def find() -> bool:
        return any(
            isinstance(part, EngineDisposal)
            for signal in TASK_SIGNALS
            for path in ctx.project.mentioning(signal)
            for function in _receivers(ctx, path, signal)
            for part in summaries.summarise(ctx, function, Arguments(opaque=True)).parts
        )

    return ctx.query(("disposed between tasks",), find, False)


def _receivers(ctx: Context, path: str, signal: str) -> Iterator[Function]:
    """The functions of a file that are connected to a signal."""
    for node in flat(ctx.project.body(path)):
        match node:
            case tree.FunctionDef(decorators=decorators):
                written = (part.func if isinstance(part, tree.Call) else part for part in decorators)
                if any(dotted(part).endswith(f"{signal}.connect") for part in written):
                    yield functions.as_function(path, node)
            case tree.ExprStmt(value=tree.Call(func=func, args=[tree.Name(id=name), *_])):
                found = names.module_value(ctx, path, name)
                if dotted(func).endswith(f"{signal}.connect") and isinstance(found, Function):
                    yield found


def _is_bound_in(frame: Frame, name: str) -> bool:
    """Whether a loop around the code under check binds a name anew in each pass."""
    parts = (part for loop in frame.enclosing_loops for part in nodes_in(loop))
    assigned = (part for part in parts if isinstance(part, tree.Assign))
    return any(dotted(target) == name for part in assigned for target in part.targets)


def check_handed_over(frame: Frame, given: HandOver, quiet: Frame, node: tree.Call) -> None:
    """Report a handed-over function that starts a loop; it was called in a separate frame."""
    repeats = given.name.endswith((".add_job", ".do")) or given.runner.where == SCHEDULED
    if frame.emit and not is_test(frame.path) and (repeats or frame.is_async or frame.enclosing_loops):
        for start in quiet.notes_of(EngineNotes).starts:
            if start.engine is not None:
                _emit(frame, start, frame.place_of(node), f"in code that {given.name} runs")


def _emit(frame: Frame, start: LoopStart, place: Place, again: str) -> None:
    assert start.engine is not None
    path, line, col = place
    at, where = (path, line, col, frame.qualname), start.engine.spot
    frame.emit_event(EngineInNewLoop(*at, start.label, start.chain, where, again, start.is_client))
