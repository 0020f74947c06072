"""HTTP errors of the application that no client gets.

FastAPI turns an ``HTTPException`` into its response only if it leaves the route or dependency. A handler of
any error around the ``raise`` catches it before that, a middleware runs outside of what turns it into a
response, and a ``return`` makes it the result of the route.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from msgspec import Struct, field

from flake8_async_fastapi.domains.fastapi.events import HttpErrorLost
from flake8_async_fastapi.domains.fastapi.middlewares import Middlewares, is_handled_above
from flake8_async_fastapi.domains.fastapi.routes import REGISTERED, ROUTE
from flake8_async_fastapi.engine import renaming
from flake8_async_fastapi.engine.effects import EffectHooks, Ends
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.machine import library_calls, names, summaries
from flake8_async_fastapi.engine.models import CallSite
from flake8_async_fastapi.engine.places import Mention, Place, Position
from flake8_async_fastapi.engine.raising import Raised
from flake8_async_fastapi.engine.text import for_message
from flake8_async_fastapi.engine.values import (
    Collection,
    Function,
    Library,
    Object,
    Payload,
    Value,
    alternatives,
)
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import dotted, flat, names_in, nodes_in, written_argument
from flake8_async_fastapi.knowledge import canonical, is_subtype
from flake8_async_fastapi.project.modules import is_test

_ERROR: Final = "starlette.exceptions.HTTPException"
_EVERYTHING: Final = frozenset({"builtins.Exception", "builtins.BaseException"})
_STATUS: Final = re.compile(r"\.HTTP_(\d{3})_\w+$")
_RESPONSES: Final = {
    "starlette.responses.JSONResponse": 1,
    "starlette.responses.PlainTextResponse": 1,
    "starlette.responses.Response": 1,
    "starlette.responses.HTMLResponse": 1,
}
"""Responses, each with the place of its status."""
_TELLS: Final = frozenset(
    {"critical", "debug", "error", "exception", "info", "log", "print", "repr", "str", "type", "warning"}
)
"""Functions and methods that make text of an error."""


class HttpError(Payload, frozen=True):
    """The status of an HTTP error; 0 if it is not known."""

    status: int


class Replaced(Struct, frozen=True):
    """A handler, as text, that answers any error with the status ``instead``."""

    text: str
    instead: int
    place: Place


class HttpErrors(Struct):
    """The handlers of a run that replace an HTTP error, by line, and the one of the decorator around it."""

    handlers: dict[int, Replaced] = field(default_factory=dict)
    around: Replaced | None = None


# --- replaced by a handler -----------------------------------------------------------------------


def report_replaced(frame: Frame, kind: Value | None, handler: tree.Handler) -> None:
    """Report a handler of any error that catches an HTTP error and answers with another status.

    That of a function in a decorator is noted for the routes under it.
    """
    raised: Raised | None = frame.state.parts.get(Raised)
    status = _status_made(raised.value) if raised is not None and raised.is_exact else 0
    if not status or not _catches_all(kind) or not (frame.emit or frame.closure is not None):
        return
    noted = frame.notes_of(HttpErrors).handlers
    instead = 0 if handler.line in noted else _status_instead(frame, handler)
    if not instead and frame.role == ROUTE and raised is not None and not raised.by_callee:
        instead = 200 if handler.line not in noted and _returns_data(handler) else 0
    if instead and instead != status and not is_test(frame.path):
        text = "except" if handler.type is None else f"except {for_message(handler.type)}"
        place = Place(frame.path, handler.line, handler.col)
        noted[handler.line] = Replaced(text, instead, place)
        frame.emit_event(HttpErrorLost(*place, frame.qualname, text, "replaced", status, instead))


def _summarise(frame: Frame, ends: Ends) -> Iterable[Replaced]:
    noted: HttpErrors | None = frame.notes.get(HttpErrors)
    return () if noted is None or frame.closure is None else tuple(noted.handlers.values())


EFFECTS: Final[Mapping[type[Any], EffectHooks]] = {Replaced: EffectHooks(_summarise)}


def begin_route(frame: Frame, function: Function, outer: Frame) -> None:
    """Note the handler of a decorator of the project that answers the errors of a route."""
    node = function.node
    if frame.role != ROUTE or not isinstance(node, tree.FunctionDef) or len(node.decorators) < 2:
        return
    wrapper = names.module_value(frame.ctx, frame.path, node.name) if "." not in node.qualname else None
    if isinstance(wrapper, Function) and wrapper.key != function.key:
        call = renaming.call_without_identity(frame.ctx, wrapper, None)
        for part in summaries.summarise(frame.ctx, *call).parts:
            if isinstance(part, Replaced):
                frame.notes_of(HttpErrors).around = part


def _catches_all(kind: Value | None) -> bool:
    parts = kind.items if isinstance(kind, Collection) and kind.items is not None else (kind,)
    return any(part is None or (isinstance(part, Library) and part.dotted in _EVERYTHING) for part in parts)


def make_error(site: CallSite) -> Value | None:
    """An HTTP error that is made, with its status."""
    node, callee = site.frame.current_call, site.callee
    if node is None or not isinstance(callee, Library):
        return None
    found = site.arguments.get(0, "status_code")
    if isinstance(found, Library):
        status = _number_in(found)
    else:
        written = written_argument(node, 0, "status_code")
        status = written.value if isinstance(written, tree.Const) and type(written.value) is int else 0
    given = library_calls.kept_arguments(site.arguments)
    return Object(callee.dotted, given, origin=site.place, detail=HttpError(status))


def _status_made(value: Value) -> int:
    """The status of an HTTP error; 0 if it is not known, or the value is none."""
    made = value.detail if isinstance(value, Object) else None
    return made.status if isinstance(made, HttpError) else 0


def _status_instead(frame: Frame, handler: tree.Handler) -> int:
    """The status with which a handler certainly answers, whatever it has caught; 0 if it is not known."""
    last = handler.body[-1] if handler.body else None
    if not _ignores(handler):
        return 0
    match last:
        case tree.Raise(parts=[tree.Call() as made, *_]) if _is_error(_named(frame, made.func)):
            return _status_written(frame, made, 0)
        case tree.Return(value=tree.Call() as made):
            callee = _named(frame, made.func)
            place = _RESPONSES.get(callee.dotted) if isinstance(callee, Library) else None
            return 0 if place is None else _status_written(frame, made, place)
    return 0


def _returns_data(handler: tree.Handler) -> bool:
    """Whether a handler only returns a dictionary, whatever it has caught, which FastAPI sends with 200."""
    last = handler.body[-1] if handler.body else None
    if not isinstance(last, tree.Return) or not isinstance(last.value, tree.DictDisplay):
        return False
    sets = any(isinstance(node, tree.Attr) and node.name == "status_code" for node in nodes_in(handler.body))
    return not sets and _ignores(handler)


def _named(frame: Frame, node: Expr) -> Value:
    found = names.dotted_value(frame.ctx, frame.path, dotted(node))
    return Library(canonical(found.dotted)) if isinstance(found, Library) else found


def _is_error(callee: Value) -> bool:
    return isinstance(callee, Library) and is_subtype(callee.dotted, _ERROR)


def _status_written(frame: Frame, made: tree.Call, place: int) -> int:
    written = written_argument(made, place, "status_code")
    if isinstance(written, tree.Const):
        return written.value if type(written.value) is int else 0
    status = names.dotted_value(frame.ctx, frame.path, dotted(written)) if written is not None else None
    return _number_in(status) if isinstance(status, Library) else 0


def _number_in(status: Library) -> int:
    """The number in a name such as ``status.HTTP_404_NOT_FOUND``."""
    found = _STATUS.search(status.dotted)
    return int(found[1]) if found is not None else 0


def _ignores(handler: tree.Handler) -> bool:
    """Whether a handler does the same for each error: it makes at most text of it, and raises none again.

    The text must decide nothing: that of an HTTP error has its status.
    """
    told, texts = 0, {handler.name}
    for statement in flat(handler.body):
        if isinstance(statement, tree.Assign) and texts.intersection(names_in(statement.value)):
            texts.update(map(dotted, statement.targets))
        if isinstance(statement, (tree.If, tree.Match)):
            asked = statement.test if isinstance(statement, tree.If) else statement.subject
            if texts.intersection(names_in(asked)):
                return False
    for node in nodes_in(handler.body):
        if isinstance(node, tree.Raise) and (not node.parts or _is_name(node.parts[0], handler.name)):
            return False
        if isinstance(node, tree.Raise):
            told += sum(_is_name(part, handler.name) for part in node.parts[1:])
        elif isinstance(node, tree.Call) and dotted(node.func).rpartition(".")[2] in _TELLS:
            told += sum(_is_name(part, handler.name) for part in node.args)
            told += sum(_is_name(part.value, handler.name) for part in node.keywords)
        elif isinstance(node, tree.FString):
            told += sum(_is_name(part, handler.name) for part in node.values)
    return told == sum(_is_name(node, handler.name) for node in nodes_in(handler.body))


def _is_name(node: object, name: str | None) -> bool:
    return name is not None and isinstance(node, tree.Name) and node.id == name


CALLS: Final = dict.fromkeys((_ERROR, "fastapi.HTTPException"), make_error)


# --- returned ------------------------------------------------------------------------------------


def report_returned(frame: Frame, value: Value, place: Position) -> None:
    """Report a route or dependency that returns an HTTP error."""
    if not frame.emit or frame.role not in (ROUTE, REGISTERED):
        return
    for one in alternatives(value):
        if isinstance(one, Object) and is_subtype(one.type, _ERROR) and not one.declared:
            if one.origin is not None:
                at = (frame.path, *place, frame.qualname)
                frame.emit_event(HttpErrorLost(*at, "return", "returned", _status_made(one), 0))
            return


# --- raised where nothing handles it -------------------------------------------------------------


def report_raised(frame: Frame, node: tree.Raise, value: Value) -> None:
    """Report an HTTP error that leaves a middleware, or a route whose decorator answers all errors.

    No handler of HTTP errors is around them.
    """
    if not frame.emit or frame.exception_states is not None:
        return
    is_middleware, noted = Middlewares in frame.notes, frame.notes.get(HttpErrors)
    around = None if noted is None else noted.around
    if not is_middleware and around is None:
        return
    if not isinstance(value, Object) or not is_subtype(value.type, _ERROR):
        return
    status = _status_made(value)
    text = for_message(node.parts[0]) if node.parts else "raise"
    at = (frame.path, node.line, node.col, frame.qualname)
    if around is not None and status and status != around.instead:
        handler = Mention(around.place.path, around.place.line, f"{around.text} catches it")
        frame.emit_event(HttpErrorLost(*at, text, "decorated", status, around.instead, handler))
    elif is_middleware and not is_handled_above(frame.ctx, frame.node):
        frame.emit_event(HttpErrorLost(*at, text, "middleware", status, 500))
