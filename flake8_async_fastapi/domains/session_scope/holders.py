"""The sessions that a call works with: its arguments, and those held by its arguments.

A session is identified by the variable that holds it in the current function (``session``, or ``self`` with
``session``), followed through assignments and through objects that are built from it. To find which
parameters a function does database work on, it is run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from flake8_async_fastapi.domains.database import sessions
from flake8_async_fastapi.domains.session_scope import built, managers
from flake8_async_fastapi.domains.session_scope.activity import Activity, Creation, Session, Use
from flake8_async_fastapi.domains.session_scope.optional_sessions import is_dispensable
from flake8_async_fastapi.engine import renaming
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.machine import attributes, classes, names, statements, summaries
from flake8_async_fastapi.engine.values import (
    UNKNOWN,
    Arguments,
    ClassValue,
    Function,
    Instance,
    Unknown,
    Value,
    alternatives,
)
from flake8_async_fastapi.engine.walks import held_coroutines, holds_coroutine
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import bound_names, dotted, flat

_FARTHEST: Final = 6
"""Assignments followed to the variable that holds a session."""


def sessions_of(frame: Frame, creation: Creation) -> frozenset[Session]:
    """The sessions that a coroutine uses, as held by the function that creates it."""
    if creation.function is None:
        used = creation.func.value if isinstance(creation.func, tree.Attr) else creation.func
        own = holder_of(frame, used)
        return frozenset({_plain_holder(frame, own)} if own else ())
    sessions: set[Session] = set()
    ways = (
        session_uses(frame.ctx, creation.function, creation.arguments)
        if _may_use(frame.ctx, creation)
        else ()
    )
    for kind, name, path in ways:
        at, _, rest = path[1:].partition("]") if path.startswith("[") else ("", "", path)
        holder = _session_given(frame, creation, kind, name, int(at) if at else 0)
        if holder is None:
            continue
        held = _plain_holder(frame, (holder[0], join_path(holder[1], rest.strip("."))))
        use = (kind, name, path)
        if not is_dispensable(frame, creation.function, creation.arguments, use, held):
            sessions.add(held)
    for value in creation.arguments.values():  # a wrapper awaits its argument
        for coroutine in held_coroutines(value):
            inner = frame.notes_of(Activity).creations.get(coroutine.origin)
            if inner is not None and inner is not creation:
                sessions |= sessions_of(frame, inner)
    return frozenset(sessions)


def _may_use(ctx: Context, creation: Creation) -> bool:
    """Whether a function gets anything that can lead to a session: a quick test before it is run."""
    function = creation.function
    if function is None or any(isinstance(written, tree.Starred) for written in creation.args):
        return True
    if function.closure is not None or any(map(holds_coroutine, creation.arguments.values())):
        return True
    given = [*creation.arguments.values(), *([function.receiver] if function.receiver is not None else [])]
    return any(_leads_to_session(ctx, alternative) for value in given for alternative in alternatives(value))


def _leads_to_session(ctx: Context, value: Value) -> bool:
    if sessions.is_surely_session(ctx, value):
        return True
    if isinstance(value, Instance):
        if any(sessions.is_surely_session(ctx, inner) for _, inner in value.attributes or ()):
            return True
        return ctx.query(("has session", value.cls), lambda: _has_session(ctx, value.cls), False)
    return False


def _has_session(ctx: Context, cls: ClassValue) -> bool:
    """Whether instances of a class have a session, or an object that has one."""
    mine = Instance(cls)
    return any(
        _leads_to_session(ctx, alternative)
        for name in sorted(classes.assigned_names(ctx, cls))
        for alternative in alternatives(classes.instance_attribute(ctx, mine, name))
    )


def session_uses(ctx: Context, function: Function, arguments: Arguments) -> frozenset[Use]:
    """The arguments through which a function gets the sessions that it does database work on."""
    function, given = renaming.call_without_identity(ctx, function, arguments)
    bound = summaries.bind_arguments(ctx, function, given)
    nothing: frozenset[Use] = frozenset()
    return ctx.query(("uses", function, bound), lambda: frozenset(_find_uses(ctx, function, bound)), nothing)


def _find_uses(ctx: Context, function: Function, bound: summaries.Bound) -> Iterator[Use]:
    node = function.node
    if not isinstance(node, tree.FunctionDef) or node.is_stub:
        return
    frame, state = summaries.enter_function(ctx, function, bound)
    activity = frame.notes_of(Activity)
    found: set[tuple[str, str]] = set()
    activity.uses = found
    statements.run_statements(frame, node.body, [state])
    if activity.takes_turns:
        return
    own = {name for statement in flat(node.body) for name in bound_names(statement)}
    for name, path in sorted(found):
        if name == frame.receiver_name:
            yield "receiver", name, path
        elif any(name == param.name for param in node.params):
            yield "parameter", name, path
        elif function.closure is not None and name not in own and name in function.closure.env:
            yield "closure", name, path


def note_manager(frame: Frame, context: Expr, value: Value) -> None:
    """Note what a manager that is entered sets: a unit of work opens its session then, and not before."""
    activity = frame.notes_of(Activity)
    if activity.uses is None or not isinstance(context, (tree.Name, tree.Attr)):
        return
    if isinstance(assigned_expression(frame, context), tree.Call):
        return  # made here, so it leads to nothing that the function got
    holder = holder_of(frame, context)
    params = frame.node.params if frame.node is not None else ()
    is_given = holder is not None and any(holder[0] == param.name for param in params)
    for manager in alternatives(value):
        names = managers.set_on_entry(frame.ctx, manager) if isinstance(manager, Instance) else frozenset()
        activity.enters_unknown |= isinstance(manager, Unknown) or (bool(names) and not is_given)
        activity.entered.update((holder[0], join_path(holder[1], name)) for name in names if holder)


def note_used(activity: Activity, found: Iterable[Session]) -> None:
    """Note sessions that are used, but for those that a manager opened in the same run, or may have."""
    for name, path in found if activity.uses is not None else ():
        is_set_here = any(
            name == owner and f"{path}.".startswith(f"{attribute}.") for owner, attribute in activity.entered
        )
        way = path.partition("]")[2].strip(".") if path.startswith("[") else path
        may_be_set_here = activity.enters_unknown and "." in way
        if activity.uses is not None and not is_set_here and not may_be_set_here:
            activity.uses.add((name, path))


def _session_given(frame: Frame, creation: Creation, kind: str, name: str, offset: int) -> Session | None:
    """The expression at a call that holds a session which the function gets.

    ``offset`` is the position in ``*args`` for a parameter that takes the rest.
    """
    assert creation.function is not None
    if kind == "receiver":
        return holder_of(frame, creation.func.value) if isinstance(creation.func, tree.Attr) else None
    if kind == "closure":
        return holder_of(frame, tree.Name(0, 0, name)) if name in frame.state.env else None
    params = list(creation.function.node.params)
    if creation.function.receiver is not None and params and params[0].kind in ("pos", "any"):
        params.pop(0)
    elif creation.function.receiver is not None and params and params[0].name == name:
        if not offset:  # a wrapper gets the object itself as the first of its `*args`
            return holder_of(frame, creation.func.value) if isinstance(creation.func, tree.Attr) else None
        offset -= 1
    place = next((at + offset for at, param in enumerate(params) if param.name == name), None)
    for keyword, written in creation.keywords:
        if keyword == name:
            return holder_of(frame, written)
    for at, written in enumerate(creation.args):
        if isinstance(written, tree.Starred):  # the arguments of a wrapper, passed on
            rest = dotted(written.value)
            own = frame.node.params if frame.node is not None else []
            takes_rest = any(param.kind == "*" and param.name == rest for param in own)
            if takes_rest and place is not None and place >= at:
                return rest, f"[{place - at}]"
            return _only_session(frame)
        if at == place:
            return holder_of(frame, written)
    return None


def _only_session(frame: Frame) -> Session | None:
    """The only variable that holds a session; None if there are several."""
    found = [name for name, value in frame.state.env.items() if sessions.is_surely_session(frame.ctx, value)]
    return (found[0], "") if len(found) == 1 else None


def holder_of(frame: Frame, node: Expr, depth: int = 0) -> Session | None:
    """The variable, and the attributes from there, that an expression is or is built from."""
    if depth > _FARTHEST:
        return None
    if isinstance(node, tree.Name):
        source = frame.notes_of(Activity).sources.get(node.id)
        if source is not None:
            found = holder_of(frame, source, depth + 1)
            if found is not None:
                return found
        return node.id, ""
    if isinstance(node, tree.Attr):
        found = holder_of(frame, node.value, depth + 1)
        return (found[0], join_path(found[1], node.name)) if found is not None else None
    if isinstance(node, tree.Await):
        return holder_of(frame, node.value, depth + 1)
    if isinstance(node, tree.Call):
        written = [*node.args, *(keyword.value for keyword in node.keywords)]
        holders = {holder_of(frame, part, depth + 1) for part in written if holds_session(frame, part)}
        return holders.pop() if len(holders) == 1 else None
    return None


def holds_session(frame: Frame, node: Expr) -> bool:
    """Whether an expression is a variable that is certainly a session, or an attribute that is."""
    text = dotted(node)
    return bool(text) and sessions.is_surely_session(frame.ctx, value_of_text(frame, text))


def _plain_holder(frame: Frame, session: Session) -> Session:
    """A variable that is a session itself stands for the objects built from it."""
    name, path = session
    owner = value_of_text(frame, name) if path else UNKNOWN
    if path and sessions.is_surely_session(frame.ctx, owner):
        return name, ""
    if isinstance(owner, Instance) and not path.startswith("["):
        return name, built.first_path(frame.ctx, owner.cls, path)
    return session


def value_of_text(frame: Frame, text: str) -> Value:
    """The value of ``a.b.c``, without recording a read."""
    assigned_here = frame.state.get(text)
    if assigned_here is not None:
        return assigned_here
    first, *rest = text.split(".")
    value = names.look_up_name(frame, frame.state, first)
    for name in rest:
        value = attributes.attribute_of(frame.ctx, value, name) if len(alternatives(value)) == 1 else UNKNOWN
    return value


def join_path(left: str, right: str) -> str:
    """Two paths of attributes, or a variable and a path, joined; either may be empty."""
    return f"{left}.{right}".strip(".")


def assigned_expression(frame: Frame, node: Expr) -> Expr | None:
    """The expression assigned to a variable, or the expression itself."""
    return frame.notes_of(Activity).sources.get(node.id) if isinstance(node, tree.Name) else node
