"""Objects of one request that have nothing to do with each other.

The user who sends a request is not the author of every post that requests can name, unless the code sees to
it: by a condition of the query, by a comparison, or by a function that gets both. Source:
docs/behaviour.md#fastapi-functions.
"""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.orm.objects.heap import instances_of, reachable
from flake8_async_fastapi.domains.orm.objects.own_sessions import OwnSessions
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.values import Instance, Location, Object
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Stmt
from flake8_async_fastapi.facts.walk import all_nodes, bound_names, flat, names_in
from flake8_async_fastapi.project.modules import is_test


def are_strangers(frame: Frame, one: Location, other: Location) -> bool:
    """Whether a route got two objects without any tie between them: neither led to the other.

    A dependency that takes what the route asks for by may have compared them.
    """
    own: OwnSessions | None = frame.notes.get(OwnSessions)
    node = frame.node
    if own is None or own.called_before is None or not isinstance(node, tree.FunctionDef):
        return False
    if is_test(frame.path):
        return False
    told = _told_by(frame, _holders(frame, one), node.body)
    holders = _holders(frame, other)
    if holders:
        led = _leading_to(holders, node.body)
    else:  # it is made where it is returned
        led = {name for part in flat(node.body) if isinstance(part, tree.Return) for name in names_in(part)}
    if led & told:
        return False
    data = {param.name for param in node.params if _is_data(frame, param.name)}
    asked = holders | (led & data)
    for part in all_nodes(node.body):
        if isinstance(part, (tree.Compare, tree.Call)):
            mentioned = set(names_in(part))
            if mentioned & told and mentioned & asked:
                return False
    return not any(param.name in asked for before in own.called_before() for param in before.node.params)


def _is_data(frame: Frame, name: str) -> bool:
    """Whether a parameter is no session and no object of one."""
    value = frame.state.env.get(name)
    return not isinstance(value, Object) and not (isinstance(value, Instance) and value.location is not None)


def _holders(frame: Frame, at: Location) -> set[str]:
    """The variables that lead to an object."""
    objects, state = instances_of(frame.state), frame.state
    return {
        path.partition(".")[0]
        for path, value in (*state.env.items(), *state.attributes.items())
        if at in reachable(objects, [value])
    }


def _told_by(frame: Frame, names: set[str], body: list[Stmt]) -> set[str]:
    """Some names, and those that are told from them, in whatever order the code runs."""
    return _closure(names, [(sources, targets) for targets, sources in _steps(frame, body)])


def _leading_to(names: set[str], body: list[Stmt]) -> set[str]:
    """Some names, and those from which they are told."""
    return _closure(names, list(_steps(None, body)))


def _closure(names: set[str], steps: list[tuple[set[str], set[str]]]) -> set[str]:
    """Some names, with all to which steps lead from them: each from any of its first to its second ones."""
    found = set(names)
    while any(start & found and not end <= found for start, end in steps):
        for start, end in steps:
            if start & found:
                found |= end
    return found


def _steps(frame: Frame | None, body: list[Stmt]) -> Iterator[tuple[set[str], set[str]]]:
    """The names that each statement binds, or whose objects it changes, with the names that it mentions."""
    for statement in flat(body):
        targets = set(bound_names(statement))
        if targets:
            yield targets, set(names_in(_heading(statement)))
        for part in all_nodes(_heading(statement)):
            if isinstance(part, tree.Walrus):
                yield {part.target}, set(names_in(part.value))
        if not isinstance(statement, tree.ExprStmt):
            continue
        for call in all_nodes(statement):
            written = call.func if isinstance(call, tree.Call) else None
            receiver = written.value if isinstance(written, tree.Attr) else None
            if isinstance(call, tree.Call) and isinstance(receiver, tree.Name):
                held = frame.state.env.get(receiver.id) if frame is not None else None
                if held is not None and not isinstance(held, Object):  # such as a session
                    yield {receiver.id}, set(names_in([call.args, call.keywords]))


def _heading(statement: Stmt) -> object:
    """The part of a statement that its names are bound by."""
    if isinstance(statement, tree.For):
        return statement.iter
    if isinstance(statement, tree.With):
        return statement.items
    if isinstance(statement, (tree.If, tree.While)):
        return statement.test
    return statement.value if isinstance(statement, tree.Assign) else statement
