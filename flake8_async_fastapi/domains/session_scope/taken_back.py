"""Rollbacks after an error that take back more than what failed.

``rollback()`` takes back the whole transaction: also what earlier passes of a loop wrote, and what the caller
of a helper wrote. Source: docs/behaviour.md#transactions.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from flake8_async_fastapi.domains.session_scope import providers
from flake8_async_fastapi.domains.session_scope.events import WritesTakenBack
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.text import for_message
from flake8_async_fastapi.engine.values import Arguments, Member, Value
from flake8_async_fastapi.engine.watches import Watch
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Stmt
from flake8_async_fastapi.facts.walk import bound_names, dotted, flat, nodes_in, target_names
from flake8_async_fastapi.knowledge.transactions import is_session_type
from flake8_async_fastapi.project.modules import is_test

_APART = frozenset({"begin", "begin_nested", "commit"})


def report_taken_back(
    frame: Frame, callee: Value, arguments: Arguments, node: tree.Call, result: Value
) -> None:
    """Report a handler in a loop that rolls back what earlier passes flushed, and goes on."""
    if not isinstance(callee, Member) or not is_session_type(callee.receiver.type):
        return
    if not frame.enclosing_loops or is_test(frame.path):
        return
    loop, session = (
        frame.enclosing_loops[-1],
        dotted(node.func.value) if isinstance(node.func, tree.Attr) else "",
    )
    if not session or not isinstance(loop, tree.For) or not _keeps_session(loop, session):
        return
    for attempt in flat(loop.body):
        if isinstance(attempt, tree.Try) and any(_goes_on(handler, node) for handler in attempt.handlers):
            flushed = next(_flushes(attempt.body, session), None)
            if flushed is not None and not attempt.final and providers.commits_anywhere(frame.ctx):
                since = frame.place_of(flushed).spot
                frame.emit_event(WritesTakenBack(*frame.at(node), for_message(node), since))
            return


def _goes_on(handler: tree.Handler, node: tree.Call) -> bool:
    """Whether a handler that a call stands in goes on with the next pass."""
    if not any(inner is node for inner in nodes_in(handler.body)):
        return False
    return not any(isinstance(inner, (tree.Raise, tree.Return)) for inner in nodes_in(handler.body))


def _keeps_session(loop: tree.For, session: str) -> bool:
    """Whether all passes of a loop work in one transaction of a session that was there before."""
    root = session.partition(".")[0]
    if root in {*target_names(loop.target), *(name for one in flat(loop.body) for name in bound_names(one))}:
        return False
    return not any(_ends_pass(inner) for inner in nodes_in(loop.body))


def _ends_pass(node: object) -> bool:
    match node:
        case tree.Attr(name=name):
            return name in _APART
        case tree.Jump(word=word):
            return word == "break"
        case tree.Return():
            return True
    return False


def _flushes(body: list[Stmt], session: str) -> Iterator[tree.Call]:
    for node in nodes_in(body):
        match node:
            case tree.Call(func=tree.Attr(value=owner, name="flush")) if dotted(owner) == session:
                yield node


CALLS: Final = Watch(report_taken_back, methods=frozenset({"rollback"}), checked=True)
