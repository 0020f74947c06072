"""Code that runs concurrently or later, and the sessions that it uses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from flake8_async_fastapi.domains.session_scope import (
    apart,
    branching,
    closed_by_hand,
    collected,
    creations,
    detached,
    ended_tasks,
    holders,
    item_holders,
    passed_sessions,
    shields,
    streams,
    uploads,
)
from flake8_async_fastapi.domains.session_scope.activity import Activity, Creation, RunningTask, Session
from flake8_async_fastapi.domains.session_scope.events import LATER_FASTAPI, SessionShared, SessionUsedLate
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.text import for_message
from flake8_async_fastapi.engine.values import (
    Arguments,
    Function,
    Generator,
    Library,
    Member,
    Object,
    OneOf,
    Partial,
    Unknown,
    Value,
    alternatives,
    called_name,
)
from flake8_async_fastapi.engine.walks import held_coroutines, holds_coroutine, may_hold_coroutines
from flake8_async_fastapi.engine.watches import ALL, Watch
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import dotted, nodes_in, written_argument
from flake8_async_fastapi.knowledge import concurrency, is_subtype

_AT_ONCE: Final = ("task", "shield")
"""What uses a session while the request goes on."""


# --- notes --------------------------------------------------------------------------------------


def note_assignment(frame: Frame, node: tree.Assign, value: Value) -> None:
    """Note the expression assigned to a variable."""
    if not _is_listener(frame):
        return
    for target in node.targets:
        if isinstance(target, tree.Name):
            sources = frame.notes_of(Activity).sources
            before = sources.get(target.id, node.value)
            sources[target.id] = node.value if before is node.value else None
    collected.note_assigned(frame.notes_of(Activity), node, value)


def note_entered(frame: Frame, item: tree.WithItem, value: Value) -> None:
    """Note the variable that a ``with`` binds, and locks."""
    if not _is_listener(frame):
        return
    if isinstance(item.target, tree.Name):
        frame.notes_of(Activity).opened.add(item.target.id)
    context = item.context
    holders.note_manager(frame, context, value)
    if isinstance(context, (tree.Name, tree.Attr)) and isinstance(value, Object):
        frame.notes_of(Activity).takes_turns |= value.type in concurrency.LOCKS


def note_dropped(frame: Frame, value: Value, node: Expr) -> None:
    """Note a dropped value: a task that nobody waits for runs on alone."""
    if frame.emit and isinstance(value, Object) and value.origin is not None and isinstance(node, tree.Call):
        for task in frame.notes_of(Activity).tasks:
            if task.place == value.origin:
                _report_task_left_alone(frame, task)


def note_awaited(frame: Frame, value: Value, node: tree.Await) -> None:
    """Note an awaited value: a task has ended, an unknown coroutine created with a session uses it."""
    activity = frame.notes_of(Activity)
    if activity.uses is not None and isinstance(value, Unknown) and isinstance(node.value, tree.Call):
        found = list(_sessions_of_unknown_call(frame, node.value))
        holders.note_used(activity, found)
        activity.passes_on |= bool(found)
    ended_tasks.end_tasks(frame, value)


def _sessions_of_unknown_call(frame: Frame, call: tree.Call) -> Iterator[Session]:
    """The sessions that an unknown function gets, as arguments or through its receiver."""
    for written in (*call.args, *(keyword.value for keyword in call.keywords)):
        if holders.holds_session(frame, written):
            holder = holders.holder_of(frame, written)
            if holder is not None:
                yield holder
    owner = call.func.value if isinstance(call.func, tree.Attr) else None
    built = holders.assigned_expression(frame, owner) if owner is not None else None
    if isinstance(built, tree.Call) and (holder := holders.holder_of(frame, built)) is not None:
        yield holder


def report_left_alone(frame: Frame) -> None:
    """Report tasks that are only kept from being garbage-collected, at the end of a function."""
    for task in frame.notes_of(Activity).tasks:
        is_alone = not task.is_over and not task.is_listed
        if is_alone and (task.is_kept or closed_by_hand.leaves_running(frame, task)):
            _report_task_left_alone(frame, task)


def _is_listener(frame: Frame) -> bool:
    activity: Activity | None = frame.notes.get(Activity)
    return frame.emit or (activity is not None and activity.uses is not None)


def note_call(frame: Frame, callee: Value, arguments: Arguments, node: tree.Call, result: Value) -> None:
    """Note a call, and report one that lets several tasks use a session, or uses it too late."""
    if isinstance(callee, Unknown) and not isinstance(node.func, tree.Attr):
        return
    for alternative in alternatives(callee):
        _note_made(frame, alternative, arguments, node, result)
        _note_consumed(frame, alternative, arguments, node, result)


def note_apart(frame: Frame, callee: Value, arguments: Arguments, node: tree.Call, result: Value) -> None:
    """Note the coroutines that a call makes in a run that finds out which sessions a function uses."""
    if not frame.emit and _is_listener(frame):
        for alternative in alternatives(callee):
            _note_made(frame, alternative, arguments, node, result)


def _note_made(frame: Frame, callee: Value, arguments: Arguments, node: tree.Call, result: Value) -> None:
    if isinstance(callee, Library):
        creation = creations.creation_by_map(frame, callee, arguments, node)
    else:
        creation = creations.creation_by_call(frame, callee, arguments, node)
    if creation is not None:
        _note_creation(frame, creation, node, result)


def _note_creation(frame: Frame, creation: Creation, node: tree.Call, result: Value) -> None:
    place = frame.place_of(node)
    made = any(coroutine.origin == place for coroutine in held_coroutines(result))
    activity = frame.notes_of(Activity)
    if made or isinstance(result, Generator):
        activity.creations[place] = creation
    if activity.uses is not None:
        holders.note_used(activity, holders.sessions_of(frame, creation))


# --- concurrent code -----------------------------------------------------------------------------


def _note_consumed(frame: Frame, callee: Value, arguments: Arguments, node: tree.Call, result: Value) -> None:
    name, activity = called_name(callee), frame.notes_of(Activity)
    if name in concurrency.GROUPS and isinstance(result, Object):
        activity.groups[result.origin] = len(frame.enclosing_loops), {}
    elif name in concurrency.GATHERS or (
        isinstance(callee, Function)
        and any(map(holds_coroutine, arguments.values()))
        and frame.ctx.derive(("runs together", callee.key), lambda: _runs_together(callee))
    ):
        makings = {place: activity.creations[place] for place in _coroutines_passed(frame, arguments, node)
                   if place in activity.creations}  # fmt: skip
        _report_shared(frame, makings, len(frame.enclosing_loops), node)
    elif name in concurrency.STARTS and arguments.args:
        _start_in_group(frame, callee, arguments, node)
    elif name in concurrency.TASKS and isinstance(result, Object):
        _start_task(frame, frame.place_of(node), arguments, node)
    elif name == concurrency.SHIELD and arguments.args:
        _report_shielded(frame, arguments, node)
    elif may_hold_coroutines(arguments.args) and any(map(holds_coroutine, arguments.args)):
        collected.note_added(frame.notes_of(Activity), arguments, node.func)
    if activity.tasks and name not in concurrency.TASKS:
        ended_tasks.note_passed(frame, callee, arguments, node.func)
    later = concurrency.LATER.get(name) or (_kind_of_later(callee) if isinstance(callee, Member) else None)
    if later is not None:
        _run_later(frame, later, arguments, node)
    if isinstance(callee, Function):
        for session in detached.sessions_left(frame, callee, arguments, node):
            _report_used_late(frame, session, "task", for_message(node.func), frame.at(node))


def _kind_of_later(method: Member) -> str | None:
    """How a method runs its argument, if that is after the request; None for others."""
    for owner, kind in _LATER_BY_NAME.get(method.name, ()):
        if is_subtype(method.receiver.type, owner):
            return kind
    return None


_LATER_BY_NAME: Final[dict[str, list[tuple[str, str]]]] = {}
for _known, _kind in concurrency.LATER.items():
    _owner, _, _name = _known.rpartition(".")
    _LATER_BY_NAME.setdefault(_name, []).append((_owner, _kind))


def _runs_together(function: Function) -> bool:
    """Whether a function of the project runs its arguments concurrently."""
    return any(
        isinstance(inner, tree.Call) and dotted(inner.func).rpartition(".")[2] in concurrency.WORDS
        for inner in nodes_in(function.node.body)
    )


def _coroutines_passed(frame: Frame, arguments: Arguments, node: tree.Call) -> Iterator[Place]:
    for value in arguments.values():
        for coroutine in held_coroutines(value):
            yield coroutine.origin
    for written in node.args:
        yield from collected.coroutines_in(frame.notes_of(Activity), written)


def _report_shared(
    frame: Frame, makings: dict[Place, Creation], depth: int, node: tree.Call, text: str = ""
) -> None:
    """Report two of several concurrent coroutines that use one session."""
    seen: dict[Session, list[Creation]] = {}
    for creation in makings.values():
        inner = creation.enclosing_loops[depth:]
        for session in holders.sessions_of(frame, creation):
            is_own = any(session[0] in branching.names_bound_in(loop) for loop in inner)
            shared = item_holders.common_session(frame, inner[-1]) if is_own else session
            if shared is None:
                continue
            others = seen.setdefault(shared, [])
            beside = [one for one in others if not branching.are_exclusive(creation.branches, one.branches)]
            if inner or beside:
                tasks = tuple(f"{for_message(one.func)}()" for one in (*beside[:1], creation))
                what = text or for_message(node.func)
                is_apart = apart.can_be_apart(frame.ctx, makings.values())
                holder = holders.join_path(*shared)
                frame.emit_event(SessionShared(*frame.at(node), what, holder, tasks, is_apart))
                return
            others.append(creation)


def _start_in_group(frame: Frame, callee: Value, arguments: Arguments, node: tree.Call) -> None:
    """Add a coroutine, or a function with its arguments, to a task group."""
    assert isinstance(callee, Member)
    activity = frame.notes_of(Activity)
    key = callee.receiver.origin or dotted(node.func)
    depth, makings = activity.groups.setdefault(key, (len(frame.enclosing_loops), {}))
    before = dict(makings)
    first = arguments.args[0]
    added = {
        c.origin: activity.creations[c.origin]
        for c in held_coroutines(first)
        if c.origin in activity.creations
    }
    later = creations.creation_of_callback(frame, arguments, node) if not added else None
    if later is not None:
        added[frame.place_of(node)] = later
    makings.update(added)
    if added and (makings != before or any(creation.enclosing_loops[depth:] for creation in added.values())):
        _report_shared(frame, makings, depth, node)


def _start_task(frame: Frame, place: Place, arguments: Arguments, node: tree.Call) -> None:
    """Start a task: it runs concurrently with those started before and not yet awaited."""
    activity = frame.notes_of(Activity)
    makings = [activity.creations[c.origin] for value in arguments.args[:1] for c in held_coroutines(value)
               if c.origin in activity.creations]  # fmt: skip
    sessions = frozenset[Session]().union(*(holders.sessions_of(frame, creation) for creation in makings))
    branches, call = tuple(frame.branches), "".join(f"{for_message(one.func)}()" for one in makings[:1])
    repeated = [loop for loop in frame.enclosing_loops if isinstance(loop, tree.Comp)]
    for session in sorted(sessions):
        bound = any(session[0] in branching.names_bound_in(loop) for loop in frame.enclosing_loops)
        beside = [
            task.call
            for task in activity.tasks
            if session in task.sessions
            and not task.is_over
            and not branching.are_exclusive(task.branches, branches)
            and (task.place != place or (task.iteration != frame.iteration and not bound))
        ]
        if beside or (repeated and not bound):
            tasks = (*beside[:1], call)
            at, holder = frame.at(node), holders.join_path(*session)
            frame.emit_event(SessionShared(*at, for_message(node.func), holder, tasks))
            break
    files = frozenset[str]().union(*(uploads.uploads_of(frame, creation) for creation in makings))
    activity.tasks.append(
        RunningTask(place, sessions, branches, frame.iteration, for_message(node.func), files, call)
    )


def _report_shielded(frame: Frame, arguments: Arguments, node: tree.Call) -> None:
    """Report a shielded task that continues when its caller is cancelled and closes the session."""
    made = frame.notes_of(Activity).creations
    for coroutine in held_coroutines(arguments.args[0]):
        creation = made.get(coroutine.origin)
        if creation is not None and not shields.only_ends(creation):
            for session in sorted(holders.sessions_of(frame, creation)):
                _report_used_late(frame, session, "shield", for_message(node.func), frame.at(node))


# --- code that runs later ----------------------------------------------------------------------


def _run_later(frame: Frame, kind: str, arguments: Arguments, node: tree.Call) -> None:
    """Handle a function or stream that runs after the request."""
    if kind == "stream":
        written = written_argument(node, 0, "content")
        call = holders.assigned_expression(frame, written) if written is not None else None
        creation = (
            frame.notes_of(Activity).creations.get(Place(frame.path, call.line, call.col))
            if isinstance(call, tree.Call)
            else None
        )
    else:
        creation = creations.creation_of_callback(frame, arguments, node) if arguments.args else None
    uploads.report_later(frame, kind, creation, arguments, node)
    if creation is not None:
        used = holders.sessions_of(frame, creation)
        for session in sorted(used):
            _report_used_late(frame, session, kind, for_message(node.func), frame.at(node))
        if kind == "stream" and not used:
            streams.report_held(frame, creation, node)


def _report_task_left_alone(frame: Frame, task: RunningTask) -> None:
    path, line, col = task.place
    at = (path, line, col, frame.qualname)
    for session in sorted(task.sessions):
        _report_used_late(frame, session, "task", task.text, at)
    uploads.report_read_late(frame, task.uploads, "task", task.text, at)


def _report_used_late(
    frame: Frame, session: Session, kind: str, text: str, place: tuple[str, int, int, str]
) -> None:
    """Report a session that is, or may be, closed before it is used."""
    name, path = session
    params = frame.node.params if frame.node is not None else []
    where = Place(*place[:3])
    if not path and (name in frame.notes_of(Activity).opened or closed_by_hand.closes(frame, name, where)):
        closed_by = "block"
    elif any(name == param.name for param in params) and (
        kind not in _AT_ONCE or frame.role or passed_sessions.are_of_requests(frame, name, path)
    ):
        closed_by = "request"
    else:
        return
    requirements = frame.ctx.project.requirements_of(frame.path)
    is_later = kind not in _AT_ONCE
    if closed_by == "request" and is_later and requirements.at_least("fastapi", (0, 106)) is False:
        return  # dependencies end after background tasks and streams there, as they do again from 0.118 on
    ends_first = closed_by == "request" and streams.ends_before_response(frame, session)
    older = ends_first or requirements.may_be_below("fastapi", (0, 118))
    is_sure = closed_by == "block" or not is_later or ends_first
    is_sure = is_sure or requirements.at_least("fastapi", (0, 118)) is False
    frame.emit_event(
        SessionUsedLate(*place, text, holders.join_path(*session), kind, closed_by, older),
        "" if is_sure or not older else LATER_FASTAPI,
    )


CALLS: Final = (
    Watch(note_call, ALL, ALL, ALL, checked=True),
    Watch(note_apart, ALL, frozenset({creations.MAP}), (Function, OneOf, Partial)),
)
