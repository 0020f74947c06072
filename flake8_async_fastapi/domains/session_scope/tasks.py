"""What runs at the same time, or later, and with whose session."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from flake8_async_fastapi.domains.session_scope import holders
from flake8_async_fastapi.domains.session_scope.events import SessionOutlives, SessionShared
from flake8_async_fastapi.domains.session_scope.notes import Activity, Making, Session, Started
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.text import spoken
from flake8_async_fastapi.engine.values import (
    Arguments,
    Collection,
    Coroutine,
    Function,
    Generator,
    Library,
    Member,
    Object,
    Partial,
    Unknown,
    Value,
    options,
)
from flake8_async_fastapi.engine.walks import held
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import bound_names, dotted, flat, nodes_in, target_names
from flake8_async_fastapi.knowledge import concurrency, is_subtype, member
from flake8_async_fastapi.knowledge.transactions import SESSION

_TASKS: Final = frozenset({"asyncio.Future", "asyncio.Task", "asyncio.tasks._GatheringFuture"})


# --- what is noted on the way ---------------------------------------------------------------


def assigned(frame: Frame, node: tree.Assign, value: Value) -> None:
    """Note what a variable is assigned."""
    if not _listens(frame):
        return
    for target in node.targets:
        if isinstance(target, tree.Name):
            sources = frame.note(Activity).sources
            before = sources.get(target.id, node.value)
            sources[target.id] = node.value if before is node.value else None
            if isinstance(node.value, tree.Display) and not node.value.items:
                frame.note(Activity).lists.pop(target.id, None)


def entered(frame: Frame, item: tree.WithItem, value: Value) -> None:
    """Note the variable that a ``with`` binds, and locks."""
    if not _listens(frame):
        return
    if isinstance(item.target, tree.Name):
        frame.note(Activity).opened.add(item.target.id)
    context = item.context
    if isinstance(context, (tree.Name, tree.Attr)) and isinstance(value, Object):
        frame.note(Activity).takes_turns |= value.type in concurrency.LOCKS


def dropped(frame: Frame, value: Value, node: Expr) -> None:
    """A statement's value is dropped: a task that nobody waits for runs on alone."""
    if frame.emit and isinstance(value, Object) and value.origin is not None and isinstance(node, tree.Call):
        for task in frame.note(Activity).tasks:
            if task.place == value.origin:
                _left_alone(frame, task)


def awaited(frame: Frame, value: Value, node: tree.Await) -> None:
    """A task that is awaited is over; an unknown coroutine made from a session uses that."""
    uses_here = frame.note(Activity).uses
    if uses_here is not None and isinstance(value, Unknown) and isinstance(node.value, tree.Call):
        uses_here.update(_made_from(frame, frame.state, node.value))
    over(frame, value)


def _made_from(frame: Frame, state: State, call: tree.Call) -> Iterator[Session]:
    """The sessions that the call of an unknown function is given, itself or in what it is a method of."""
    for written in (*call.args, *(keyword.value for keyword in call.keywords)):
        if holders.holds(frame, state, written):
            holder = holders.holder_of(frame, state, written)
            if holder is not None:
                yield holder
    owner = call.func.value if isinstance(call.func, tree.Attr) else None
    built = holders.assigned_to(frame, owner) if owner is not None else None
    if isinstance(built, tree.Call) and (holder := holders.holder_of(frame, state, built)) is not None:
        yield holder


def over(frame: Frame, value: Value) -> None:
    """The tasks among some values are awaited, here or elsewhere."""
    if not frame.note(Activity).tasks:
        return
    places = {option.origin for option in _tasks_in(value)}
    for task in frame.note(Activity).tasks:
        task.is_over |= task.place in places


def ended(frame: Frame) -> None:
    """At the end of a function: tasks that are only kept from being collected."""
    for task in frame.note(Activity).tasks:
        if task.is_kept and not task.is_over:
            _left_alone(frame, task)


def _listens(frame: Frame) -> bool:
    return frame.emit or frame.note(Activity).uses is not None


