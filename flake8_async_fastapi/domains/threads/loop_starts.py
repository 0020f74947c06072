"""Loops that code starts again and again, with engines and clients of a module on each.

A connection of asyncpg, aiomysql or asyncmy belongs to the loop that opened it, and a pool keeps
connections. ``asyncio.run`` starts a new loop each time. So code that runs repeatedly, and uses the engine
of a module under ``asyncio.run``, gets a connection of a closed loop.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from msgspec import Struct, field
from msgspec.structs import replace

from flake8_async_fastapi.domains.threads.decorators import decorated_value, names_of_decorator
from flake8_async_fastapi.domains.threads.engine_loops import (
    EngineDisposal,
    EngineUse,
    coroutines_in,
    disposes,
    uses_of,
)
from flake8_async_fastapi.domains.threads.events import EngineInNewLoop
from flake8_async_fastapi.domains.threads.handing_over import HandOver
from flake8_async_fastapi.domains.threads.loop_use import thread_of
from flake8_async_fastapi.domains.threads.retries import repeats
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
    Member,
    Value,
    alternatives,
    called_name,
)
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr, Stmt
from flake8_async_fastapi.facts.walk import dotted, flat, nodes_in
from flake8_async_fastapi.knowledge.loop_use import LOOP_CLOSER, LOOP_KEEPERS, LOOP_STARTERS
from flake8_async_fastapi.knowledge.runners import SCHEDULED, TASK_DECORATORS, TASK_SIGNALS
from flake8_async_fastapi.project.modules import is_test


class LoopStart(Struct, frozen=True):
    """A plain function runs a coroutine of ``function`` in a new loop; None stands for one that it got.

    Which engines and clients that uses is asked only where it matters.
    """

    function: Function | None
    call: Arguments | None
    label: str
    chain: tuple[str, ...] = ()


class Start(NamedTuple):
    """Where a loop starts, in which branches, and the variable that holds the loop, if there is one.

    The loop of a variable may be the same each time.
    """

    place: Place
    branches: tuple[object, ...]
    loop: str = ""


class StartNotes(Struct):
    """The loops that one run starts."""

    found: dict[LoopStart, Start] = field(default_factory=dict)

    def fork(self) -> StartNotes:
        return StartNotes(dict(self.found))

    def agree(self, others: Sequence[StartNotes]) -> StartNotes:
        """Merge the earlier notes with those that all other runs have."""
        first = others[0].found
        common = {key: start for key, start in first.items() if all(key in other.found for other in others)}
        return StartNotes({**self.found, **common})


def note_call(frame: Frame, callee: Value, arguments: Arguments, node: tree.Call) -> None:
    """Note a call of a plain function that starts a loop."""
    if frame.is_async:
        return
    place, branches = frame.place_of(node), tuple(frame.branches)
    loop = _loop_driven(callee, node)
    if loop not in frame.globals and starts_loop(frame, callee):  # a variable of the module keeps its loop
        if _is_in_running_loop(frame, node):
            return
        for begun in _starts_by(frame.ctx, arguments.get(0, "main"), for_message(node.func)):
            _report_or_keep(frame, begun, Start(place, branches, loop))
    elif isinstance(callee, Function) and not callee.is_async and any(coroutines_in(arguments)):
        call = renaming.call_without_identity(frame.ctx, callee, arguments)
        parts = summaries.summarise(frame.ctx, *call).parts
        if any(isinstance(part, LoopStart) and part.function is None for part in parts):
            for coroutine in coroutines_in(arguments):
                for begun in _starts_by(frame.ctx, coroutine, callee.name):
                    _report_or_keep(frame, begun, Start(place, branches))


def _is_in_running_loop(frame: Frame, node: tree.Call) -> bool:
    """Whether a call is made only if ``loop.is_running()``: no task of a worker gets there."""
    body = frame.node.body if frame.node is not None else []
    return any(
        any(part is node for part in nodes_in(side))
        for one in nodes_in(body)
        if isinstance(one, tree.If)
        for side in _sides_in_running_loop(one)
    )


def _sides_in_running_loop(node: tree.If) -> Iterator[list[Stmt]]:
    test, side = (node.test, node.body)
    if isinstance(test, tree.Unary) and test.op == "not":
        test, side = test.value, node.orelse
    if isinstance(test, tree.Call) and dotted(test.func).endswith(".is_running"):
        yield side


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


def _starts_by(ctx: Context, given: Value | None, label: str) -> Iterator[LoopStart]:
    """The loops that a call starts which runs a coroutine in a new loop."""
    for option in alternatives(given) if given is not None else ():
        function = option.function if isinstance(option, Coroutine) else option
        if not isinstance(function, Function) or not function.is_async:
            yield LoopStart(None, None, label)
        else:
            call = option.call if isinstance(option, Coroutine) else Arguments(opaque=True)
            bare = renaming.call_without_identity(ctx, function, call)
            yield LoopStart(*bare, f"{label}({function.name}())")


def _summarise(frame: Frame, ends: Ends) -> Iterable[LoopStart]:
    noted = frame.notes.get(StartNotes)
    return () if noted is None or frame.is_async or disposes(frame) else tuple(noted.found)


def _apply(call: AppliedCall, begun: LoopStart) -> Iterable[LoopStart]:
    if begun.function is not None and not call.frame.is_async:
        name = call.function.name
        is_named = name == "<lambda>" or begun.chain[:1] == (name,)
        begun = begun if is_named else replace(begun, chain=(name, *begun.chain))
        _report_or_keep(call.frame, begun, Start(call.place, tuple(call.frame.branches)))
    return ()


EFFECTS: Final[Mapping[type[Any], EffectHooks]] = {LoopStart: EffectHooks(_summarise, _apply)}


def _report_or_keep(frame: Frame, begun: LoopStart, start: Start) -> None:
    """Report a loop that starts repeatedly, or after another one; otherwise keep it for the callers."""
    notes = frame.notes_of(StartNotes)
    if frame.emit and not is_test(frame.path) and not disposes(frame):
        again = _reason_to_repeat(frame, start)
        before = [] if again else [other for other, at in notes.found.items() if _may_follow(start, at)]
        is_told = bool(again or before) and not _disposes_later(frame)
        for use in _uses_in(frame, begun) if is_told else ():
            others = (other.label for other in before if use.engine in _engines_in(frame, other))
            since = next((f"after {label}" for label in others), "")
            if again or since:
                _emit(frame, begun, use, start.place, again or since)
    notes.found.setdefault(begun, start)


def _disposes_later(frame: Frame) -> bool:
    """Whether code that starts loops disposes of an engine itself, perhaps behind the loop in question."""
    body = frame.node.body if frame.node is not None else []
    calls = (node.func for node in nodes_in(body) if isinstance(node, tree.Call))
    return any(isinstance(func, tree.Attr) and func.name == "dispose" for func in calls)


def _may_follow(start: Start, before: Start) -> bool:
    """Whether a loop surely starts after another one, which was not the same."""
    is_same = bool(start.loop) and before.loop == start.loop
    return (
        not is_same
        and before.place != start.place
        and start.branches[: len(before.branches)] == before.branches
    )


def _uses_in(frame: Frame, begun: LoopStart) -> list[EngineUse]:
    """The engines and clients that code uses in a loop that starts."""
    return list(uses_of(frame, begun.function, begun.call))


def _engines_in(frame: Frame, begun: LoopStart) -> set[Place]:
    return {use.engine for use in _uses_in(frame, begun)}


def _reason_to_repeat(frame: Frame, start: Start) -> str:
    """Why the code under check runs more than once, or along with another loop; empty if not known."""
    is_kept = bool(start.loop) and not _is_bound_in(frame, start.loop)
    if not is_kept and repeats(frame.enclosing_loops, start.place):
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


def check_decorated(frame: Frame, decorator: Value, function: Function, node: Expr) -> None:
    """Report a task of a worker that is a coroutine function, which a decorator of the project runs."""
    if not frame.emit or not function.is_async or is_test(frame.path):
        return
    if TASK_DECORATORS.isdisjoint(names_of_decorator(decorator)):
        return
    written = node.func if isinstance(node, tree.Call) else node
    runner = decorated_value(frame, function, node)
    if not isinstance(runner, Function) or runner.is_async or _is_disposed_between_tasks(frame.ctx):
        return
    call = renaming.call_without_identity(frame.ctx, runner, Arguments(opaque=True))
    for part in summaries.summarise(frame.ctx, *call).parts:
        if isinstance(part, LoopStart):
            for use in _uses_in(frame, part):
                _emit(frame, part, use, frame.place_of(node), f"in each run of @{for_message(written)}")


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
        for begun in quiet.notes_of(StartNotes).found:
            for use in _uses_in(frame, begun):
                _emit(frame, begun, use, frame.place_of(node), f"in code that {given.name} runs")


def _emit(frame: Frame, begun: LoopStart, use: EngineUse, place: Place, again: str) -> None:
    path, line, col = place
    at, where = (path, line, col, frame.qualname), use.engine.spot
    frame.emit_event(EngineInNewLoop(*at, begun.label, begun.chain, where, again, use.is_client))
