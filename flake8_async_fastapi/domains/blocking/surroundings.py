"""The code around a call that allows it to block: code that runs once, in a thread, or after work is done."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache, partial
from typing import Final

from flake8_async_fastapi.domains.blocking import caches, exemptions
from flake8_async_fastapi.domains.blocking.context import BlockingContext
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.relevance import mentions_of
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.text import path_of
from flake8_async_fastapi.engine.values import Function, Library, Member, Value
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr, Stmt
from flake8_async_fastapi.facts.walk import nodes_in
from flake8_async_fastapi.knowledge import blocking as table
from flake8_async_fastapi.knowledge.blocking_index import bases

_ASKING_WHETHER_DONE: Final = frozenset({"done", "is_alive", "add_done_callback", "empty", "qsize"})
_WAITING: Final = frozenset({"asyncio.wrap_future", "concurrent.futures.wait"})
_WAITED_FOR: Final = frozenset({
    "concurrent.futures.Future", "multiprocessing.Queue", "queue.Queue", "threading.Thread",
})  # fmt: skip


def note_wait(frame: Frame, callee: Library) -> None:
    """Note the work that a library's function waits for. It is done from then on."""
    if callee.dotted in _WAITING and frame.current_call is not None:
        waited_for = filter(None, map(path_of, frame.current_call.args))
        frame.notes_of(BlockingContext).known_done.update(waited_for)


def note_question(frame: Frame, callee: Member) -> None:
    """Note that a call checks whether work is done, or whether a queue is empty.

    The code knows the answer from then on.
    """
    if callee.name in _ASKING_WHETHER_DONE and (work := _work_of(frame, callee)):
        frame.notes_of(BlockingContext).known_done.add(work)


def is_known_done(frame: Frame, callee: Member) -> bool:
    """Whether a method belongs to work that the code knows to be done."""
    work = _work_of(frame, callee)
    return bool(work) and work in frame.notes_of(BlockingContext).known_done


def _work_of(frame: Frame, callee: Member) -> str:
    """The variable with the future, thread or queue whose method is called; empty for another method."""
    if frame.current_call is None or callee.receiver.type not in _WAITED_FOR:
        return ""
    return path_of(frame.current_call.func).rpartition(".")[0]


def is_repeated(frame: Frame) -> bool:
    """Whether a call is repeated without a pause in which the event loop can run other work."""
    return any(_has_no_pause(frame.ctx, frame.path, loop) for loop in frame.enclosing_loops)


def _has_no_pause(ctx: Context, path: str, loop: tree.For | tree.While | tree.Comp) -> bool:
    def find() -> bool:
        return not any(isinstance(node, (tree.Await, tree.Yield)) or _pauses(node) for node in nodes_in(loop))

    return ctx.derive(("without pause", path, loop.line, loop.col), find)


def _pauses(node: object) -> bool:
    return isinstance(node, (tree.For, tree.With)) and node.is_async


def is_offloading(ctx: Context, callee: Value) -> bool:
    """Whether a call iterates over its lazy arguments in another thread."""
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


def is_call_of_callback(frame: Frame, node: Expr) -> bool:
    """Whether a call is a call of a function that the caller passed, or of the decorated function."""
    if frame.emit or not frame.is_async:
        return False
    name = node.id if isinstance(node, tree.Name) else ""
    params = frame.node.params if frame.node is not None else ()
    if name != frame.receiver_name and any(name == param.name for param in params):
        return True
    return frame.closure is not None and frame.closure.find(name) is not None


def may_call_callback(ctx: Context, function: Function) -> bool:
    """Whether a function calls a name that its callers pass, or a variable of the enclosing function."""
    called, closure = mentions_of(ctx, function).called, function.closure
    if any(param.name in called for param in function.node.params):
        return True
    return closure is not None and any(closure.find(name) is not None for name in called)


def _way_of_branch(frame: Frame, node: tree.If, function: tree.FunctionDef) -> str:
    """How a branch caches: it ``sets`` a missing value or ``returns`` a kept one; empty for others."""

    def find() -> str:
        helpers = partial(_find_helper, frame, function)
        if caches.is_lazy_initialisation(node, function, helpers):
            return "sets"
        return "returns" if caches.returns_cached(node, function, helpers) else ""

    return frame.ctx.derive(("branch", frame.path, function.line, node.line, node.col), find)


def is_cache_miss(frame: Frame, line: int) -> bool:
    """Whether a line of the function runs only if a cache has no entry yet."""
    function = frame.node
    if not isinstance(function, tree.FunctionDef):
        return False

    def find() -> frozenset[int]:
        return caches.lines_of_misses(function, partial(_find_helper, frame, function))

    return line in frame.ctx.derive(("misses", frame.path, function.line), find)


def _find_helper(frame: Frame, function: tree.FunctionDef, called: str) -> tree.FunctionDef | None:
    """The helper that a function calls by a name: a function of its module, or a method beside it."""
    owner, _, name = called.rpartition(".")
    me = function.params[0].name if function.params else ""
    if not name or (owner and owner != me):
        return None
    if not owner:
        found: Iterable[Stmt] = (bound for _, bound in frame.ctx.project.bindings(frame.path, name))
    else:
        found = frame.owner.node.body if frame.owner is not None else ()
    functions = (one for one in found if isinstance(one, tree.FunctionDef))
    return next((one for one in functions if one.name == name), None)


def begin_branch(frame: Frame, node: tree.If, outcome: bool, entering: list[State]) -> None:
    """Begin a branch: one that sets a missing value runs once."""
    if outcome and isinstance(frame.node, tree.FunctionDef):
        context = frame.notes_of(BlockingContext)
        context.branches.append(_way_of_branch(frame, node, frame.node) == "sets")
        context.suppressed += context.branches[-1]


def end_branch(frame: Frame, node: tree.If, outcome: bool) -> None:
    """End a branch: after one that returns a kept value, the rest of the function runs only once."""
    if not isinstance(frame.node, tree.FunctionDef):
        return
    if outcome:
        context = frame.notes_of(BlockingContext)
        context.suppressed -= context.branches.pop()
    elif _way_of_branch(frame, node, frame.node) == "returns":
        frame.notes_of(BlockingContext).suppressed += 1  # until the function ends
