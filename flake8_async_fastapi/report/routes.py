"""The routes of a project, from the traces of its files."""

from __future__ import annotations

import ast
import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from flake8_async_fastapi import knowledge
from flake8_async_fastapi.analysis import Analysis
from flake8_async_fastapi.check.report import Shown
from flake8_async_fastapi.engine.events import Called, Event, ReadTraced
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.values import Const, Function, Member, Object, Value
from flake8_async_fastapi.faults import survive
from flake8_async_fastapi.projects import seen_from

_MAY_HAVE_ROUTES: Final = re.compile(r"^\s*@[\w.]+\.\w+\(", re.MULTILINE)
_INCLUDES: Final = "include_router("
_SESSIONS: Final = frozenset(
    {"AsyncSession", "async_scoped_session", "AsyncSessionTransaction", "AsyncConnection", "Session"}
)
_DEEPEST: Final = 6
"""Calls from a route to what a session does."""
Definition: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Demand:
    """An attribute of an object that a route, its response model or its template reads.

    ``supply`` is ``loaded``, ``missing`` or ``perhaps``; ``query`` is the place of the query that gave the
    object, as ``path:line``, or empty.
    """

    reader: str
    attribute: str
    supply: str
    line: int
    query: str


@dataclass(frozen=True, slots=True)
class Step:
    """An operation on a session, with its function and place."""

    text: str
    function: str
    place: str


@dataclass(frozen=True, slots=True)
class Route:
    """A route: its path as far as it is known, the function behind it, and what is known of that."""

    method: str
    path: str
    function: str
    file: str
    line: int
    demands: tuple[Demand, ...]
    steps: tuple[Step, ...]
    findings: tuple[Shown, ...]

    @property
    def missing(self) -> int:
        """How many demands nothing supplies."""
        return sum(demand.supply == "missing" for demand in self.demands)

    @property
    def blocking(self) -> tuple[Shown, ...]:
        """The findings of calls that stop the event loop."""
        return tuple(finding for finding in self.findings if finding.code.startswith("AFA2"))


def summarise(routes: Sequence[Route]) -> str:
    """How many routes there are, and how much is wrong with them."""
    counts = (
        (len(routes), "route", "routes"),
        (sum(route.missing for route in routes), "read", "reads"),
        (sum(len(route.blocking) for route in routes), "blocking call", "blocking calls"),
    )
    all_of, reads, calls = (f"{count} {one if count == 1 else many}" for count, one, many in counts)
    return f"{all_of}, {reads} of unloaded attributes, {calls}"


def find_routes(
    analysis: Analysis, root: Path, cwd: Path, files: Container[str], findings: Iterable[Shown]
) -> list[Route]:
    """The routes in some files of a project below a root, with their findings.

    Paths are as seen from ``cwd``.
    """
    reader = _Reader(analysis, root, cwd, tuple(findings))
    return sorted(reader.routes(files), key=_order)


def _order(route: Route) -> tuple[str, str, str, int]:
    return route.path, route.method, route.file, route.line


