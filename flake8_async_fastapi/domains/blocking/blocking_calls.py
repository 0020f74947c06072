"""Calls that stop their thread: where they are made, and how they reach a coroutine function.

A blocking call of a plain function becomes an `Effect` of it, and passes on to whoever calls the
function, up to the coroutine function that runs it all on the event loop: there it is `Reached`.
A function that is only passed on is not called, so work that is handed to a thread has no effect
here, whoever hands it over: nothing needs to be known of the ways to do so.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Final

from flake8_async_fastapi import knowledge
from flake8_async_fastapi.domains.blocking import exemptions
from flake8_async_fastapi.engine.context import Context, Frame, State
from flake8_async_fastapi.engine.events import Effect, Reached
from flake8_async_fastapi.engine.machine import classes, expressions, functions, library_calls, summaries
from flake8_async_fastapi.engine.text import source, spoken
from flake8_async_fastapi.engine.values import (
    NONE,
    Arguments,
    ClassValue,
    Collection,
    Const,
    Function,
    Generator,
    Instance,
    Library,
    Manager,
    Member,
    Object,
    Origin,
    Partial,
    Value,
    options,
    union,
)
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import dotted, nodes_in
from flake8_async_fastapi.knowledge import blocking as table
from flake8_async_fastapi.knowledge.blocking_index import Blocking, bases, blocking_member, blocking_name

_KINDS: Final = frozenset({*table.CONFIGURED.values(), table.SESSION})

_DYNAMIC: Final = "sqlalchemy.orm.AppenderQuery"


def is_blocking(effect: Effect) -> bool:
    return effect.kind in _KINDS


def reach(frame: Frame, effect: Effect, origin: Origin) -> None:
    """A call that blocks: reported in a coroutine function, else an effect of the function."""
    watch = frame.watch
    if watch.muted:
        return
    if not frame.is_async:
        _keep(frame, effect)
    elif frame.emit:
        path, line, col = origin
        if not exemptions.is_off_duty(frame.ctx, frame.path, frame.qualname):
            frame.emit_event(Reached(path, line, col, frame.qualname, effect))
    elif watch.given:
        _keep(frame, effect)


def _keep(frame: Frame, effect: Effect) -> None:
    """Keep one effect of a kind, with the shortest way to it: there may be very many ways."""
    for kept in frame.effects:
        if kept.kind == effect.kind:
            if len(kept.chain) > len(effect.chain):
                del frame.effects[kept]
                break
            return
    frame.effects[effect] = None


# --- calls of library names --------------------------------------------------------------


def called(frame: Frame, callee: Library | Member | Object, arguments: Arguments, origin: Origin) -> None:
    """A library's function, type, method or object is called."""
    known, names = _looked_up(callee)
    settings = frame.ctx.settings
    if known is None and settings.blocking and names and names[0] in settings.blocking:
        known = Blocking(settings.blocking[names[0]], "run_in_threadpool")
    if known is None:
        if names:
            _consumed(frame, names[0], arguments, origin)
            _calling(frame, names[0], arguments, origin)
    elif (origin[1], origin[2]) not in frame.watch.awaited:
        if not all(_blocks(frame, name, arguments) for name in names):
            return
        if isinstance(callee, Member):
            if not _is_sure(frame.ctx, callee.receiver):
                return
            label = f"{callee.receiver.type.rpartition('.')[2]}.{callee.name}"
        else:
            label = _short(names[0])
        _by_name(frame, known, names[0], label, origin)


def _looked_up(callee: Library | Member | Object) -> tuple[Blocking | None, tuple[str, ...]]:
    """What calling a library's value does, and its full name: one for each type that has the method."""
    match callee:
        case Library(dotted=name):
            return blocking_name(name), (name,)
        case Member(receiver=receiver, name=name):
            return _of_member(receiver.type, name)
        case Object(type=name):
            return blocking_member(name, "__call__"), (name,)


@cache
def _of_member(type_name: str, name: str) -> tuple[Blocking | None, tuple[str, ...]]:
    return blocking_member(type_name, name), tuple(f"{base}.{name}" for base in bases(type_name))


def _short(dotted_name: str) -> str:
    """A function's name as code says it: with its module, or the end of a long one."""
    parts = dotted_name.removeprefix("builtins.").split(".")
    return ".".join(parts if len(parts) < 4 else parts[-2:])


def _by_name(frame: Frame, known: Blocking, full: str, label: str, origin: Origin) -> None:
    if not frame.ctx.settings.allows(full):
        reach(frame, Effect(known.kind, label, advice=known.advice), origin)


