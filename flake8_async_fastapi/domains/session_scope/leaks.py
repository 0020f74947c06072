"""Sessions that a function opens for itself and leaves while they hold a connection."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from flake8_async_fastapi.domains.database.events import SessionLeftOpen
from flake8_async_fastapi.domains.database.factories import OpenedSessions
from flake8_async_fastapi.domains.database.sessions import is_surely_session
from flake8_async_fastapi.domains.session_scope.connection_state import ConnectionNotes, Connections
from flake8_async_fastapi.domains.session_scope.keys import sessions_among
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.machine import functions, names
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.text import for_message
from flake8_async_fastapi.engine.values import NONE, Arguments, Function, Generator, Value
from flake8_async_fastapi.engine.watches import Watch
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.walk import dotted, flat, nodes_in
from flake8_async_fastapi.knowledge.transactions import ENDS
from flake8_async_fastapi.project.modules import is_test

_NEXT: Final = frozenset({"anext", "__anext__"})


def report_left_open(frame: Frame) -> None:
    """Report a path that returns while a session known only to the function holds a connection."""
    function, opened = frame.node, frame.notes.get(OpenedSessions)
    if opened is None or not isinstance(function, tree.FunctionDef) or function.is_generator:
        return
    left = {place for place in _left_at_returns(frame) if place in opened.calls}
    if not left or shares_variables(function) or _ends_finally(function):
        return
    for place in sorted(left - frame.notes_of(ConnectionNotes).loose):
        call = opened.calls[place]
        if not _is_kept(function, call):
            frame.emit_event(SessionLeftOpen(*frame.at(call), for_message(call), "helper"))


def report_returned_closed(frame: Frame) -> None:
    """Say so where a function returns a session out of the block that closes it."""
    function, opened = frame.node, frame.notes.get(OpenedSessions)
    if opened is None or not isinstance(function, tree.FunctionDef) or function.is_generator:
        return
    for block in flat(function.body):
        if isinstance(block, tree.With):
            names = {
                item.target.id
                for item in block.items
                if isinstance(item.target, tree.Name) and frame.place_of(item.context) in opened.calls
            }
            if names and shares_variables(function):
                return
            for node in flat(block.body) if names else ():
                given = node.value if isinstance(node, tree.Return) else None
                if isinstance(given, tree.Name) and given.id in names:
                    frame.emit_event(SessionLeftOpen(*frame.at(given), given.id, "closed"))


def _is_kept(function: tree.FunctionDef, call: tree.Call) -> bool:
    """Whether other code may have the session that a call created: it is stored or passed somewhere."""
    nodes = list(nodes_in(function.body))
    assigned = [node for node in nodes if isinstance(node, tree.Assign) and node.value is call]
    variables = {target.id for node in assigned for target in node.targets if isinstance(target, tree.Name)}
    if not variables:
        return True
    uses: list[object] = [node.value for node in nodes if isinstance(node, tree.Attr)]
    for node in nodes:
        if isinstance(node, tree.Await) and isinstance(node.value, tree.Call):  # it ends when that ends
            uses += [*node.value.args, *(keyword.value for keyword in node.value.keywords)]
        elif isinstance(node, tree.Assign):
            uses += node.targets
    seen = {id(node) for node in uses}
    return any(
        isinstance(node, tree.Name) and node.id in variables and id(node) not in seen for node in nodes
    )


def _left_at_returns(frame: Frame) -> Iterator[Place]:
    """The sessions that hold a connection at the end, or at a ``return`` that does not return them."""
    ends = [(NONE, state) for state in frame.ends if not is_test(frame.path)]
    for value, state in [*zip(frame.returns, frame.exits, strict=True), *ends]:
        given = set(sessions_among([value, *state.attributes.values()]))
        yield from state.part(Connections).held - given


def shares_variables(function: tree.FunctionDef) -> bool:
    """Whether unknown code may have access to the variables of a function."""
    shared = (tree.FunctionDef, tree.Lambda, tree.ClassDef, tree.Scope)
    return any(isinstance(node, shared) for node in nodes_in(function.body))


def _ends_finally(function: tree.FunctionDef) -> bool:
    """Whether a ``finally`` of a function ends the transaction of a session, or closes one."""
    return any(
        isinstance(inner, tree.Attr) and inner.name in (*ENDS, "close_all", "remove")
        for node in nodes_in(function.body)
        if isinstance(node, tree.Try)
        for inner in nodes_in(node.final)
    )


def report_taken_from_generator(
    frame: Frame, callee: Value, arguments: Arguments, node: tree.Call, result: Value
) -> None:
    """Report a session taken from a generator that nobody can close any more."""
    func = node.func
    name = func.name if isinstance(func, tree.Attr) else func.id if isinstance(func, tree.Name) else ""
    if name not in _NEXT:
        return
    made = func.value if isinstance(func, tree.Attr) else node.args[0] if node.args else None
    if isinstance(made, tree.Call):
        function = names.dotted_value(frame.ctx, frame.path, dotted(made.func))
        gives = (
            functions.quiet_result(frame, function, Arguments()) if isinstance(function, Function) else None
        )
        if isinstance(gives, Generator) and is_surely_session(frame.ctx, gives.item):
            frame.emit_event(SessionLeftOpen(*frame.at(node), for_message(node), "anext"))


CALLS: Final = Watch(
    report_taken_from_generator,
    methods=_NEXT,
    functions=frozenset({"builtins.anext"}),
    unknown=_NEXT,
    checked=True,
)