class _Reader:
    def __init__(self, analysis: Analysis, root: Path, cwd: Path, findings: Sequence[Shown]) -> None:
        self.analysis = analysis
        self._root, self._cwd = root, cwd
        self._findings = findings
        self._calls: dict[tuple[str, str], list[Called]] = {}
        self._read: set[str] = set()

    def routes(self, files: Container[str]) -> Iterator[Route]:
        """The routes in some files."""
        texts = {path: source.text for path, source in self.analysis.sources.items()}
        above = self._included(path for path, text in texts.items() if _INCLUDES in text)
        for path, text in texts.items():
            if self._seen(path) in files and _MAY_HAVE_ROUTES.search(text):
                yield from self._routes_in(path, text, above)

    def _events(self, path: str) -> list[Event]:
        return survive(path, "traced", lambda: self.analysis.traced(path)) or []

    def _routes_in(
        self, path: str, text: str, above: Mapping[Place, list[tuple[Object, str]]]
    ) -> Iterator[Route]:
        events = self._events(path)
        registered = {(event.line, event.col): event for event in events if _is_registration(event)}
        if not registered:
            return
        for qualname, definition in _definitions(ast.parse(text)):
            for decorator in definition.decorator_list:
                event = registered.get((decorator.lineno, decorator.col_offset))
                if isinstance(event, Called) and isinstance(decorator, ast.Call):
                    yield self._route(path, qualname, definition, event, above, events)

    def _route(
        self,
        path: str,
        qualname: str,
        definition: Definition,
        event: Called,
        above: Mapping[Place, list[tuple[Object, str]]],
        events: Sequence[Event],
    ) -> Route:
        assert isinstance(event.callee, Member)
        shown = self._seen(path)
        first, last = definition.lineno, definition.end_lineno or definition.lineno
        own = _text(event.arguments.get(0, "path"))
        return Route(
            event.callee.name.upper(),
            "".join((*_prefixes(event.callee.receiver, above, 0), own)) or "?",
            qualname,
            shown,
            first,
            tuple(self._demands(qualname, events)),
            tuple(dict.fromkeys(self._steps(path, qualname, frozenset()))),
            tuple(one for one in self._findings if one.path == shown and first <= one.line <= last),
        )

    def _included(self, paths: Iterable[str]) -> dict[Place, list[tuple[Object, str]]]:
        """By the place where a router is made, what includes it, and under which prefix."""
        found: dict[Place, list[tuple[Object, str]]] = {}
        for path in paths:
            for event in self._events(path):
                if isinstance(event, Called) and isinstance(event.callee, Member):
                    router = event.arguments.get(0, "router")
                    if event.callee.name == "include_router" and isinstance(router, Object) and router.origin:
                        prefix = _text(event.arguments.get(1, "prefix"))
                        found.setdefault(router.origin, []).append((event.callee.receiver, prefix))
        return found

    def _demands(self, qualname: str, events: Sequence[Event]) -> Iterator[Demand]:
        seen = set()
        for event in events:
            if isinstance(event, ReadTraced) and event.function == qualname:
                query = f"{self._seen(event.origin[0])}:{event.origin[1]}" if event.origin else ""
                demand = Demand(event.reader, event.route, event.supply, event.line, query)
                if (event.is_relationship or event.supply == "missing") and demand not in seen:
                    seen.add(demand)
                    yield demand

    def _steps(self, path: str, qualname: str, above: frozenset[tuple[str, str]]) -> Iterator[Step]:
        """The operations on sessions in a function and in the functions that it calls."""
        if (path, qualname) in above or len(above) > _DEEPEST:
            return
        for event in self._calls_in(path, qualname):
            callee = event.callee
            if isinstance(callee, Member) and callee.receiver.type.rpartition(".")[2] in _SESSIONS:
                yield Step(event.text, qualname, f"{self._seen(path)}:{event.line}")
            elif isinstance(callee, Function):
                name = f"{callee.owner.name}.{callee.name}" if callee.owner is not None else callee.name
                yield from self._steps(callee.path, name, above | {(path, qualname)})

    def _calls_in(self, path: str, qualname: str) -> list[Called]:
        if path not in self._read:
            self._read.add(path)
            for event in self._events(path):
                if isinstance(event, Called):
                    self._calls.setdefault((path, event.function), []).append(event)
        return self._calls.get((path, qualname), [])

    def _seen(self, path: str) -> str:
        return seen_from(self._cwd, self._root, path)


def _is_registration(event: Event) -> bool:
    """Whether a call is the decorator of a route."""
    return (
        isinstance(event, Called)
        and isinstance(event.callee, Member)
        and knowledge.is_registering_method(event.callee.receiver.type, event.callee.name)
    )


def _prefixes(router: Object, above: Mapping[Place, list[tuple[Object, str]]], depth: int) -> tuple[str, ...]:
    """The prefixes of a router, the outermost first; of several that include it, by the first."""
    own = (_text(router.argument("prefix")),)
    including = above.get(router.origin, []) if router.origin is not None and depth < _DEEPEST else []
    for parent, prefix in including[:1]:
        return (*_prefixes(parent, above, depth + 1), prefix, *own)
    return own


def _text(value: Value | None) -> str:
    return value.value if isinstance(value, Const) and isinstance(value.value, str) else ""


def _definitions(tree: ast.AST, above: str = "") -> Iterator[tuple[str, Definition]]:
    """All functions with their qualified names."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield f"{above}{node.name}", node
        name = (
            f"{above}{node.name}."
            if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
            else above
        )
        yield from _definitions(node, name)
