"""Statements that are not what they seem: without rows to fetch, or with a condition that Python decides.

Source: docs/behaviour.md#results.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from flake8_async_fastapi.domains.orm.events import StatementMisused
from flake8_async_fastapi.domains.orm.objects.heap import Instances
from flake8_async_fastapi.domains.orm.statements.queries import FetchedResult, MappedAttribute, Query
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.machine import expressions
from flake8_async_fastapi.engine.places import Place, Spot
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.text import for_message
from flake8_async_fastapi.engine.values import Const, Object, Value, alternatives
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import dotted
from flake8_async_fastapi.knowledge.transactions import WRITING_WORDS

CONDITIONS: Final = frozenset({"where", "filter", "having"})
"""Methods of a statement that take conditions."""
_JOINING: Final = frozenset({"and_", "or_", "not_"})
_DECIDED: Final = frozenset({"is", "is not", "in", "not in"})
_TESTS: Final = frozenset({"is_", "is_not", "isnot", "in_", "not_in", "notin_", "like", "ilike", "between"})
_RESULTS: Final = frozenset(
    f"sqlalchemy.engine.{name}" for name in ("CursorResult", "MappingResult", "Result", "ScalarResult")
)
_FETCHES: Final = frozenset({
    "all", "fetchall", "fetchmany", "fetchone", "first", "keys", "mappings", "one", "one_or_none",
    "partitions", "scalar", "scalar_one", "scalar_one_or_none", "scalars", "tuples",
})  # fmt: skip


def query_of_text(statement: Object) -> Query | None:
    """The query of ``text("UPDATE ...")``, which returns no rows; None if nothing is known of it."""
    text = statement.argument("0") or statement.argument("text")
    known = text.value if isinstance(text, Const) and isinstance(text.value, str) else ""
    words = known.lower().strip(" \n;")
    changes = statement.type == "sqlalchemy.TextClause" and words.startswith(WRITING_WORDS)
    return Query(()) if changes and not any(word in words for word in ("returning", ";")) else None


def report_fetch(frame: Frame, fetch: FetchedResult, name: str) -> None:
    """Report a method that fetches rows of a statement that returns none."""
    node = frame.current_call
    is_first = fetch.shape == "rows"  # `scalars()` fails before `all()` does
    if frame.emit and node is not None and is_first and name in _FETCHES and fetch.query.items == ():
        sent = Spot(*fetch.origin)
        frame.emit_event(StatementMisused(*frame.at(node), "no rows", for_message(node.func), sent))


def report_read_again(frame: Frame, fetch: FetchedResult, place: Place | None = None) -> None:
    """Report that rows are fetched from a result of which all were fetched before, or which was closed."""
    node = frame.current_call
    if place is None and node is not None:
        place = frame.place_of(node)
    if place is not None:
        sent = Spot(*fetch.origin)
        frame.emit_event(StatementMisused(*place, frame.qualname, "read again", "the result", sent))


def report_closed(frame: Frame, fetch: FetchedResult, place: Place) -> None:
    """Report that rows are fetched from a stream of objects whose session was closed after it was made."""
    steps = frame.state.part(Instances).session_effects
    last = next((step.kind for step in reversed(steps) if step.session == fetch.session), "")
    if last == "close" and any(entity is not None for entity in fetch.query.items or ()):
        sent = Spot(*fetch.origin)
        frame.emit_event(StatementMisused(*place, frame.qualname, "closed", "the stream", sent))


def report_tested(frame: Frame, node: tree.If, outcome: bool, entering: list[State]) -> None:
    """Report ``if result is None:`` and the like: a result is never None, and never false."""
    if not frame.emit:
        return
    name, holds = _presence_tested(node.test)
    if not name or outcome == holds or not (node.body if outcome else node.orelse):
        return  # it runs, or it does nothing
    held = [path.get(name) for path in (frame.state, *entering)]
    if all(value is not None and all(map(_is_result, alternatives(value))) for value in held):
        frame.emit_event(StatementMisused(*frame.at(node.test), "always true", name))


def _presence_tested(test: Expr) -> tuple[str, bool]:
    """The variable of which a condition asks whether there is a value, and whether it holds if there is."""
    match test:
        case tree.Unary(op="not", value=inner):
            name, holds = _presence_tested(inner)
            return name, not holds
        case tree.Compare(left=tree.Name(id=name), ops=["is" | "is not"], rights=[tree.Const(value=None)]):
            return name, test.ops == ["is not"]
        case tree.Name(id=name):
            return name, True
    return "", False


def _is_result(value: Value) -> bool:
    return isinstance(value, Object) and value.type in _RESULTS and isinstance(value.detail, FetchedResult)


def report_conditions(frame: Frame) -> None:
    """Report conditions of the current call, such as ``where()``, that Python decides: ``column is None``."""
    if frame.emit and frame.current_call is not None:
        for written, operator, text in _decided(frame, frame.current_call.args):
            frame.emit_event(StatementMisused(*frame.at(written), "decided", text, operator=operator))


def _decided(frame: Frame, conditions: Sequence[Expr]) -> Iterator[tuple[Expr, str, str]]:
    """The conditions that are decided before the statement is made, each with its operator and as text."""
    for written in conditions:
        match written:
            case tree.Call(func=function, args=args) if dotted(function).rpartition(".")[2] in _JOINING:
                yield from _decided(frame, args)
            case tree.Compare(left=left, ops=[operator, *_]) if operator in _DECIDED:
                if _is_column(frame, left):
                    yield written, operator, f"{for_message(left)} {operator} ..."
            case tree.Unary(op="not", value=value) if _is_condition(frame, value):
                yield written, "not", "not ..."
            case tree.BoolOp(op=operator, values=[*tested, _]):
                if any(_is_condition(frame, value) for value in tested):
                    yield written, operator, f"... {operator} ..."


def _is_condition(frame: Frame, written: Expr) -> bool:
    """Whether an expression is a mapped column, or compares one."""
    match written:
        case tree.Compare(left=left, ops=[operator]) if operator not in _DECIDED:
            return _is_column(frame, left)
        case tree.Call(func=tree.Attr(value=column, name=name)) if name in _TESTS:
            return _is_column(frame, column)
    return _is_column(frame, written)


def _is_column(frame: Frame, written: Expr) -> bool:
    """Whether an expression names an attribute of a model's class."""
    if not isinstance(written, tree.Attr) or not dotted(written):
        return False
    value: Value = expressions.evaluate(frame, frame.state, written)
    return isinstance(value, Object) and isinstance(value.detail, MappedAttribute)