def called(frame: Frame, callee: Value, arguments: Arguments, node: tree.Call, result: Value) -> None:
    """Note a call, and say so where it has one session used by several tasks, or too late."""
    state = frame.state
    if not _listens(frame):
        return
    if isinstance(callee, Unknown) and not isinstance(node.func, tree.Attr):
        return
    for option in options(callee):
        making = _making(frame, option, arguments, node)
        if making is not None:
            _note(frame, state, making, node, result)
        if frame.emit:
            _consumed(frame, state, option, arguments, node, result)


def _making(frame: Frame, callee: Value, arguments: Arguments, node: tree.Call) -> Making | None:
    """A call of a coroutine (or generator) function, or of a session's method, with its expressions."""
    func, args = node.func, tuple(node.args)
    keywords = tuple((k.name, k.value) for k in node.keywords if k.name is not None)
    if isinstance(callee, Partial):
        bound = holders.assigned_to(frame, node.func)
        if not isinstance(bound, tree.Call) or not bound.args:
            return None
        func, args = bound.args[0], (*bound.args[1:], *args)
        keywords = (*((k.name, k.value) for k in bound.keywords if k.name is not None), *keywords)
        arguments = Arguments(
            (*callee.args, *arguments.args), (*callee.keywords, *arguments.keywords), arguments.opaque
        )
        callee = callee.function
    around = tuple(frame.enclosing_loops), tuple(frame.branches)
    if isinstance(callee, Function) and (callee.is_async or callee.is_generator):
        return Making(func, args, keywords, callee, arguments, *around)
    if isinstance(callee, Member) and is_subtype(callee.receiver.type, SESSION):
        known = member(callee.receiver.type, callee.name)
        if known is not None and known.kind == "async" and callee.name not in concurrency.ENDS:
            return Making(func, args, keywords, None, arguments, *around)
    return None


def _note(frame: Frame, state: State, making: Making, node: tree.Call, result: Value) -> None:
    place = frame.place_of(node)
    made = any(isinstance(option, Coroutine) and option.origin == place for option in options(result))
    activity = frame.note(Activity)
    if made or isinstance(result, Generator):
        activity.making[place] = making
    if activity.uses is not None:
        activity.uses.update(holders.sessions_of(frame, state, making))


# --- what runs at the same time ------------------------------------------------------------------


def _consumed(
    frame: Frame, state: State, callee: Value, arguments: Arguments, node: tree.Call, result: Value
) -> None:
    name = _name(callee)
    activity = frame.note(Activity)
    place = frame.place_of(node)
    if name in concurrency.GROUPS and isinstance(result, Object):
        activity.groups[result.origin] = len(frame.enclosing_loops), {}
    elif name in concurrency.GATHERS or (
        isinstance(callee, Function) and any(map(holders.holds_any, arguments.values())) and _gathers(callee)
    ):
        makings = {place: activity.making[place] for place in _given_coroutines(frame, arguments, node)
                   if place in activity.making}  # fmt: skip
        _share(frame, state, makings, len(frame.enclosing_loops), node)
    elif name in concurrency.STARTS and arguments.args:
        _join_group(frame, state, callee, arguments, node)
    elif name in concurrency.TASKS and isinstance(result, Object):
        _start(frame, state, place, arguments, node)
    elif any(map(holders.holds_any, arguments.args)):
        _collect(frame, arguments, node.func)
    if activity.tasks and name not in concurrency.TASKS:
        _mind_tasks(frame, callee, arguments, node.func)
    later = concurrency.LATER.get(name)
    if later is None and isinstance(callee, Member):
        later = next((kind for known, kind in concurrency.LATER.items() if _is_member(callee, known)), None)
    if later is not None:
        _later(frame, state, later, arguments, node)


def _collect(frame: Frame, arguments: Arguments, func: Expr) -> None:
    """Coroutines are put into a list that a variable holds."""
    match func:
        case tree.Attr(value=tree.Name(id=name), name="append" | "add" | "extend"):
            added = {coroutine.origin: None for value in arguments.args for coroutine in held(value)}
            frame.note(Activity).lists.setdefault(name, {}).update(added)


