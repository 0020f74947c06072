"""Objects of a list that were all built with one session, as `[Titles(session), Authors(session)]`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from flake8_async_fastapi.domains.database import sessions
from flake8_async_fastapi.domains.session_scope import holders
from flake8_async_fastapi.domains.session_scope.activity import Activity, Session
from flake8_async_fastapi.engine.frame import Frame, class_frame
from flake8_async_fastapi.engine.machine import type_hints
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.values import ClassValue
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import dotted, nodes_in, target_names


def common_session(frame: Frame, loop: object) -> Session | None:
    """The session with which all items of a loop were built; None if it is not known."""
    items = loop.iter if isinstance(loop, tree.For) else None
    items = loop.loops[-1].iter if isinstance(loop, tree.Comp) else items
    if isinstance(items, tree.Name):
        source = frame.notes_of(Activity).sources.get(items.id)
        names = _names_given_to_all(source) if source is not None else ()
        return next(((name, "") for name in sorted(names) if _is_session(frame, name)), None)
    if not isinstance(items, tree.Attr) or not isinstance(frame.owner, ClassValue):
        return None
    is_own = dotted(items) == f"{frame.receiver_name}.{items.name}"
    return _session_of_constructor(frame, frame.owner, items.name) if is_own else None


def _is_session(frame: Frame, name: str) -> bool:
    """Whether a parameter, or a variable that a ``with`` has bound, is a session."""
    params = {param.name for param in frame.node.params} if frame.node is not None else set[str]()
    is_one = name in params | frame.notes_of(Activity).opened
    return is_one and sessions.is_surely_session(frame.ctx, holders.value_of_text(frame, name))


def _session_of_constructor(frame: Frame, cls: ClassValue, name: str) -> Session | None:
    """The session of the constructor with which the items of an attribute were built."""
    for method in cls.node.body:
        if not isinstance(method, tree.FunctionDef) or method.name != "__init__" or not method.params:
            continue
        target = f"{method.params[0].name}.{name}"
        made = [one for one in nodes_in(method.body) if isinstance(one, tree.Assign)]
        sources = [one.value for one in made if target in map(dotted, one.targets)]
        names = _names_given_to_all(sources[0]) if len(sources) == 1 and sources[0] is not None else ()
        for param in method.params:
            if param.name in names and param.annotation is not None:
                value = type_hints.declared_value(class_frame(frame.ctx, cls), State(), param.annotation)
                if sessions.is_surely_session(frame.ctx, value):
                    return f"the session of {frame.receiver_name}", name
    return None


def _names_given_to_all(source: Expr) -> Iterable[str]:
    """The variables that all items of a list get when they are made; none for a list of one."""
    if isinstance(source, tree.Comp):
        bound = {name for part in source.loops for name in target_names(part.target)}
        return set(_names_given(source.items[-1])) - bound
    if not isinstance(source, tree.Display) or len(source.items) < 2:
        return ()
    first, *others = (set(_names_given(item)) for item in source.items)
    return first.intersection(*others)


def _names_given(made: Expr) -> Iterator[str]:
    for written in (*made.args, *(one.value for one in made.keywords)) if isinstance(made, tree.Call) else ():
        if isinstance(written, tree.Name):
            yield written.id
