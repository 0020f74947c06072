"""HTTP clients that nobody closes, and those of a module that each request closes.

Source: docs/behaviour.md#clients.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from msgspec import Struct, field

from flake8_async_fastapi.domains.blocking import exemptions
from flake8_async_fastapi.domains.database.factories import CLIENTS, OpenedClients
from flake8_async_fastapi.domains.database.kept import is_of_module
from flake8_async_fastapi.domains.fastapi.routes import REGISTERED, ROUTE
from flake8_async_fastapi.domains.session_scope.events import ClientLeftOpen, SharedClientClosed
from flake8_async_fastapi.domains.session_scope.leaks import shares_variables
from flake8_async_fastapi.engine.effects import AppliedCall, EffectHooks, Ends
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.models import CallModel, CallSite
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.text import for_message
from flake8_async_fastapi.engine.values import Member, Object, Value
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.walk import nodes_in
from flake8_async_fastapi.knowledge.loop_use import CLOSES, KEEPS_NOTHING
from flake8_async_fastapi.project.modules import is_test

_REQUESTS: Final = frozenset("delete get head options patch post put request send stream ws_connect".split())
"""Methods that open a connection."""
_ENDS: Final = CLOSES | {"", "__aexit__", "__aenter__", "detach", "is_closed", "closed"}
"""Attributes by which code may close a client, or ask whether it is; empty for a use of the client itself."""


class ClientClosing(Struct, frozen=True):
    """A function closes a client that a module keeps, created at ``client``, by ``text``."""

    client: Place
    text: str


class ClientNotes(Struct):
    """The clients of a module that one run closes, each with its place."""

    closed: dict[ClientClosing, Place] = field(default_factory=dict)


def note_closed(site: CallSite) -> None:
    """Handle a method of a client that closes it."""
    if isinstance(site.callee, Member):
        _note_closed(site.frame, site.callee.receiver, site.label, site.place)


def note_entered(frame: Frame, item: tree.WithItem, value: Value) -> None:
    """Handle a block of a client, whose end closes it."""
    if isinstance(value, Object) and value.type in CLIENTS and not isinstance(item.context, tree.Call):
        _note_closed(frame, value, f"async with {for_message(item.context)}", frame.place_of(item.context))


def _note_closed(frame: Frame, client: Object, text: str, place: Place) -> None:
    made = client.origin
    if made is not None and not made.path.startswith("<") and is_of_module(frame.ctx, made):
        _report_or_keep(frame, ClientClosing(made, text), place)


def _report_or_keep(frame: Frame, closing: ClientClosing, place: Place) -> None:
    """Report that each request closes a client of a module; otherwise keep it for the callers."""
    if not frame.emit:
        frame.notes_of(ClientNotes).closed.setdefault(closing, place)
    elif frame.role in (ROUTE, REGISTERED) and not exemptions.runs_before_serving(
        frame.ctx, frame.path, frame.qualname
    ):
        frame.emit_event(SharedClientClosed(*place, frame.qualname, closing.text, closing.client.spot))


def report_left_open(frame: Frame) -> None:
    """Report clients that a function makes for its own requests and does not close."""
    function, opened = frame.node, frame.notes.get(OpenedClients)
    if opened is None or not isinstance(function, tree.FunctionDef) or is_test(frame.path):
        return
    if not function.is_async or function.is_generator or shares_variables(function):
        return
    left = [call for call in opened.calls.values() if _is_left_open(function, call)]
    if left and not exemptions.runs_before_serving(frame.ctx, frame.path, frame.qualname):
        for call in left:
            frame.emit_event(ClientLeftOpen(*frame.at(call), for_message(call)))


def _is_left_open(function: tree.FunctionDef, call: tree.Call) -> bool:
    """Whether a function sends requests by a client that it makes, and uses it for nothing else."""
    if any(keyword.name is None or keyword.name in KEEPS_NOTHING for keyword in call.keywords):
        return False
    nodes = list(nodes_in(function.body))
    uses = {id(node.value): node.name for node in nodes if isinstance(node, tree.Attr)}
    assigned = [node for node in nodes if isinstance(node, tree.Assign) and node.value is call]
    targets = [target for node in assigned for target in node.targets]
    if not targets:  # httpx.AsyncClient().get(...)
        return uses.get(id(call)) in _REQUESTS
    names = {target.id for target in targets if isinstance(target, tree.Name)}
    bound = [node.target for node in nodes if isinstance(node, (tree.For, tree.WithItem))]
    if len(names) != len(targets) or any(isinstance(one, tree.Name) and one.id in names for one in bound):
        return False
    own = {id(target) for target in targets}
    others = [node for node in nodes if isinstance(node, tree.Name) and id(node) not in own]
    found = {uses.get(id(node), "") for node in others if node.id in names}
    return not found.isdisjoint(_REQUESTS) and found.isdisjoint(_ENDS)


# --- effects of a call -------------------------------------------------------------------------


def _summarise(frame: Frame, ends: Ends) -> Iterator[ClientClosing]:
    notes = frame.notes.get(ClientNotes)
    yield from notes.closed if notes is not None else ()


def _apply_call(call: AppliedCall, closing: ClientClosing) -> Iterable[ClientClosing]:
    _report_or_keep(call.frame, closing, call.place)
    return ()


METHODS: Final[Mapping[str, CallModel]] = {
    "aiohttp.ClientSession.close": note_closed,
    "httpx.AsyncClient.aclose": note_closed,
}
EFFECTS: Final[Mapping[type[Any], EffectHooks]] = {ClientClosing: EffectHooks(_summarise, _apply_call)}
