"""Routes that leave a session to be rolled back, although a dependency commits it after them."""

from __future__ import annotations

from flake8_async_fastapi.domains.fastapi.routes import ROUTE
from flake8_async_fastapi.domains.session_scope import holders, left_loops, providers, requests_before
from flake8_async_fastapi.domains.session_scope.events import TransactionMisused
from flake8_async_fastapi.domains.session_scope.transaction_state import Transactions
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.places import Position
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.values import Arguments, Function, Object, Value
from flake8_async_fastapi.facts import tree


def report_at_end(frame: Frame) -> None:
    """Report the paths that reach the end of a route without a ``return``."""
    body = frame.node.body if frame.role == ROUTE and isinstance(frame.node, tree.FunctionDef) else []
    for state in frame.ends if body else ():  # one without a body only has a docstring
        _report(frame, state, Position(body[-1].line, body[-1].col), is_at_end=True)


def report_at_return(frame: Frame, value: Value, place: Position) -> None:
    """Report a path of a route that returns."""
    if frame.role == ROUTE:
        _report(frame, frame.state, place)


def _report(frame: Frame, state: State, place: Position, *, is_at_end: bool = False) -> None:
    """Report the sessions of which a flush failed on a path, and which a dependency commits."""
    known: Transactions | None = state.parts.get(Transactions)
    if known is None:
        return
    for session, failure in sorted(known.failed):
        owner = holders.value_of_text(frame, session)
        if failure == "timed out" or not isinstance(owner, Object) or owner.origin is None:
            continue
        maker = providers.function_around(frame.ctx, owner.origin)
        if left_loops.is_inside(frame, owner.origin):
            continue  # a return leaves the loop, and the generator does not go on
        if maker is not None and _commits_late(frame, maker):
            in_block = requests_before.is_given_in_block(frame, owner.origin)
            what = "end of the block in" if in_block else "commit of"
            text, since = f"the {what} {maker.name}()", known.line_of(session, failure)
            if is_at_end and since is not None and since.path == frame.path:
                place = Position(since.line, 0)
            at = (frame.path, *place, frame.qualname)
            frame.emit_event(TransactionMisused(*at, text, session, failure, since, in_block, in_block))


def _commits_late(frame: Frame, dependency: Function) -> bool:
    """Whether a generator function may commit after its ``yield``."""
    effects = requests_before.effects_of(frame.ctx, dependency, Arguments())
    return dependency.is_generator and any(effect.commits_late for effect in effects)
