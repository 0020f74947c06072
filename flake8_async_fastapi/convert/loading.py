"""Loader options and refreshes for attributes that were loaded when code read them."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from flake8_async_fastapi.convert.demands import Demand
from flake8_async_fastapi.convert.imports import Imports
from flake8_async_fastapi.convert.infer import Inference
from flake8_async_fastapi.convert.keyed import KeyedQueries, select_by_key
from flake8_async_fastapi.convert.libraries import BUILDERS
from flake8_async_fastapi.convert.names import Program
from flake8_async_fastapi.convert.refreshes import EXPIRING, Place, Refreshes
from flake8_async_fastapi.convert.strategies import Strategies
from flake8_async_fastapi.convert.tests_reading import TestRefreshes
from flake8_async_fastapi.convert.texts import Edit, Source
from flake8_async_fastapi.convert.values import Class, Module
from flake8_async_fastapi.project.modules import is_test

_LONGEST_ROUTE: Final = 4
_CHAINED: Final = frozenset({*BUILDERS, *BUILDERS.values(), "values", "returning"})
_SELECTING: Final = frozenset("select sql_select get get_one insert update delete".split())
_LOADERS: Final = frozenset("selectinload joinedload subqueryload contains_eager defaultload".split())


class LoadingEdits:
    """Makes such edits in a project."""

    def __init__(
        self, inference: Inference, sources: Mapping[str, Source], imports: Mapping[str, Imports]
    ) -> None:
        self.inference = inference
        self.sources = sources
        self.imports = imports
        self.refreshes = Refreshes(inference, sources)
        self.in_tests = TestRefreshes(inference, sources)
        self.strategies = Strategies(inference, sources)
        self.keys = KeyedQueries(inference, sources)

    def edits(self, demands: Iterable[Demand]) -> Iterator[tuple[str, Edit]]:
        """The edits for some demands, each with its file."""
        by_query: dict[tuple[str, int], list[tuple[str, ...]]] = {}
        to_refresh: dict[Place, list[Demand]] = {}
        for demand in demands:
            in_test = self.in_tests.place(demand)
            if demand.is_of_query and in_test is None:
                by_query.setdefault(demand.origin, []).append(demand.route)
            else:
                place = in_test or self.refreshes.place(demand)
                if place is not None:
                    to_refresh.setdefault(place, []).append(demand)
                elif demand.is_relationship and demand.cause not in EXPIRING and not _is_chance(demand):
                    yield from self.strategies.always(set(demand.route))
        for (path, line), routes in by_query.items():
            source = self.sources.get(path)
            if source is not None:
                shorter = [route for route in dict.fromkeys(routes) if len(route) <= _LONGEST_ROUTE]
                yield from self._options(source, line, _longest(shorter))
        for place, lost in to_refresh.items():
            is_whole = all(demand.cause in EXPIRING and not demand.is_relationship for demand in lost)
            attributes = dict.fromkeys(demand.route[-1].rpartition(".")[2] for demand in lost)
            quoted = ", ".join(f'"{name}"' for name in attributes)
            rest = ")" if is_whole else f", attribute_names=[{quoted}])"
            source = self.sources[place.path]
            edit = place.inserted(source, rest)
            if not source.text[: edit.start].rstrip().endswith(edit.text.strip()):
                yield place.path, edit
        yield from self.in_tests.parameters()

    # --- queries --------------------------------------------------------------------------

    def _options(
        self, source: Source, line: int, routes: list[tuple[str, ...]]
    ) -> Iterator[tuple[str, Edit]]:
        node = self._query_at(source, line, routes)
        if node is None:
            return
        if self._serves_any(source, node, routes[0][0].partition(".")[0]):
            yield from self.strategies.always({step for route in routes for step in route})
        else:
            yield from ((source.path, edit) for edit in self._added_options(source, node, routes))

    def _serves_any(self, source: Source, node: ast.Call, model: str) -> bool:
        """Whether a query serves any model passed to it: options for one model would fail for another."""
        value = self.inference.value(source, node.args[0])
        named = source.code(node.args[0]).rpartition(".")[2] == model
        return not named and not isinstance(value, Class)

    def _added_options(self, source: Source, node: ast.Call, routes: list[tuple[str, ...]]) -> Iterator[Edit]:
        loader = self.imports[source.path].need("sqlalchemy.orm", "selectinload")
        end, call = self._chain_of(source, node)
        present = _options_of_get(node) if _is_get(node) else (call.args if call is not None else [])
        added, longer = [], dict.fromkeys(present, "")
        for route in routes:
            option, rest = self._extended(source, present, route, loader)
            if option is None or longer[option]:  # one chain leads to one relationship
                added.append(self._chain(source, route, loader))
            else:
                longer[option] = rest
        if present:
            longer[present[-1]] += "".join(f", {text}" for text in added)
            yield from (source.after(option, text) for option, text in longer.items() if text)
        elif not added:
            return
        elif _is_get(node) and (key := self.keys.key_of_shared(source, node)):
            yield select_by_key(source, node, key, self.imports[source.path], ", ".join(added))
        elif _is_get(node):
            last = max([*node.args, *(word.value for word in node.keywords)], key=source.end)
            yield source.after(last, f", options=[{', '.join(added)}]")
        else:
            yield self._new_option(source, node, end, ", ".join(added))

    def _query_at(self, source: Source, line: int, routes: list[tuple[str, ...]]) -> ast.Call | None:
        """The call of ``select()`` or the like on a line, for the model at the start of the routes."""
        model = routes[0][0].partition(".")[0] if routes else ""
        found = []
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Call) and node.lineno <= line <= (node.end_lineno or line):
                name = (
                    node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                )
                if name in _SELECTING and node.args:
                    named = source.code(node.args[0]).rpartition(".")[2] == model
                    found.append(
                        (node.lineno != line, not named, abs(node.lineno - line), source.start(node), node)
                    )
        found.sort(key=lambda entry: entry[:4])
        return found[0][4] if found else None

    def _chain_of(self, source: Source, node: ast.Call) -> tuple[ast.Call, ast.Call | None]:
        """The end of a chain of methods, and the call of ``options`` in it."""
        present = None
        while True:
            attribute = source.parents[node]
            call = source.parents.get(attribute)
            if not (
                isinstance(attribute, ast.Attribute) and isinstance(call, ast.Call) and call.func is attribute
            ):
                return node, present
            if attribute.attr not in _CHAINED:
                return node, present
            node = call
            present = call if attribute.attr == "options" else present

    def _new_option(self, source: Source, root: ast.Call, end: ast.Call, text: str) -> Edit:
        gap = ""
        if end is not root and end.end_lineno != root.end_lineno and isinstance(end.func, ast.Attribute):
            line = source.line_text(end.func.end_lineno or end.lineno)
            if line.lstrip().startswith("."):
                gap = f"\n{line[: len(line) - len(line.lstrip())]}"
        return source.after(end, f"{gap}.options({text})")

    def _extended(
        self, source: Source, present: list[ast.expr], route: tuple[str, ...], loader: str
    ) -> tuple[ast.expr | None, str]:
        """The option that loads the beginning of a route, if there is one, and the rest of its chain."""
        for option in present:
            steps = _steps(source, option)
            named = tuple(step.rpartition(".")[2] for step in steps)
            wanted = tuple(step.rpartition(".")[2] for step in route)
            if steps and len(steps) < len(route) and wanted[: len(steps)] == named:
                rest = [f".{_plain(loader)}({self._step(source, step)})" for step in route[len(steps) :]]
                return option, "".join(rest)
        return None, ""

    def _chain(self, source: Source, route: tuple[str, ...], loader: str) -> str:
        first, *rest = (self._step(source, step) for step in route)
        return "".join([f"{loader}({first})", *(f".{_plain(loader)}({step})" for step in rest)])

    def _step(self, source: Source, step: str) -> str:
        model, _, name = step.partition(".")
        return f"{self._local(source, model)}.{name}"

    def _local(self, source: Source, model: str) -> str:
        """The name of a class in a file."""
        program: Program = self.inference.program
        if program.globals(source, model):
            return model
        homes = [path for path in self.sources if isinstance(program.definition(path, model), ast.ClassDef)]
        for local, bounds in program.bindings(source, source.tree).items():
            value = self.inference.imported(bounds[0]) if bounds and bounds[0].kind == "import" else None
            if isinstance(value, Module) and program.globals(self.sources[value.path], model):
                return f"{local}.{model}"
        if len(homes) != 1:
            return model
        return self.imports[source.path].need(program.module_name(source, self.sources[homes[0]]), model)

    # --- joined collections ---------------------------------------------------------------

    def unique(self, source: Source, line: int, method: str) -> Iterator[Edit]:
        """``.unique()`` before a method that fetches."""
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Attribute) and node.attr == method and node.end_lineno == line:
                at = source.end(node) - len(method) - 1
                if source.text[at] == ".":
                    yield Edit(at, at, 0, ".unique()")
                    return


def _longest(routes: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """The routes that are not the beginning of another."""
    return [
        route
        for route in routes
        if not any(other != route and other[: len(route)] == route for other in routes)
    ]


def _is_chance(demand: Demand) -> bool:
    """Whether only a test reads the attribute, and it may be there."""
    return not demand.is_certain and is_test(demand.read[0])


def _is_get(node: ast.Call) -> bool:
    return isinstance(node.func, ast.Attribute) and node.func.attr in ("get", "get_one")


def _options_of_get(node: ast.Call) -> list[ast.expr]:
    for word in node.keywords:
        if word.arg == "options" and isinstance(word.value, (ast.List, ast.Tuple)):
            return word.value.elts
    return []


def _steps(source: Source, option: ast.expr) -> list[str]:
    """The attributes that a chain of loaders loads; none for other options."""
    steps: list[str] = []
    while isinstance(option, ast.Call) and len(option.args) == 1:
        name = option.func.attr if isinstance(option.func, ast.Attribute) else getattr(option.func, "id", "")
        if name not in _LOADERS:
            return []
        steps.insert(0, source.code(option.args[0]))
        if not isinstance(option.func, ast.Attribute) or not isinstance(option.func.value, ast.Call):
            return steps
        option = option.func.value
    return []


def _plain(loader: str) -> str:
    return loader.rpartition("_")[2] if loader.startswith("sql_") else loader
