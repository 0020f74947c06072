"""Plain functions that use objects of the event loop, and the threads that they run in.

A use is a ``LoopUse``, an effect that passes on to the callers on the same thread. It is reported if the
code is known to run in a thread: in a plain route or dependency, in the ``run`` of a thread, or in a
function that is handed over to a thread.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct, field
from msgspec.structs import replace

from flake8_async_fastapi.domains.fastapi.routes import REGISTERED, ROUTE
from flake8_async_fastapi.domains.threads.events import FASTAPI_THREADS, LoopUsedInThread
from flake8_async_fastapi.domains.threads.handing_over import HandOver
from flake8_async_fastapi.engine.effects import AppliedCall, EffectHooks, Ends
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.machine import classes
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.values import Library, Member
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import bound_names, flat
from flake8_async_fastapi.knowledge import with_bases
from flake8_async_fastapi.knowledge.loop_use import GUARDS, LOOP_OBJECTS, NEEDS_LOOP, THREAD_METHODS
from flake8_async_fastapi.knowledge.runners import POOL, THREAD

METHODS: Final = frozenset(name.rpartition(".")[2] for name in (*LOOP_OBJECTS, *GUARDS))
"""The last names of all methods that matter here."""

_HTTP_VERBS: Final = frozenset(
    {"api_route", "delete", "get", "head", "options", "patch", "post", "put", "trace"}
)


class LoopUse(Struct, frozen=True):
    """A plain function uses objects of the event loop; the rest is as in ``LoopUsedInThread``.

    ``is_repeated`` says that it does so in a loop.
    """

    is_asking: bool
    label: str
    place: Place
    remedy: str
    chain: tuple[str, ...] = ()
    is_repeated: bool = False


class LoopUses(Struct):
    """The uses of one run; ``guards`` says that it knows its thread, or starts a loop there."""

    found: dict[LoopUse, None] = field(default_factory=dict)
    guards: bool = False

    def fork(self) -> LoopUses:
        return LoopUses(dict(self.found), self.guards)

    def agree(self, others: Sequence[LoopUses]) -> LoopUses:
        """Merge the earlier uses with those that all other runs have."""
        common = [use for use in others[0].found if all(use in other.found for other in others)]
        guards = any(other.guards for other in others)
        return LoopUses({**self.found, **dict.fromkeys(common)}, guards)


# --- uses --------------------------------------------------------------------------------------


def note_use(frame: Frame, callee: Library | Member, func: Expr, place: Place) -> None:
    """Note a call of ``func`` that uses the event loop in a plain function."""
    if frame.is_async:
        return
    if isinstance(callee, Library):
        names: tuple[str, ...] = (callee.dotted,)
        label = callee.dotted
    else:
        owner = callee.receiver.type
        names = tuple(f"{base}.{callee.name}" for base in with_bases(owner))
        label = f"{owner.rpartition('.')[2]}.{callee.name}"
    if any(name in GUARDS for name in names):
        noted = frame.notes_of(LoopUses)
        noted.guards |= not any(use.is_asking for use in noted.found)  # that has failed before
        return
    remedy = next((NEEDS_LOOP[name] for name in names if name in NEEDS_LOOP), None)
    is_asking = remedy is not None
    if remedy is None:
        remedy = next((LOOP_OBJECTS[name] for name in names if name in LOOP_OBJECTS), None)
        if remedy is None or _is_made_here(frame, func):
            return
    _report_or_keep(frame, LoopUse(is_asking, f"{label}()", place, remedy), place)


def _is_made_here(frame: Frame, func: Expr) -> bool:
    """Whether the function created the object whose method is called, as far as known."""
    owner = func
    while isinstance(owner, (tree.Attr, tree.Subscript)):
        owner = owner.value
    if not isinstance(owner, tree.Name):
        return True
    body = frame.node.body if isinstance(frame.node, tree.FunctionDef) else []
    for statement in flat(body):
        if owner.id in bound_names(statement):
            made = statement.value if isinstance(statement, tree.Assign) else None
            return not isinstance(made, (tree.Name, tree.Attr))
    return False


def _summarise(frame: Frame, ends: Ends) -> Iterable[LoopUse]:
    noted = frame.notes.get(LoopUses)
    return () if noted is None or noted.guards or frame.is_async else tuple(noted.found)


def _apply(call: AppliedCall, use: LoopUse) -> Iterable[LoopUse]:
    if not call.frame.is_async:
        name = call.function.name
        is_named = name == "<lambda>" or use.chain[:1] == (name,)
        chain = use.chain if is_named else (name, *use.chain)
        _report_or_keep(call.frame, replace(use, chain=chain), call.place)
    return ()


EFFECTS: Final[Mapping[type[Any], EffectHooks]] = {LoopUse: EffectHooks(_summarise, _apply)}


def _report_or_keep(frame: Frame, use: LoopUse, place: Place) -> None:
    if frame.exception_states is not None:
        return  # the code expects it to fail
    if frame.enclosing_loops:
        use = replace(use, is_repeated=True)
    thread = thread_of(frame) if frame.emit else ""
    if not thread:
        if not frame.branches or frame.emit:
            frame.notes_of(LoopUses).found[use] = None
    elif not frame.notes_of(LoopUses).guards:
        _report(frame, use, place, thread, is_pooled=bool(frame.role))


# --- threads -----------------------------------------------------------------------------------


def check_handed_over(frame: Frame, given: HandOver, quiet: Frame, node: tree.Call) -> None:
    """Report a handed-over function that runs in a thread; it was called in a separate frame."""
    if not frame.emit or given.runner.where not in (THREAD, POOL):
        return
    if isinstance(given.function, (Library, Member)) and given.written is not None:
        note_use(quiet, given.function, given.written, frame.place_of(node))
    noted = quiet.notes_of(LoopUses)
    is_pooled = given.runner.where == POOL
    for is_asking in (True, False):
        uses = [use for use in noted.found if use.is_asking is is_asking and not noted.guards]
        for use in sorted(uses, key=lambda use: not use.is_repeated)[:1]:  # one report is enough
            _report(frame, use, frame.place_of(node), given.name, is_pooled=is_pooled)


def _report(frame: Frame, use: LoopUse, place: Place, thread: str, *, is_pooled: bool) -> None:
    """Report a use in a thread. The end of a pool's thread wakes the loop, so only a long one matters."""
    if is_pooled and not use.is_asking and not use.is_repeated:
        return
    where = None if use.place == place else use.place.spot
    path, line, col = place
    frame.emit_event(
        LoopUsedInThread(
            path, line, col, frame.qualname, thread, use.is_asking, use.label, where, use.chain, use.remedy
        )
    )


def thread_of(frame: Frame) -> str:
    """A description of the thread that a plain function under check runs in; empty if not known."""
    node = frame.node
    if frame.is_async or not isinstance(node, tree.FunctionDef):
        return ""
    if frame.role == REGISTERED or (frame.role == ROUTE and any(map(_is_http_verb, node.decorators))):
        return FASTAPI_THREADS
    cls = frame.owner
    if cls is not None:
        for base, methods in THREAD_METHODS.items():
            if node.name in methods and classes.derives_from(frame.ctx, cls, frozenset({base})):
                return base.rpartition(".")[2]
    return ""


def _is_http_verb(decorator: Expr) -> bool:
    func = decorator.func if isinstance(decorator, tree.Call) else decorator
    return isinstance(func, tree.Attr) and func.name in _HTTP_VERBS
