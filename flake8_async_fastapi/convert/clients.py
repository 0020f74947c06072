"""A ``TestClient`` in tests: which ones become an ``AsyncClient``, and how."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from typing import Final

from flake8_async_fastapi.convert.colour import Colours
from flake8_async_fastapi.convert.imports import Imports
from flake8_async_fastapi.convert.learning import passed_arguments
from flake8_async_fastapi.convert.libraries import AWAITED, CLASSES
from flake8_async_fastapi.convert.query_values import is_plain
from flake8_async_fastapi.convert.sites import in_lambda, is_entered
from flake8_async_fastapi.convert.tables import applications_in, started_on_import
from flake8_async_fastapi.convert.texts import FUNCTIONS, Edit, Function, Source, yields_of
from flake8_async_fastapi.convert.values import (
    CLIENT,
    OTHER,
    Callee,
    Known,
    Library,
    Many,
    Value,
    is_client,
    is_plain_client,
)
from flake8_async_fastapi.project.modules import is_test

_METHODS: Final = AWAITED[CLIENT.kind]
_SAME: Final = frozenset(
    "headers cookies auth base_url params timeout event_hooks follow_redirects is_closed".split()
)
_STARTING: Final = re.compile(r"\b(lifespan|on_event|add_event_handler|on_startup|on_shutdown)\b")
_TRANSPORT: Final = {
    "raise_server_exceptions": "raise_app_exceptions",
    "root_path": "root_path",
    "client": "client",
}
"""Options of a ``TestClient`` that are options of the transport."""
_LEFT_OUT: Final = frozenset({"app", "backend", "backend_options"})
_HOLDERS: Final = (
    ast.Return,
    ast.Yield,
    ast.Assign,
    ast.AnnAssign,
    ast.NamedExpr,
    ast.Expr,
    ast.IfExp,
    ast.BoolOp,
    ast.Compare,
)
_NAME: Final = "testclient"
"""What the application sees as the client's host."""


def stuck_clients(colours: Colours, sources: Iterable[Source]) -> dict[str, str]:
    """The clients that have to stay a ``TestClient``, by origin, and why."""
    every = list(sources)
    start = application_start(colours, every)
    found: dict[str, str] = {}
    seen: set[str] = set()
    for source in every:
        for node in ast.walk(source.tree) if is_test(source.path) else ():
            if isinstance(node, ast.expr) and not isinstance(getattr(node, "ctx", None), ast.Store):
                value = colours.inference.value(source, node)
                if is_client(value):
                    seen.add(value.origin)
                    reason = _reason(colours, source, node, value, start)
                    if reason and (value.origin not in found or reason.startswith(_LACKS)):
                        found[value.origin] = reason
                elif is_plain_client(value):
                    found |= dict.fromkeys(_mixed(colours, source, node), _MIXED)
    if "" in found or ("" in seen and (found or colours.plain_clients)):
        return {**dict.fromkeys(seen, _MIXED), **found}  # any client may be the one without an origin
    return found


_LACKS: Final = "an AsyncClient has no"
"""The reason that says most."""
_MIXED: Final = "other clients have to stay so"
_HIDDEN: Final = "it is handed on here to code that convert does not follow"


def application_start(colours: Colours, sources: Iterable[Source]) -> str:
    """The start-up of an application: ``nothing``, ``code``, or ``state`` that requests can read."""
    every = list(sources)
    for source in every:
        for application in applications_in(colours, source):
            for word in application.keywords:
                lifespan = _function(colours, source, word.value) if word.arg == "lifespan" else None
                if lifespan is not None and any(_gives(node) for node in yields_of(lifespan)):
                    return "state"
    if any(_STARTING.search(source.text) or started_on_import(colours, source) for source in every):
        return "code"
    return "nothing"


def _gives(node: ast.Yield | ast.YieldFrom) -> bool:
    return node.value is not None and not (isinstance(node.value, ast.Constant) and node.value.value is None)


def _function(colours: Colours, source: Source, node: ast.expr) -> Function | None:
    value = colours.inference.value(source, node)
    found = (
        colours.inference.program.definition(value.path, value.name) if isinstance(value, Callee) else None
    )
    return found if isinstance(found, FUNCTIONS) else None


# --- which ones stay --------------------------------------------------------------------------


