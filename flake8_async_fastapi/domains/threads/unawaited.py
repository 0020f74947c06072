"""Coroutine functions that are passed to code which calls them and drops the coroutine.

A function that works with plain functions is not to blame for the one that its caller passes. So its
dropping of the coroutine is a ``Drop``, an effect that passes on to the code that chose the coroutine
function.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct, field
from msgspec.structs import replace

from flake8_async_fastapi.domains.threads import caches
from flake8_async_fastapi.domains.threads.decorators import decorated_value, names_of_decorator
from flake8_async_fastapi.domains.threads.events import CallbackNeverAwaited, CoroutineCached
from flake8_async_fastapi.domains.threads.handing_over import HandOver
from flake8_async_fastapi.engine.effects import AppliedCall, EffectHooks, Ends
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.machine import classes
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.relevance import closure_values, mentions_of
from flake8_async_fastapi.engine.text import for_message
from flake8_async_fastapi.engine.values import (
    Arguments,
    ClassValue,
    Coroutine,
    Function,
    Instance,
    Library,
    Partial,
    Value,
    alternatives,
)
from flake8_async_fastapi.engine.walks import inner_values, may_hold_coroutine
from flake8_async_fastapi.engine.watches import Watch
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import dotted, nodes_in
from flake8_async_fastapi.knowledge.runners import (
    AWAITS_BY,
    CALLED_BY_PYTHON,
    DECORATORS,
    DEFAULTS,
    VALIDATORS,
    WITH_OWN_POOL,
)


class Drop(Struct, frozen=True):
    """A function calls a coroutine function that it got, and drops or keeps the coroutine.

    ``function`` identifies it, ``name`` is its name, ``cache`` is where the coroutine is kept; the rest is
    as in ``CallbackNeverAwaited``.
    """

    function: Place
    name: str
    runner: str
    chain: tuple[str, ...] = ()
    remedy: str = ""
    cache: str = ""


class Drops(Struct):
    """The coroutines that one run drops, and the awaited calls that return a coroutine."""

    found: dict[Drop, None] = field(default_factory=dict)
    unfinished: dict[Place, CallbackNeverAwaited] = field(default_factory=dict)

    def fork(self) -> Drops:
        return Drops(dict(self.found), dict(self.unfinished))

    def agree(self, others: Sequence[Drops]) -> Drops:
        """Merge the earlier drops with those that all other runs have."""
        common = [drop for drop in others[0].found if all(drop in other.found for other in others)]
        return Drops({**self.found, **dict.fromkeys(common)}, dict(self.unfinished))


# --- functions that are handed over ---------------------------------------------------------


def check_handed_over(frame: Frame, given: HandOver, value: Value, quiet: Frame, node: tree.Call) -> None:
    """Handle the result of a handed-over function, which was called in a separate frame."""
    runner = given.runner
    for drop in quiet.notes_of(Drops).found:
        if drop.chain or drop.runner or drop.cache:  # otherwise it is the result, see below
            _report_or_keep(frame, drop, frame.place_of(node))
    if not runner.remedy or not _is_coroutine(value):
        return
    if runner.gives_back and not _is_awaited_once(frame, node):
        event = CallbackNeverAwaited(*frame.at(node), given.text, given.name, (), runner.remedy)
        frame.notes_of(Drops).unfinished[frame.place_of(node)] = event
    elif frame.emit:
        frame.emit_event(CallbackNeverAwaited(*frame.at(node), given.text, given.name, (), runner.remedy))
    elif (function := _function_behind(given.function)) is not None:
        _keep(frame, Drop(function.key, function.name, given.name, (), runner.remedy))


def check_decorated(frame: Frame, decorator: Value, function: Function, node: Expr) -> None:
    """Report a decorator that hands a coroutine function over."""
    names = [name for name in names_of_decorator(decorator) if name in DECORATORS]
    if not names or not frame.emit or _has_own_base(node):
        return
    if any(map(frame.ctx.project.is_imported, WITH_OWN_POOL)):
        return
    if names[0] in AWAITS_BY and frame.ctx.project.mentioning(AWAITS_BY[names[0]]):
        return
    given = decorated_value(frame, function, node)
    if isinstance(given, Function) and given.is_async and not given.is_generator:
        runner = f"@{for_message(node.func if isinstance(node, tree.Call) else node)}"
        line, col = (given.node.line, given.node.col) if names[0] in VALIDATORS else (node.line, node.col)
        where = (frame.path, line, col, frame.qualname)  # other decorators may stand between
        frame.emit_event(CallbackNeverAwaited(*where, function.name, runner, (), DECORATORS[names[0]]))


def report_default(frame: Frame, callee: Value, arguments: Arguments, node: tree.Call, result: Value) -> None:
    """Report a column or a field whose default is a coroutine function."""
    for name, value in arguments.keywords:
        if not isinstance(value, Function) or not value.is_async or not isinstance(callee, Library):
            continue
        if name in DEFAULTS[callee.dotted]:
            where, runner = frame.at(node), f"{for_message(node.func)}({name}=...)"
            frame.emit_event(CallbackNeverAwaited(*where, value.name, runner, (), "use a plain function"))


def report_called_by_python(frame: Frame, function: Function, outer: Frame) -> None:
    """Report a method such as ``__init__`` that is a coroutine function."""
    owner, node = frame.owner, function.node
    if owner is None or not frame.is_async or function.name not in CALLED_BY_PYTHON:
        return
    words = {dotted(one.func if isinstance(one, tree.Call) else one) for one in owner.node.decorators}
    is_data = any(word.rpartition(".")[2] == "dataclass" for word in words)
    if is_data if function.name == "__post_init__" else not words and _is_made_as_usual(frame, owner):
        where = (frame.path, node.line, node.col, frame.qualname)
        event = CallbackNeverAwaited(*where, function.name, "Python", (), "write a plain method")
        frame.ctx.events.append(event)


def _is_made_as_usual(frame: Frame, cls: ClassValue) -> bool:
    """Whether no ``__new__`` or metaclass of a class may await its methods."""
    for base in classes.mro(frame.ctx, cls):
        if isinstance(base, ClassValue):
            names = {one.name for one in base.node.body if isinstance(one, tree.FunctionDef)}
            if base.node.keywords or "__new__" in names:
                return False
        elif not isinstance(base, Library) or not base.dotted.startswith(_PLAIN):
            return False
    return True


_PLAIN: Final = ("builtins.object", "abc.ABC", "pydantic.", "typing.")


def _has_own_base(decorator: Expr) -> bool:
    """Whether a decorator gets the class that runs the function."""
    return isinstance(decorator, tree.Call) and any(
        keyword.name in ("base", None) for keyword in decorator.keywords
    )


def note_dropped(frame: Frame, value: Value, node: Expr) -> None:
    """Note a dropped value: with it the coroutine that an executor would return."""
    noted: Drops | None = frame.notes.get(Drops)
    if frame.emit and noted is not None and noted.unfinished:
        event = noted.unfinished.get(frame.place_of(node))
        if event is not None:
            frame.emit_event(event)


def note_assignment(frame: Frame, node: tree.Assign, value: Value) -> None:
    """Note an assignment that may put a coroutine into a cache."""
    target = node.targets[0]
    if (isinstance(target, tree.Name) and target.id not in frame.globals) or not may_hold_coroutine(value):
        return
    found = caches.kept_coroutine(frame, node, value)
    if found is None:
        return
    coroutine, cache = found
    if frame.emit:
        frame.emit_event(CoroutineCached(*frame.at(node.targets[0]), coroutine.label, cache))
    elif coroutine.function is not None:
        _keep(frame, Drop(coroutine.function.key, coroutine.function.name, "", cache=cache))


def _is_coroutine(value: Value) -> bool:
    return all(isinstance(option, Coroutine) for option in alternatives(value))


def _function_behind(value: Value) -> Function | None:
    while isinstance(value, Partial):
        value = value.function
    return value if isinstance(value, Function) else None


def _is_awaited_once(frame: Frame, node: tree.Call) -> bool:
    """Whether a call is awaited, and its result is not."""
    place = node.line, node.col
    if place not in frame.awaited_calls:
        return False
    body = frame.node.body if frame.node is not None else ()
    names: set[str] = set()
    awaited: set[str] = set()
    for part in nodes_in(body):
        match part:
            case tree.Await(value=tree.Await(value=tree.Call(line=line, col=col))) if (line, col) == place:
                return False
            case tree.Assign(targets=[tree.Name(id=name)], value=tree.Await(value=call)) if call == node:
                names.add(name)
            case tree.Await(value=tree.Name(id=name)):
                awaited.add(name)
    return not names & awaited


# --- functions that drop their caller's coroutines ---------------------------------------------


def _summarise(frame: Frame, ends: Ends) -> Iterable[Drop]:
    if frame.owed and not frame.emit:
        for origin, coroutine in frame.owed.items():
            is_settled = origin in frame.discharged or origin in frame.returned
            if coroutine.function is not None and not is_settled and not _knows_coroutines(frame):
                _keep(frame, Drop(coroutine.function.key, coroutine.function.name, ""))
    noted = frame.notes.get(Drops)
    return tuple(noted.found) if noted is not None else ()


_WORDS: Final = ("coroutine", "awaitable", "is_async", "asyncio")


def _knows_coroutines(frame: Frame) -> bool:
    """Whether a function checks the kind of the functions that it gets."""
    function = _function_of(frame)
    if function is None:
        return False
    mentioned = mentions_of(frame.ctx, function)
    return any(word in name for name in (*mentioned.names, *mentioned.attributes) for word in _WORDS)


def _function_of(frame: Frame) -> Function | None:
    if frame.node is None:
        return None
    place = Place(frame.path, frame.node.line, frame.node.col)
    return Function(frame.path, frame.node, place, closure=frame.closure)


def _apply(call: AppliedCall, drop: Drop) -> Iterable[Drop]:
    name = call.function.name
    is_named = name == "<lambda>" or drop.chain[:1] == (name,)
    chain = drop.chain if is_named else (name, *drop.chain)
    _report_or_keep(call.frame, replace(drop, chain=chain), call.place)
    return ()


DEFAULT_CALLS: Final = Watch(report_default, functions=DEFAULTS.keys(), checked=True)
EFFECTS: Final[Mapping[type[Any], EffectHooks]] = {Drop: EffectHooks(_summarise, _apply)}


def _report_or_keep(frame: Frame, drop: Drop, place: Place) -> None:
    if not frame.emit:
        _keep(frame, drop)
        return
    path, line, col = place
    at = path, line, col, frame.qualname
    if drop.cache:
        frame.emit_event(CoroutineCached(*at, drop.name, drop.cache, chain=drop.chain))
    else:
        frame.emit_event(CallbackNeverAwaited(*at, drop.name, drop.runner, drop.chain, drop.remedy))


def _keep(frame: Frame, drop: Drop) -> None:
    """Keep a drop for the caller, if the caller passed the function."""
    if frame.node is None or _is_given(frame, drop.function):
        frame.notes_of(Drops).found[drop] = None


def _is_given(frame: Frame, key: Place) -> bool:
    """Whether a run got a function: as an argument, in its receiver, or from the enclosing function."""
    function = _function_of(frame)
    if function is None:
        return False
    given = [frame.state.env.get(param.name) for param in function.node.params]
    if isinstance(frame.receiver, Instance):
        given.append(frame.receiver)
    return any(
        isinstance(inner, Function) and inner.key == key
        for value in (*given, *closure_values(frame.ctx, function))
        if value is not None
        for inner in inner_values(value)
    )
