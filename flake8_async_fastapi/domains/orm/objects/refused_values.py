"""Dictionaries of values that a function gets and writes: ``values(**given)``, and ``setattr()`` in a loop.

Only the caller knows what is in them, so what the driver refuses is told at the call.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from msgspec import Struct, field

from flake8_async_fastapi.domains.orm.events import ValueRefused
from flake8_async_fastapi.engine.effects import AppliedCall, EffectHooks, Ends
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.values import Collection, Value
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import bound_names, dotted, flat, names_in, nodes_in


class RefusedValue(Struct, frozen=True):
    """A call writes a value, out of a dictionary that it gets, which the driver refuses."""

    text: str
    column: str
    kind: str
    driver: str


class _Notes(Struct):
    """The refused values of one run."""

    refused: set[RefusedValue] = field(default_factory=set)


def emit(frame: Frame, written: Expr, refused: RefusedValue) -> None:
    """Report a refused value where it is written, or keep it for the caller that passes its dictionary."""
    if frame.emit:
        frame.emit_event(ValueRefused(*frame.at(written), *_parts_of(refused)))
    elif is_given(frame, written):
        frame.notes_of(_Notes).refused.add(refused)


def is_given(frame: Frame, written: Expr) -> bool:
    """Whether an expression is a parameter that gets a dictionary."""
    params = frame.node.params if frame.node is not None else ()
    name = written.id if isinstance(written, tree.Name) else ""
    return any(param.name == name for param in params) and isinstance(frame.state.get(name), Collection)


def items_set(frame: Frame, node: tree.Call) -> Iterator[tuple[str, Value, Expr]]:
    """The items that ``for name, value in given.items(): setattr(obj, name, value)`` sets one by one."""
    match node.args:
        case [_, tree.Name(id=key), tree.Name(id=item)]:
            loop = frame.enclosing_loops[-1] if frame.enclosing_loops else None
        case _:
            return
    match loop:
        case tree.For(
            target=tree.Display(items=[tree.Name(id=first), tree.Name(id=second)]),
            iter=tree.Call(func=tree.Attr(value=owner, name="items"), args=[]),
        ) if (first, second) == (key, item) and _sets_all(loop, first, second):
            given = frame.state.get(dotted(owner)) if dotted(owner) else None
            if isinstance(given, Collection) and given.keys is not None and given.items is not None:
                for name, value in zip(given.keys, given.items, strict=False):
                    if name is not None:
                        yield name, value, owner


def _sets_all(loop: tree.For, name: str, value: str) -> bool:
    """Whether a loop neither changes its items nor chooses among them, but by ``hasattr()`` and for None."""
    for statement in flat(loop.body):
        if not {name, value}.isdisjoint(bound_names(statement)):
            return False
        if isinstance(statement, tree.If):
            leaves_out = _leaves_out(statement)
            if leaves_out is None or "setattr" in names_in(leaves_out):
                return False
        elif isinstance(statement, (tree.While, tree.Match, tree.Try)):
            return False
    return True


def _leaves_out(node: tree.If) -> list[tree.Stmt] | None:
    """The branch for items of unknown names, or without values; None if an ``if`` asks anything else."""
    test, is_other, other = node.test, node.orelse, node.body
    if isinstance(test, tree.Unary) and test.op == "not":
        test, is_other, other = test.value, other, is_other
    match test:
        case (
            tree.Call(func=tree.Name(id="hasattr"))
            | tree.Compare(ops=["is not"], rights=[tree.Const(value=None)])
        ):
            return is_other
        case tree.Compare(ops=["is"], rights=[tree.Const(value=None)]):
            return other
    return None


def _parts_of(refused: RefusedValue) -> tuple[str, str, str, str]:
    return refused.text, refused.column, refused.kind, refused.driver


def _summarise(frame: Frame, ends: Ends) -> Iterable[RefusedValue]:
    notes = frame.notes.get(_Notes)
    return () if notes is None else tuple(sorted(notes.refused, key=_parts_of))


def _apply(call: AppliedCall, refused: RefusedValue) -> Iterable[RefusedValue]:
    """Report a call of a function that writes what its dictionary holds; keep it if its caller gives that."""
    frame = call.frame
    node = _node_of(frame, call) if call.place.path == frame.path else None
    if node is None:
        return ()
    if frame.emit:
        frame.emit_event(ValueRefused(*frame.at(node), *_parts_of(refused)))
    elif any(is_given(frame, one) for one in (*node.args, *(one.value for one in node.keywords))):
        frame.notes_of(_Notes).refused.add(refused)
    return ()


def _node_of(frame: Frame, call: AppliedCall) -> tree.Call | None:
    """The call of a function, as written."""
    for node in nodes_in(frame.node.body if frame.node is not None else ()):
        if isinstance(node, tree.Call) and (node.line, node.col) == call.place.position:
            func = node.func
            name = func.name if isinstance(func, tree.Attr) else dotted(func)
            if name == call.function.name:
                return node
    return None


EFFECTS: Final[Mapping[type[Any], EffectHooks]] = {RefusedValue: EffectHooks(_summarise, _apply)}