def _reason(colours: Colours, source: Source, node: ast.expr, value: Known, start: str) -> str:
    """Why a client cannot be async, as far as one place tells; empty if it can."""
    parent = source.parents[node]
    if isinstance(parent, ast.Attribute):
        return _reason_of_attribute(colours, source, parent)
    if isinstance(parent, ast.keyword):
        parent = source.parents[parent]
    if isinstance(parent, ast.Call):
        return _reason_of_argument(colours, source, node, parent, value)
    made = _made(colours, source, node)
    if made is not None and (any(word.arg is None for word in made.keywords) or _application(made) is None):
        return "its options are not written out"
    if isinstance(parent, ast.withitem):
        return _reason_of_entering(colours, source, made, start)
    if isinstance(parent, ast.Tuple):  # each caller takes it apart
        parent = source.parents[parent]
        return "" if isinstance(parent, (ast.Return, ast.Yield)) else _HIDDEN
    return "" if isinstance(parent, _HOLDERS) else _HIDDEN


def _reason_of_attribute(colours: Colours, source: Source, node: ast.Attribute) -> str:
    call = source.parents[node]
    is_called = isinstance(call, ast.Call) and call.func is node
    if node.attr in _METHODS or node.attr == "stream":
        if not is_called:
            return f"its method {node.attr}() is handed on here"
        if node.attr == "stream" and not is_entered(source, call):
            return "stream() has to be entered"
        return _reason_of_place(colours, source, node)
    is_same = node.attr in _SAME or (is_called and node.attr == "build_request")
    is_own = node.attr in _written_attributes(source)
    return "" if is_same or is_own else f"{_LACKS} {node.attr}"


def _written_attributes(source: Source) -> set[str]:
    """The attributes that a file gives to objects, such as a token to its client."""
    return {
        node.attr
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
    }


def _reason_of_place(colours: Colours, source: Source, node: ast.AST) -> str:
    function = source.function_of(node)
    if in_lambda(source, node):
        return "a lambda uses it"
    if function is None:
        return "it is used when the file is imported"
    if function in colours.asynchronous:
        return ""
    why = colours.kept.get(function)
    return f"{function.name}() uses it, and stays synchronous" + (f": {why}" if why else "")


def _reason_of_argument(
    colours: Colours, source: Source, node: ast.expr, call: ast.Call, value: Known
) -> str:
    if isinstance(call.func, ast.Name) and call.func.id == "getattr" and call.args[:1] == [node]:
        outer = source.parents[call]
        is_called = isinstance(outer, ast.Call) and outer.func is call
        return _reason_of_place(colours, source, node) if is_called else _HIDDEN
    for home, function, argument, passed in passed_arguments(colours.inference, source, call):
        if passed is node:
            taken = colours.inference.name(home, argument.arg, function.body[0])
            if is_client(taken):
                return ""
            return _MIXED if is_plain_client(taken) else _HIDDEN
    return _HIDDEN


def _mixed(colours: Colours, source: Source, node: ast.expr) -> Iterator[str]:
    """The origins of async clients that are given to a parameter that is given a plain one at a node."""
    parent = source.parents[node]
    call = source.parents[parent] if isinstance(parent, ast.keyword) else parent
    if isinstance(call, ast.Call):
        for home, function, argument, passed in passed_arguments(colours.inference, source, call):
            taken = colours.inference.name(home, argument.arg, function.body[0]) if passed is node else None
            if is_client(taken):
                yield taken.origin


def _reason_of_entering(colours: Colours, source: Source, made: ast.Call | None, start: str) -> str:
    if made is None:
        return "it is entered where it is not made"
    if start == "state":
        return "the lifespan yields a state, which only a TestClient passes to requests"
    application = _application(made)
    known = None if application is None else colours.inference.value(source, application)
    if start == "code" and known == OTHER:
        return "it is not known how its application starts"
    return _reason_of_place(colours, source, made)


def _made(colours: Colours, source: Source, node: ast.expr) -> ast.Call | None:
    """The call that makes a client, if a node is one."""
    if not isinstance(node, ast.Call):
        return None
    function = colours.inference.value(source, node.func)
    return node if isinstance(function, Library) and CLASSES.get(function.name) == CLIENT else None


def _application(made: ast.Call) -> ast.expr | None:
    given = {word.arg: word.value for word in made.keywords}
    first = made.args[0] if made.args else given.get("app")
    return None if isinstance(first, ast.Starred) or len(made.args) > 1 else first


# --- edits ------------------------------------------------------------------------------------