def _blocks(frame: Frame, full: str, arguments: Arguments) -> bool:
    """Whether a call of a blocking function blocks with these arguments."""
    if full in table.UNLESS_BRIEF and _is_brief(frame, *table.UNLESS_BRIEF[full]):
        return False
    if full in table.ONLY_IF_GIVEN:
        given = arguments.get(*table.ONLY_IF_GIVEN[full])
        if given is None or given == NONE:
            return False
    if full in table.UNLESS_FALSE:
        return arguments.get(*table.UNLESS_FALSE[full]) != Const(False)
    if full in table.ONLY_OF_TYPE:
        place, name, wanted = table.ONLY_OF_TYPE[full]
        given = arguments.get(place, name)
        # the sync side of an async engine fails here, and blocks nothing
        return isinstance(given, Object) and given.type in wanted and given.argument("async") is None
    return True


def _is_brief(frame: Frame, place: int, name: str) -> bool:
    """Whether a call waits for a moment only; many such calls are a long one."""
    node = frame.calling
    if node is None or frame.loops:
        return False
    named = [keyword.value for keyword in node.keywords if keyword.name == name]
    given = (named or node.args[place:])[:1]
    seconds = given[0].value if given and isinstance(given[0], tree.Const) else None
    return isinstance(seconds, (int, float)) and seconds < table.BRIEF


def _is_sure(ctx: Context, receiver: Object) -> bool:
    """Whether an object is of its sync type: where only an annotation says so, it may be a leftover.

    A dynamic relationship that is known is of an async session: it fails, and blocks nothing.
    """
    if receiver.type == _DYNAMIC and receiver.detail is not None:
        return False
    if not library_calls.only_declared(receiver):
        return True
    twin = knowledge.async_twin(receiver.type)
    return not ctx.once(("mentioned", twin), lambda: exemptions.is_mentioned(ctx, twin), True)


def _consumed(frame: Frame, full: str, arguments: Arguments, origin: Origin) -> None:
    """``list(rows)`` and the like go through what they are given."""
    if full in table.CONSUMERS:
        for argument in arguments.args[:1]:
            iterated_at(frame, argument, origin)


def _calling(frame: Frame, full: str, arguments: Arguments, origin: Origin) -> None:
    """``sorted(rows, key=f)``, ``loop.call_soon(f)`` and the like call what they are given."""
    place = table.CALLERS.get(full)
    if place is None or frame.watch.lazily:
        return
    callback = arguments.get(*place)
    if callback is not None:
        for option in options(callback):
            effects = functions.effects_given(frame, option, Arguments(opaque=True))
            _pass_on(frame, effects, origin)


def _pass_on(frame: Frame, effects: tuple[Effect, ...], origin: Origin, via: str = "") -> None:
    for effect in effects:
        if is_blocking(effect):
            reach(frame, effect.via(via) if via else effect, origin)


# --- calls of the project's functions and classes ---------------------------------------------


def passed_on(frame: Frame, function: Function, effects: tuple[Effect, ...], origin: Origin) -> None:
    """A plain function with blocking effects is called."""
    for effect in effects:
        if is_blocking(effect):
            if exemptions.is_exempt(frame.ctx, function):
                return
            reach(frame, effect.via(function.name), origin)


def named(frame: Frame, function: Function, origin: Origin) -> None:
    """A function of the project is called that the configuration names."""
    settings = frame.ctx.settings
    if settings.blocking:
        full = exemptions.dotted_name(function)
        if full in settings.blocking:
            kind = settings.blocking[full]
            reach(frame, Effect(kind, function.name, advice="run_in_threadpool"), origin)


_CALLABLE: Final = (Function, Partial, Member, Library, Instance, ClassValue)


def handed(frame: Frame, function: Function, arguments: Arguments, origin: Origin) -> None:
    """A coroutine function is given functions, or closes over some: it may call them on the loop."""
    if function.closure is not None or any(isinstance(v, _CALLABLE) for v in arguments.values()):
        effects = summaries.effects(frame.ctx, function, arguments)
        if effects and not exemptions.is_exempt(frame.ctx, function):
            _pass_on(frame, effects, origin, function.name)


def is_given(frame: Frame, node: Expr) -> bool:
    """Whether a call is one of a function that the caller passed, or the decorated one."""
    if frame.emit or not frame.is_async:
        return False
    name = node.id if isinstance(node, tree.Name) else ""
    if name in frame.watch.parameters:
        return True
    closure = frame.closure
    while closure is not None:
        if name in closure.env:
            return True
        closure = closure.outer
    return False


