"""HTTP clients, and responses that are streamed, which are used after the block that closes them.

Only those that the ``async with`` itself makes are known: no other object is made at its place.
Source: docs/behaviour.md#clients.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from msgspec import Struct, field

from flake8_async_fastapi.domains.database.factories import CLIENTS
from flake8_async_fastapi.domains.session_scope.events import ClosedUsed
from flake8_async_fastapi.engine.effects import AppliedCall, EffectHooks, Ends
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.models import CallModel, CallSite
from flake8_async_fastapi.engine.observers import BlockItems
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.state import State, same, same_without
from flake8_async_fastapi.engine.text import for_message
from flake8_async_fastapi.engine.values import (
    Arguments,
    Function,
    Generator,
    Member,
    Object,
    Payload,
    Value,
)
from flake8_async_fastapi.engine.watches import Watch
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.walk import nodes_in

_RESPONSE: Final = "httpx.Response"
_STREAM: Final = "starlette.responses.StreamingResponse"
_REQUESTS: Final = frozenset("delete get head options patch post put request send stream ws_connect".split())
_READS: Final = frozenset({"aiter_bytes", "aiter_lines", "aiter_raw", "aiter_text", "aread"})


class Streamed(Payload, frozen=True):
    """The value of ``client.stream(...)``, by the place of the call: its block has a response."""

    place: Place


class Closed(Struct, frozen=True):
    """The clients and responses, by their places, that are certainly closed on a path."""

    places: frozenset[Place] = frozenset()

    fork = same
    forget = same_without

    def unify(self, other: Closed, states: tuple[State, State]) -> Closed | None:
        return self.join([other])

    def join(self, others: list[Closed]) -> Closed:
        return Closed(self.places.intersection(*(other.places for other in others)))


class ClosedByCall(Struct, frozen=True):
    """What a call has certainly closed, among what it made."""

    places: frozenset[Place]


class OpenBlocks(Struct):
    """The clients and responses of a run whose blocks it is in."""

    places: list[Place] = field(default_factory=list)


def _stream(site: CallSite) -> Value:
    """The value of ``client.stream(...)``."""
    return Object("httpx._AsyncStream", detail=Streamed(site.place))


def _enter(value: Object) -> Value | None:
    """The response that ``async with client.stream(...)`` gives."""
    return Object(_RESPONSE, origin=value.detail.place) if isinstance(value.detail, Streamed) else None


def _place_of_block(frame: Frame, item: tree.WithItem, value: Value) -> Place | None:
    """The place of the client or response that an item of a ``with`` makes and closes."""
    if not isinstance(value, Object) or not isinstance(item.context, tree.Call):
        return None
    if isinstance(value.detail, Streamed):
        return value.detail.place
    place = frame.place_of(item.context)
    return place if value.type in CLIENTS and value.origin == place else None


def begin_blocks(frame: Frame, items: BlockItems) -> None:
    """Handle the begin of a block: what it makes is open, on whatever paths."""
    opened = [place for item, value in items if (place := _place_of_block(frame, item, value)) is not None]
    if opened:
        frame.notes_of(OpenBlocks).places += opened


def enter_block(frame: Frame, item: tree.WithItem, value: Value) -> None:
    """Handle the begin of a block on one path: what a round before has made here is another object."""
    if Closed in frame.state.parts and (place := _place_of_block(frame, item, value)) is not None:
        frame.state.put(Closed(frame.state.part(Closed).places - {place}))


def end_blocks(frame: Frame, items: BlockItems, ends: list[State]) -> None:
    """Handle the end of a block: what it made is closed."""
    for item, value in items:
        place = _place_of_block(frame, item, value)
        if place is not None:
            frame.notes_of(OpenBlocks).places.remove(place)
            for state in ends:
                state.put(Closed(state.part(Closed).places | {place}))


def report_call(frame: Frame, callee: Value, arguments: Arguments, node: tree.Call, result: Value) -> None:
    """Report a request by a closed client, a closed response that is read, or one that will be."""
    if not isinstance(callee, Member):
        _report_streamed(frame, arguments, node)
        return
    owner = callee.receiver
    if owner.origin is None or owner.origin not in frame.state.part(Closed).places:
        return
    if owner.type in CLIENTS or (owner.type == _RESPONSE and callee.name in _READS):
        frame.emit_event(ClosedUsed(*frame.at(node), for_message(node.func), owner.origin.spot))


def _report_streamed(frame: Frame, arguments: Arguments, node: tree.Call) -> None:
    """Report a response to the client that streams one of HTTPX, and is returned out of the block of that."""
    places, function = frame.notes_of(OpenBlocks).places, frame.node
    if not places or frame.yields or not isinstance(function, tree.FunctionDef):
        return
    body = [*node.args[:1], *(one.value for one in node.keywords if one.name == "content")]
    read = {place for one in body for place in _responses_read(frame, one, arguments.get(0, "content"))}
    if read.intersection(places) and _is_returned(function, node):
        frame.emit_event(ClosedUsed(*frame.at(node), for_message(node.func), min(read).spot))


def _responses_read(frame: Frame, written: tree.Expr, value: Value | None) -> Iterator[Place]:
    """The responses that an expression reads, or the nested generator that it calls."""
    scopes: list[tuple[object, Callable[[str], Value | None]]] = [(written, frame.state.env.get)]
    if isinstance(value, Generator) and isinstance(value.function, Function) and value.function.closure:
        scopes.append((value.function.node, value.function.closure.find))
    for code, look_up in scopes:
        for part in nodes_in(code):
            match part:
                case tree.Attr(value=tree.Name(id=name), name=method) if method in _READS:
                    owner = look_up(name)
                    if isinstance(owner, Object) and owner.type == _RESPONSE and owner.origin is not None:
                        yield owner.origin


def _is_returned(function: tree.FunctionDef, made: tree.Call) -> bool:
    """Whether a function returns what a call makes."""
    nodes = list(nodes_in(function.body))
    assigned = [node for node in nodes if isinstance(node, tree.Assign) and node.value is made]
    names = {target.id for node in assigned for target in node.targets if isinstance(target, tree.Name)}
    returned = [node.value for node in nodes if isinstance(node, tree.Return)]
    return any(value is made or (isinstance(value, tree.Name) and value.id in names) for value in returned)


# --- effects of a call -------------------------------------------------------------------------


def _summarise(frame: Frame, ends: Ends) -> Iterator[ClosedByCall]:
    if ends.paths and not frame.yields and Closed in ends.paths[0].parts:
        first, *others = (state.part(Closed) for state in ends.paths)
        places = first.join(others).places
        if places:
            yield ClosedByCall(places)


def _apply_call(call: AppliedCall, effect: ClosedByCall) -> Iterable[ClosedByCall]:
    state = call.frame.state
    state.put(Closed(state.part(Closed).places | effect.places))
    return ()


METHODS: Final[Mapping[str, CallModel]] = {"httpx.AsyncClient.stream": _stream}
ENTRIES: Final = {Streamed: _enter}
EFFECTS: Final[Mapping[type[Any], EffectHooks]] = {ClosedByCall: EffectHooks(_summarise, _apply_call)}
CALLS: Final = Watch(report_call, methods=_REQUESTS | _READS, functions=frozenset({_STREAM}), checked=True)