class ClientEdits:
    """Makes the edits of one test file's clients.

    ``library`` is ``httpx``, or its successor.
    """

    def __init__(
        self, colours: Colours, source: Source, imports: Imports, start: str, library: str = "httpx"
    ) -> None:
        self.colours = colours
        self.source = source
        self.imports = imports
        self.start = start
        self.library = library
        self.inference = colours.inference

    def edits(self) -> Iterator[Edit]:
        """All edits of that kind in the file."""
        if not is_test(self.source.path):
            return
        for node in ast.walk(self.source.tree):
            if isinstance(node, ast.Call):
                yield from self._called(node)
            elif isinstance(node, FUNCTIONS):
                yield from self._annotations(node)
            elif isinstance(node, ast.AnnAssign):
                value = None if node.value is None else self.inference.value(self.source, node.value)
                yield from self._annotation(node.annotation, value)

    def _called(self, node: ast.Call) -> Iterator[Edit]:
        if is_client(self.inference.value(self.source, node)):
            made = _made(self.colours, self.source, node)
            if made is not None:
                yield from self._client(made)
        if isinstance(node.func, ast.Attribute) and is_client(
            self.inference.value(self.source, node.func.value)
        ):
            end = self.source.end(node.func)
            if node.func.attr == "close":
                yield Edit(end - len("close"), end, 0, "aclose")
            for word in node.keywords:
                if word.arg == "allow_redirects":  # of the older TestClient
                    start = self.source.offset(word.lineno, word.col_offset)
                    yield Edit(start, start + len(word.arg), 0, "follow_redirects")

    def _client(self, node: ast.Call) -> Iterator[Edit]:
        application = _application(node)
        assert application is not None
        code = self.source.code(application)
        lead = ""
        if is_entered(self.source, node) and self.start == "code":
            if not is_plain(application):
                with_ = self.source.statement(node)
                at = self.source.start(with_)
                name = self._free("app")
                yield Edit(at, at, -1, f"{name} = {code}\n{self.source.indent(with_)}")
                code = name
            lead = f"{code}.router.lifespan_context({code}), "
        given = {word.arg: self.source.code(word.value) for word in node.keywords if word.arg}
        transport = [f"app={code}"]
        transport += [f"{new}={given.pop(old)}" for old, new in _TRANSPORT.items() if old in given]
        if not any(part.startswith("client=") for part in transport) and self._is_name_seen():
            transport.append(f'client=("{_NAME}", 50000)')
        options = {"base_url": '"http://testserver"', "follow_redirects": "True"} | {
            name: value for name, value in given.items() if name not in _LEFT_OUT
        }
        made = self.imports.need(self.library, "ASGITransport")
        arguments = [f"transport={made}({', '.join(transport)})", *(f"{k}={v}" for k, v in options.items())]
        client = self.imports.need(self.library, "AsyncClient")
        self.imports.replaced |= {part for part in ast.walk(node.func) if isinstance(part, ast.Name)}
        yield self.source.instead(node, f"{lead}{client}({', '.join(arguments)})")

    def _is_name_seen(self) -> bool:
        sources = self.inference.program.sources.values()
        return any(f'"{_NAME}"' in source.text or f"'{_NAME}'" in source.text for source in sources)

    def _free(self, name: str) -> str:
        taken = {node.id for node in ast.walk(self.source.tree) if isinstance(node, ast.Name)}
        taken |= set(self.inference.program.bindings(self.source, self.source.tree))
        return f"client_{name}" if name in taken else name

    def _annotations(self, node: Function) -> Iterator[Edit]:
        arguments = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
        for argument in arguments:
            if argument.annotation is not None:
                value = self.inference.name(self.source, argument.arg, node.body[0])
                yield from self._annotation(argument.annotation, value)
        if node.returns is not None:
            result = self.inference.result(Callee(self.source.path, self.source.qualname(node)))
            yield from self._annotation(node.returns, result.item if isinstance(result, Many) else result)

    def _annotation(self, annotation: ast.expr, value: Value | None) -> Iterator[Edit]:
        """Name the async client in an annotation, unless what it annotates is a client that stays."""
        if is_plain_client(value):
            return
        if value is None and self.inference.plain_clients:
            return
        for node in ast.walk(annotation):
            if isinstance(node, (ast.Name, ast.Attribute)):
                named = self.inference.value(self.source, node)
                if isinstance(named, Library) and CLASSES.get(named.name) == CLIENT:
                    yield self.imports.rename(node, self.library, "AsyncClient")
            elif isinstance(node, ast.Constant) and node.value == "TestClient":
                self.imports.replaced.add(node)
                quote = self.source.code(node)[0]
                yield self.source.instead(
                    node, f"{quote}{self.imports.need(self.library, 'AsyncClient')}{quote}"
                )