def constructed(frame: Frame, cls: ClassValue, arguments: Arguments, origin: Origin) -> None:
    """An instance is made: its constructor runs, or the factories of its fields."""
    ctx = frame.ctx
    for base in classes.mro(ctx, cls):
        if not isinstance(base, ClassValue):
            break
        found = classes.body_bindings(ctx, base, "__init__")
        if found and isinstance(found[-1], tree.FunctionDef):
            me = Instance(cls, (), exact=True)
            initialiser = functions.as_function(base.path, found[-1], base, me, base.closure)
            effects = summaries.effects(ctx, initialiser, arguments)
            _pass_on(frame, effects, origin, cls.name)
            return
    given = {name for name, _ in arguments.keywords}
    for name, effects in _factories(ctx, cls):
        if name not in given and not arguments.opaque:
            _pass_on(frame, effects, origin, cls.name)


def _factories(ctx: Context, cls: ClassValue) -> tuple[tuple[str, tuple[Effect, ...]], ...]:
    """The fields with a ``default_factory=`` that blocks."""

    def collect() -> tuple[tuple[str, tuple[Effect, ...]], ...]:
        found = []
        for statement in cls.node.body:
            if isinstance(statement, tree.Assign) and isinstance(statement.value, tree.Call):
                for keyword in statement.value.keywords:
                    if keyword.name == "default_factory":
                        frame = Frame(ctx, cls.path, cls.node.qualname, closure=cls.closure)
                        factory = expressions.evaluate(frame, State(), keyword.value)
                        effects = functions.effects_given(frame, factory, Arguments())
                        blocking = tuple(filter(is_blocking, effects))
                        if blocking:
                            found.append((source(statement.targets[0]), blocking))
        return tuple(found)

    return ctx.once(("factories", cls), collect, ())


def read(frame: Frame, owner: Instance, name: str, origin: Origin) -> None:
    """An attribute is read: a property runs."""
    nothing: tuple[Effect, ...] = ()
    owner = replace(owner, ref=None)  # whatever is loaded of it
    effects = frame.ctx.once(
        ("property effects", owner, name), lambda: _property_effects(frame.ctx, owner, name), nothing
    )
    if effects:
        _pass_on(frame, effects, origin, name)


def _property_effects(ctx: Context, owner: Instance, name: str) -> tuple[Effect, ...]:
    for base in classes.mro(ctx, owner.cls):
        if not isinstance(base, ClassValue):
            return ()
        found = classes.body_bindings(ctx, base, name)
        if found:
            node = found[0]
            if not isinstance(node, tree.FunctionDef) or node.is_async or not node.decorators:
                return ()
            if classes.kind(ctx, base, node) != "property" or exemptions.is_kept(ctx, base, node):
                return ()
            getter = functions.as_function(base.path, node, base, owner, base.closure)
            effects = summaries.effects(ctx, getter, Arguments())
            return tuple(filter(is_blocking, effects))
    return ()


def ran_on_loop(frame: Frame, effects: tuple[Effect, ...], node: Expr) -> None:
    """``run_sync`` calls its function on the loop's thread, where only its session does not block."""
    allowed = tuple(effect for effect in effects if effect.kind != table.SESSION)
    _pass_on(frame, allowed, (frame.path, node.line, node.col))


# --- with and for ---------------------------------------------------------------------------


def entered(frame: Frame, value: Value, node: Expr, *, is_async: bool) -> None:
    """A context manager is entered, and will be left."""
    if is_async:
        return
    origin = (frame.path, node.line, node.col)
    if isinstance(value, Manager) and not value.is_async:
        _run(frame, value, origin)
    elif isinstance(value, Instance):
        for name in ("__enter__", "__exit__"):
            method = classes.attribute(frame.ctx, value, name)
            if isinstance(method, Function):
                effects = functions.effects_given(frame, method, Arguments(opaque=True))
                _pass_on(frame, effects, origin, value.cls.name)
    elif isinstance(value, Object) and value.type in table.EXECUTORS:
        if _leaves_work(frame):
            label = f"leaving {value.type.rpartition('.')[2]}"
            reach(frame, Effect("blocking-wait", label, advice=_NO_WITH), origin)
    elif isinstance(value, Object) and value.type in table.LOCKS and frame.is_async:
        awaits = any(isinstance(inner, tree.Await) for inner in nodes_in(frame.watch.body))
        if awaits or _is_held_long(frame, node):
            reach(frame, Effect("blocking-wait", source(node) or spoken(node), advice=_NO_LOCK), origin)


_NO_WITH: Final = "await loop.run_in_executor(...)"
_NO_LOCK: Final = "asyncio.Lock"
_WAITS: Final = frozenset({"result", "as_completed", "wait", "wrap_future", "gather", "run_in_executor"})