def _name(callee: Value) -> str:
    if isinstance(callee, Library):
        return callee.dotted
    return f"{callee.receiver.type}.{callee.name}" if isinstance(callee, Member) else ""


def _is_member(callee: Member, known: str) -> bool:
    owner, _, name = known.rpartition(".")
    return callee.name == name and is_subtype(callee.receiver.type, owner)


def _gathers(function: Function) -> bool:
    """Whether a function of the project runs what it is given at the same time."""
    return any(
        isinstance(inner, tree.Call) and dotted(inner.func).rpartition(".")[2] in concurrency.WORDS
        for inner in nodes_in(function.node.body)
    )


def _given_coroutines(frame: Frame, arguments: Arguments, node: tree.Call) -> Iterator[Place]:
    for value in arguments.values():
        for coroutine in held(value):
            yield coroutine.origin
    for written in node.args:
        inner = written.value if isinstance(written, tree.Starred) else written
        if isinstance(inner, tree.Name):
            yield from frame.note(Activity).lists.get(inner.id, ())


def _share(
    frame: Frame, state: State, makings: dict[Place, Making], depth: int, node: tree.Call, text: str = ""
) -> None:
    """Say so where two of some coroutines that run at the same time use one session."""
    seen: dict[Session, list[Making]] = {}
    for making in makings.values():
        inner = making.repeats[depth:]
        for session in holders.sessions_of(frame, state, making):
            if any(session[0] in _bound_in(loop) for loop in inner):
                continue  # each of them has its own
            others = seen.setdefault(session, [])
            if inner or any(not _exclusive(making.branches, other.branches) for other in others):
                frame.emit_event(SessionShared(*frame.at(node), text or spoken(node.func), _said(session)))
                return
            others.append(making)


def _said(session: Session) -> str:
    return holders.path_of(*session)


def _exclusive(left: Iterable[tuple[int, int, str]], right: Iterable[tuple[int, int, str]]) -> bool:
    """Whether two places lie on different sides of one condition."""
    sides = {(line, col): side for line, col, side in left}
    return any(sides.get((line, col), side) != side for line, col, side in right)


def _bound_in(loop: object) -> frozenset[str]:
    """The names that each pass of a loop (or comprehension) binds anew."""
    if isinstance(loop, tree.Comp):
        return frozenset(name for part in loop.loops for name in target_names(part.target))
    if isinstance(loop, (tree.For, tree.While)):
        own = target_names(loop.target) if isinstance(loop, tree.For) else ()
        return frozenset((*own, *(name for inner in flat(loop.body) for name in bound_names(inner))))
    return frozenset()


def _join_group(frame: Frame, state: State, callee: Value, arguments: Arguments, node: tree.Call) -> None:
    """A task group gets a coroutine, or a function with its arguments."""
    assert isinstance(callee, Member)
    activity = frame.note(Activity)
    key = callee.receiver.origin or dotted(node.func)
    depth, makings = activity.groups.setdefault(key, (len(frame.enclosing_loops), {}))
    before = dict(makings)
    first = arguments.args[0]
    added = {c.origin: activity.making[c.origin] for c in held(first) if c.origin in activity.making}
    later = _handed(frame, arguments, node) if not added else None
    if later is not None:
        added[frame.place_of(node)] = later
    makings.update(added)
    if added and (makings != before or any(making.repeats[depth:] for making in added.values())):
        _share(frame, state, makings, depth, node)


def _handed(frame: Frame, arguments: Arguments, node: tree.Call) -> Making | None:
    """A function that is passed with its arguments, as the call that it will be."""
    if not node.args or isinstance(node.args[0], tree.Starred):
        return None
    rest = Arguments(arguments.args[1:], arguments.keywords, arguments.opaque)
    written = tree.Call(
        node.line, node.col, node.args[0], node.args[1:],
        [keyword for keyword in node.keywords if keyword.name not in ("name", "content", "background")],
    )  # fmt: skip
    function = arguments.args[0]
    if isinstance(function, Function) and not function.is_async and not function.is_generator:
        return None  # it runs in a thread, or does nothing with an async session
    return _making(frame, function, rest, written)


