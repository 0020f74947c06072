"""The outline of a module, from its reduced tree."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.module import ClassOutline, Mentions, Outline
from flake8_async_fastapi.facts.tree import Binding, Colour, Expr, Stmt
from flake8_async_fastapi.facts.walk import (
    all_nodes,
    bound_names,
    colour_of,
    dotted,
    flat,
    nodes_in,
    written_argument,
)


def outline_of(body: list[Stmt]) -> tuple[Outline, Mentions]:
    """The outline of a module, and the names that its code mentions."""
    names: dict[str, None] = {}
    star: list[Binding] = []
    exports: list[str] | None = None
    for statement in flat(body):
        for name in bound_names(statement):
            names[name] = None
        if isinstance(statement, tree.Import):
            star.extend(binding for binding in statement.bindings if binding.local == "*")
        elif isinstance(statement, tree.Assign) and _assigns(statement, "__all__"):
            exports = _strings(statement.value)
    names.pop("*", None)
    mentions, calls = _walk(body)
    imports = sorted({binding.module for binding in mentions.imports if not binding.level})
    handed, registered, scoped, includes = _methods_used(calls)
    outline = Outline(
        list(names),
        star,
        exports,
        list(_classes(body)),
        imports,
        sorted(handed),
        sorted(registered),
        sorted(scoped),
        includes,
        list(_backrefs(body)),
        any(_called(node) in ("map_imperatively", "mapper") for node in calls),
        sorted(_session_factories(calls)),
        sorted(set(_owners_of_attributes(body))),
    )
    return outline, mentions


def _walk(body: list[Stmt]) -> tuple[Mentions, list[tree.Call]]:
    """The names that the code of a module mentions, and all its calls."""
    imports: list[Binding] = []
    functions: list[tuple[str, list[str]]] = []
    calls: list[tree.Call] = []
    around: list[object] = []
    pending: list[Stmt] = list(reversed(body))
    while pending:
        statement = pending.pop()
        if isinstance(statement, tree.ClassDef):
            pending += reversed(statement.body)
            around += [statement.bases, statement.keywords, statement.decorators]
        elif isinstance(statement, tree.FunctionDef):
            functions.append((statement.name, _mentioned(statement, imports, calls)))
        else:
            around.append(statement)
    functions.append(("", _mentioned(around, imports, calls)))
    return Mentions(imports, functions), calls


def _mentioned(code: object, imports: list[Binding], calls: list[tree.Call]) -> list[str]:
    """The names and attributes in some code, each once; its imports and calls are added to the lists."""
    found: dict[str, None] = {}
    for node in all_nodes(code):
        kind = type(node)
        if kind is tree.Name:
            found[cast(tree.Name, node).id] = None
        elif kind is tree.Attr:
            found[cast(tree.Attr, node).name] = None
        elif kind is tree.Call:
            calls.append(cast(tree.Call, node))
        elif kind is tree.Import:
            imports += cast(tree.Import, node).bindings
    return list(found)


def _owners_of_attributes(body: list[Stmt]) -> Iterator[str]:
    """The last names of objects whose attributes module-level code sets to results of calls."""
    for statement in flat(body):
        if isinstance(statement, tree.Assign) and isinstance(statement.value, tree.Call):
            for target in statement.targets:
                if isinstance(target, tree.Attr) and (owner := dotted(target.value)):
                    yield owner.rpartition(".")[2]


def _assigns(statement: tree.Assign, name: str) -> bool:
    return any(isinstance(target, tree.Name) and target.id == name for target in statement.targets)


def _strings(value: Expr | None) -> list[str] | None:
    if not isinstance(value, tree.Display):
        return None
    return [
        item.value for item in value.items if isinstance(item, tree.Const) and isinstance(item.value, str)
    ]


def _classes(body: list[Stmt]) -> Iterator[ClassOutline]:
    for statement in flat(body):
        if isinstance(statement, tree.ClassDef):
            methods: dict[str, Colour] = {}
            for inner in flat(statement.body):
                if isinstance(inner, tree.FunctionDef):
                    methods[inner.name] = colour_of(inner)
                elif isinstance(inner, tree.Assign) and isinstance(inner.value, tree.Name):
                    known = methods.get(inner.value.id)  # another name for it
                    methods |= {} if known is None else dict.fromkeys(map(dotted, inner.targets), known)
            bases = [text for base in statement.bases if (text := dotted(base))]
            yield ClassOutline(statement.qualname, bases, methods)
            yield from _classes(statement.body)


_REGISTRARS = frozenset(
    {"add_exception_handler", "add_api_route", "add_route", "add_websocket_route", "add_api_websocket_route"}
)


def _methods_used(calls: list[tree.Call]) -> tuple[set[str], set[str], set[str], bool]:
    """Functions passed to ``run_sync``, those registered with a framework, dependencies that may end late.

    Also whether ``include_router`` is used.
    """
    handed: set[str] = set()
    registered: set[str] = set()
    scoped: set[str] = set()
    includes = False
    for node in calls:
        name = _called(node)
        if name == "run_sync" and node.args:
            handed.add(dotted(node.args[0]).rpartition(".")[2])
        elif name in _REGISTRARS:
            values = (*node.args, *(keyword.value for keyword in node.keywords))
            registered.update(map(dotted, values))
        elif name in ("Depends", "Security"):
            target = written_argument(node, 0, "dependency")
            if target is not None:
                registered.add(dotted(target))
                if not _ends_early(node):
                    scoped.add(dotted(target))
        includes = includes or name == "include_router"
    return handed - {""}, registered - {""}, scoped - {""}, includes


def _ends_early(node: tree.Call) -> bool:
    """Whether a ``Depends`` ends its dependency before the response."""
    scopes = [keyword.value for keyword in node.keywords if keyword.name == "scope"]
    return any(not isinstance(scope, tree.Const) or scope.value == "function" for scope in scopes)


def _backrefs(body: list[Stmt]) -> Iterator[str]:
    for statement in flat(body):
        if isinstance(statement, tree.ClassDef) and any(
            isinstance(node, tree.Keyword) and node.name == "backref" for node in nodes_in(statement.body)
        ):
            yield statement.name


def _called(node: tree.Call) -> str:
    """The name of a called function, or of a method of any object."""
    func = node.func.value if isinstance(node.func, tree.Subscript) else node.func
    if isinstance(func, tree.Attr):
        return func.name
    return func.id if isinstance(func, tree.Name) else ""


_SESSION_MAKERS = frozenset({"configure", "async_sessionmaker", "AsyncSession", "sessionmaker"})


def _session_factories(calls: list[tree.Call]) -> Iterator[str]:
    """The ``expire_on_commit`` and ``autoflush`` of async session factories; both are True by default."""
    for node in calls:
        name = _called(node)
        if name not in _SESSION_MAKERS:
            continue
        given = {keyword.name: keyword.value for keyword in node.keywords}
        made = given.get("class_")
        if name == "configure" and "expire_on_commit" in given:
            yield "configure"
        if (
            name == "async_sessionmaker"
            or (name == "AsyncSession" and (node.args or given))
            or (
                name == "sessionmaker"
                and made is not None
                and dotted(made).rpartition(".")[2] == "AsyncSession"
            )
        ):
            flushes = given.get("autoflush")
            if flushes is not None and not (isinstance(flushes, tree.Const) and flushes.value is True):
                yield "autoflush"
            value = given.get("expire_on_commit")
            if isinstance(value, tree.Const) and isinstance(value.value, bool):
                yield str(value.value)
            else:
                yield "?" if value is not None or None in given else "True"