def _leaves_work(frame: Frame) -> bool:
    """Whether the block of a ``with`` over an executor submits work that it does not wait for itself."""
    target = frame.watch.target
    pool = source(target) if target is not None else ""
    submits, waits = False, False
    for node in nodes_in(frame.watch.body):
        if isinstance(node, tree.Attr):
            submits = submits or (node.name in ("submit", "map") and dotted(node.value) == pool)
            waits = waits or node.name in _WAITS
        elif isinstance(node, tree.Name):
            waits = waits or node.id in _WAITS
        elif isinstance(node, tree.Call) and isinstance(node.func, tree.Name):
            waits = waits or f"builtins.{node.func.id}" in table.CONSUMERS
        elif isinstance(node, (tree.For, tree.CompFor)):
            waits = waits or any(isinstance(n, tree.Attr) and n.name == "map" for n in nodes_in(node.iter))
    return bool(pool) and submits and not waits


def _is_held_long(frame: Frame, lock: Expr) -> bool:
    """Whether a plain function of the same file blocks, and takes the same lock."""
    name = source(lock)
    if not name:
        return False
    ctx, path = frame.ctx, frame.path
    return ctx.once(("held long", path, name), lambda: _holder_blocks(ctx, path, name), False)


def _holder_blocks(ctx: Context, path: str, lock: str) -> bool:
    for node in nodes_in(ctx.project.body(path)):
        if isinstance(node, tree.FunctionDef) and not node.is_async and "." not in node.qualname:
            holds = any(
                isinstance(inner, tree.With) and any(source(item.context) == lock for item in inner.items)
                for inner in nodes_in(node.body)
            )
            if holds:
                effects = summaries.effects(ctx, functions.as_function(path, node), None)
                if any(map(is_blocking, effects)):
                    return True
    return False


def iterated(frame: Frame, value: Value, node: Expr, *, is_async: bool) -> None:
    """A loop goes through a value."""
    if not is_async:
        iterated_at(frame, value, (frame.path, node.line, node.col))


def iterated_at(frame: Frame, value: Value, origin: Origin) -> None:
    for option in options(value):
        if isinstance(option, Generator) and not option.is_async:
            if not frame.watch.lazily:
                _run(frame, option, origin)
        elif isinstance(option, Object):
            known = blocking_member(option.type, "__iter__")
            if known is not None and _is_sure(frame.ctx, option):
                label = f"iterating {option.type.rpartition('.')[2].lstrip('_')}"
                _by_name(frame, known, f"{option.type}.__iter__", label, origin)


def _run(frame: Frame, made: Manager | Generator, origin: Origin) -> None:
    """The code behind a context manager or generator runs."""
    if made.function is not None:
        effects = tuple(effect for effect in made.effects if isinstance(effect, Effect))
        passed_on(frame, made.function, effects, origin)


# --- waiting for what may be done already -----------------------------------------------------


_ASKS: Final = frozenset({"done", "is_alive", "add_done_callback"})
_WAITED_FOR: Final = frozenset({"concurrent.futures.Future", "threading.Thread"})


def check(frame: Frame, callee: Value, node: tree.Call) -> bool:
    """Whether a call waits for work of which the code knows that it is done."""
    if isinstance(callee, Library):
        if callee.dotted in ("asyncio.wrap_future", "concurrent.futures.wait"):
            frame.watch.checked.update(filter(None, map(source, node.args)))
        return False
    if not isinstance(callee, Member) or callee.receiver.type not in _WAITED_FOR:
        return False
    name = source(node.func).rpartition(".")[0]
    if callee.name in _ASKS and name:
        frame.watch.checked.add(name)
    return name in frame.watch.checked


def is_offloading(ctx: Context, callee: Value) -> bool:
    """Whether a call goes through its lazy arguments in another thread."""
    if isinstance(callee, Library):
        return callee.dotted in table.OFFLOADERS or ctx.settings.is_offloader(callee.dotted)
    if isinstance(callee, Member):
        if _is_offloading_member(callee.receiver.type, callee.name):
            return True
        offloaders = ctx.settings.offloaders
        return bool(offloaders) and ctx.settings.is_offloader(f"{callee.receiver.type}.{callee.name}")
    if isinstance(callee, Function) and ctx.settings.offloaders:
        return ctx.settings.is_offloader(exemptions.dotted_name(callee))
    return False


@cache
def _is_offloading_member(type_name: str, name: str) -> bool:
    return any(f"{base}.{name}" in table.OFFLOADERS for base in bases(type_name))


def chosen(owner: Collection) -> Value | None:
    """Which functions ``HANDLERS[key]`` can be, for a key that is not known."""
    items = owner.items
    if items and all(isinstance(item, (Function, Instance, Partial)) for item in items):
        return union(list(items))
    return None


_PATHS: Final = frozenset({"pathlib.Path", "anyio.Path"})


def joined(left: Value, right: Value) -> Value | None:
    """``folder / name`` is a path like the folder; None for another division."""
    for side in (left, right):
        if isinstance(side, Object) and side.type in _PATHS:
            return Object(side.type, declared=side.declared)
    return None