def _start(frame: Frame, state: State, place: Place, arguments: Arguments, node: tree.Call) -> None:
    """A task of its own: at the same time as those that were started before and not awaited yet."""
    activity = frame.note(Activity)
    makings = [activity.making[c.origin] for value in arguments.args[:1] for c in held(value)
               if c.origin in activity.making]  # fmt: skip
    sessions = frozenset[Session]().union(*(holders.sessions_of(frame, state, making) for making in makings))
    branches = tuple(frame.branches)
    repeated = [loop for loop in frame.enclosing_loops if isinstance(loop, tree.Comp)]
    for session in sorted(sessions):
        bound = any(session[0] in _bound_in(loop) for loop in frame.enclosing_loops)
        beside = any(
            session in task.sessions
            and not task.is_over
            and not _exclusive(task.branches, branches)
            and (task.place != place or (task.lap != frame.iteration and not bound))
            for task in activity.tasks
        )
        if beside or (repeated and not bound):
            frame.emit_event(SessionShared(*frame.at(node), spoken(node.func), _said(session)))
            break
    activity.tasks.append(Started(place, sessions, branches, frame.iteration, spoken(node.func)))


def _tasks_in(value: Value) -> Iterator[Object]:
    for option in options(value):
        if isinstance(option, Object) and option.type in _TASKS:
            yield option
            for _, inner in option.arguments:
                yield from _tasks_in(inner)
        elif isinstance(option, Collection):
            for item in option.items if option.items is not None else (option.item,):
                yield from _tasks_in(item)


def _mind_tasks(frame: Frame, callee: Value, arguments: Arguments, func: Expr) -> None:
    """A task that is passed on may be awaited by others; one that is only kept is not."""
    if isinstance(callee, Member) and callee.receiver.type in _TASKS:
        for task in frame.note(Activity).tasks:
            if task.place == callee.receiver.origin:
                task.is_kept |= callee.name == "add_done_callback"
                task.is_over |= callee.name == "cancel"
    elif not isinstance(func, tree.Attr) or func.name != "add":
        for value in arguments.values():
            over(frame, value)


# --- what runs later ---------------------------------------------------------------------------


def _later(frame: Frame, state: State, kind: str, arguments: Arguments, node: tree.Call) -> None:
    """A function (or stream) that runs when the request is over."""
    if kind == "stream":
        written = (
            node.args[0]
            if node.args
            else next((keyword.value for keyword in node.keywords if keyword.name == "content"), None)
        )
        call = holders.assigned_to(frame, written) if written is not None else None
        making = (
            frame.note(Activity).making.get(Place(frame.path, call.line, call.col))
            if isinstance(call, tree.Call)
            else None
        )
    else:
        making = _handed(frame, arguments, node) if arguments.args else None
    if making is not None:
        for session in sorted(holders.sessions_of(frame, state, making)):
            _outlive(frame, session, kind, spoken(node.func), frame.at(node))


def _left_alone(frame: Frame, task: Started) -> None:
    path, line, col = task.place
    for session in sorted(task.sessions):
        _outlive(frame, session, "task", task.text, (path, line, col, frame.qualname))


def _outlive(frame: Frame, session: Session, kind: str, text: str, place: tuple[str, int, int, str]) -> None:
    """Say so where a session is closed before it is used, or may be."""
    name, path = session
    params = frame.node.params if frame.node is not None else []
    if name in frame.note(Activity).opened and not path:
        closed_by = "block"
    elif any(name == param.name for param in params) and (kind != "task" or frame.role):
        closed_by = "request"
    else:
        return
    older = frame.ctx.project.requirements_of(frame.path).may_be_below("fastapi", (0, 118))
    frame.emit_event(SessionOutlives(*place, text, _said(session), kind, closed_by, older))
