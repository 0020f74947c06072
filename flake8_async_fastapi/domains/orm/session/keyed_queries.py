"""Functions that send one statement which depends on their parameters: repositories, services, helpers.

A loop that calls one for each item sends a statement for each.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from msgspec import Struct, field
from msgspec.structs import replace

from flake8_async_fastapi.domains.orm.events import ItemQueried
from flake8_async_fastapi.domains.orm.session.item_queries import (
    Loop,
    asked_for,
    fetching_call,
    is_bound_in,
    is_kept,
    loops_of,
    may_be_held,
    mentions,
    names_from,
    names_told,
)
from flake8_async_fastapi.engine.effects import AppliedCall, EffectHooks, Ends
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.models import CallSite
from flake8_async_fastapi.engine.places import Spot
from flake8_async_fastapi.engine.text import for_message
from flake8_async_fastapi.engine.values import ClassValue, Member
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.walk import all_nodes, bound_names, dotted, flat, nodes_in, written_argument


class KeyedQuery(Struct, frozen=True):
    """A call sends one statement, at a line, that fetches objects by ``keys`` among its parameters."""

    keys: frozenset[str]
    cls: ClassValue | None
    by_key: bool
    sent: Spot
    is_counted: bool = False


class _KeyedNotes(Struct):
    """The statements of one run that depend on its parameters."""

    sent: set[KeyedQuery] = field(default_factory=set)


def note_keyed(site: CallSite) -> None:
    """Note a statement that depends on parameters of the function that sends it."""
    frame, method, arguments, node = site.frame, site.callee, site.arguments, fetching_call(site)
    function = frame.node
    if node is None or not isinstance(method, Member) or not isinstance(function, tree.FunctionDef):
        return
    if not _only_sends(frame, function, node):
        return
    if dotted(node.func).partition(".")[0] in {
        name for one in flat(function.body) for name in bound_names(one)
    }:
        return  # its own session
    keys, asked = set(), None
    for param in function.params:
        told = names_from({param.name}, function.body)
        found = asked_for(frame, method, arguments, node, told, function.body)
        if found is not None:
            keys.add(param.name)
            asked = found
    if asked is not None:
        sent = frame.place_of(node).spot
        query = KeyedQuery(frozenset(keys), asked.cls, asked.by_key, sent, asked.is_counted)
        frame.notes_of(_KeyedNotes).sent.add(query)


def _only_sends(frame: Frame, function: tree.FunctionDef, node: tree.Call) -> bool:
    """Whether a call is the only one that a function awaits, on every path."""
    if frame.role or frame.enclosing_loops or function.is_generator or not function.is_async:
        return False  # a framework's callbacks are seldom called in a loop
    key = ("only sends", frame.path, function.qualname, node.line, node.col)
    return frame.ctx.derive(key, lambda: _is_only_await(function, node))


def _is_only_await(function: tree.FunctionDef, node: tree.Call) -> bool:
    for decorator in function.decorators:
        if dotted(decorator) not in ("staticmethod", "classmethod"):
            return False
    awaited: tree.Await | None = None
    for one in all_nodes(function.body):
        if isinstance(one, (tree.Try, tree.With, tree.For, tree.While, tree.IfExp)):
            return False
        if isinstance(one, tree.Return) and one.line < node.line:
            return False  # it may have the result already
        if isinstance(one, tree.Await):
            if awaited is not None:
                return False
            awaited = one
    if awaited is None or node not in all_nodes(awaited):
        return False
    plain = [one for one in function.body if isinstance(one, (tree.Assign, tree.Return, tree.ExprStmt))]
    return node in all_nodes(plain)


def _summarise(frame: Frame, ends: Ends) -> Iterable[KeyedQuery]:
    notes = frame.notes.get(_KeyedNotes)
    return notes.sent if notes is not None and len(notes.sent) == 1 else ()


def _apply_call(call: AppliedCall, query: KeyedQuery) -> Iterable[KeyedQuery]:
    """Report a call for each item of a loop. A function that only passes its parameters on also sends it."""
    frame, around = call.frame, call.frame.node
    if call.place.path != frame.path or call.place.position not in frame.awaited_calls:
        return ()
    if not isinstance(around, tree.FunctionDef):
        return ()
    for loop in reversed(loops_of(frame)) if frame.emit else ():
        node = _find_call(loop, call)
        if node is None or sum(isinstance(one, tree.Await) for one in nodes_in(_repeated(loop))) != 1:
            continue
        if not _passes_only_keys(call, query, node, names_told(loop)):
            continue
        if is_bound_in(loop, dotted(node.func).partition(".")[0]):
            continue
        if query.by_key and query.cls is not None and may_be_held(frame, query.cls, query.sent):
            continue
        if is_kept(loop, node):
            continue
        cls = "" if query.cls is None else query.cls.name
        text, at = for_message(node.func), Spot(frame.path, loop.line)
        event = ItemQueried(
            *call.place, frame.qualname, text, cls, at, sent=query.sent, is_counted=query.is_counted
        )
        frame.emit_event(event)
        return ()
    passed_on = None if frame.role else _find_call(around.body, call)
    if passed_on is not None and _only_sends(frame, around, passed_on):
        params = (param.name for param in around.params)
        keys = frozenset(
            name
            for name in params
            if _passes_only_keys(call, query, passed_on, names_from({name}, around.body))
        )
        if keys:
            frame.notes_of(_KeyedNotes).sent.add(replace(query, keys=keys))
    return ()


def _repeated(loop: Loop) -> object:
    """The statements that a loop runs for each item."""
    return loop.body if isinstance(loop, tree.For) else [loop.items, [part.ifs for part in loop.loops]]


def _find_call(code: object, call: AppliedCall) -> tree.Call | None:
    """The call, as written, of a function that is called at a place."""
    for node in nodes_in(code):
        if not isinstance(node, tree.Call) or (node.line, node.col) != call.place.position:
            continue
        if dotted(node.func).rpartition(".")[2] == call.function.name:
            return node
    return None


def _passes_only_keys(call: AppliedCall, query: KeyedQuery, node: tree.Call, told: frozenset[str]) -> bool:
    """Whether a call passes values of some names for the parameters of a statement, and no others."""
    params = [param for param in call.function.node.params if param.kind not in ("*", "**")]
    if call.function.receiver is not None:
        params = params[1:]
    if mentions(node.func, told) or any(isinstance(arg, tree.Starred) for arg in node.args):
        return False
    given = {param.name: written_argument(node, place, param.name) for place, param in enumerate(params)}
    told_of = {name for name, written in given.items() if written is not None and mentions(written, told)}
    return bool(told_of) and told_of <= query.keys


EFFECTS: Final[Mapping[type[Any], EffectHooks]] = {KeyedQuery: EffectHooks(_summarise, _apply_call)}
