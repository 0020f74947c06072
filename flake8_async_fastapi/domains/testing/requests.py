"""Requests that tests send, and the routes of the project that match their paths."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from flake8_async_fastapi.engine.frame import Context
from flake8_async_fastapi.engine.machine import functions
from flake8_async_fastapi.engine.values import Function
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.walk import bound_names, dotted, flat, nodes_in, parts_of, written_argument

_REQUESTS: Final = frozenset(
    {"get", "post", "put", "patch", "delete", "head", "options", "stream", "request"}
)
_VERBS: Final = _REQUESTS - {"request", "stream"} | {"api_route", "websocket"}


def requests_in(code: object, hidden: frozenset[str] = frozenset()) -> list[tuple[str, str, tree.Call]]:
    """The requests of code through a variable, each with its path; ``hidden`` variables are ignored."""
    found: list[tuple[str, str, tree.Call]] = []
    pending: list[tuple[object, frozenset[str]]] = [(code, hidden)]
    while pending:
        part, hidden = pending.pop()
        match part:
            case tree.FunctionDef():
                pending.append((part.body, hidden | bound_in(part)))
                continue
            case tree.Call(func=tree.Attr(value=owner, name=verb)) if verb in _REQUESTS:
                url = written_argument(part, int(verb in ("request", "stream")), "url")
                if isinstance(url, tree.Const) and isinstance(url.value, str) and dotted(owner) not in hidden:
                    path = re.sub(r"^https?://[^/]*", "", url.value).partition("?")[0]
                    found.append((dotted(owner), path or "/", part))
        pending += [(inner, hidden) for inner in reversed([*parts_of(part)])]
    return found


def bound_in(function: tree.FunctionDef) -> set[str]:
    """The parameters of a function, and the names that its code binds."""
    bound = {name for statement in flat(function.body) for name in bound_names(statement)}
    return bound | {param.name for param in function.params}


def routes(ctx: Context) -> Iterator[tuple[str, Function]]:
    """The routes of the project, by the paths in their decorators."""
    for path in sorted({one for word in ("FastAPI", "APIRouter") for one in ctx.project.mentioning(word)}):
        prefixes: dict[str, str] = {}
        functions_there: list[tree.FunctionDef] = []
        for node in nodes_in(ctx.project.body(path)):
            match node:
                case tree.FunctionDef():
                    functions_there.append(node)
                case tree.Assign(targets=[tree.Name(id=name)], value=tree.Call(keywords=keywords)):
                    prefixes.update((name, prefix) for prefix in _prefixes_in(keywords))
        for function in functions_there:
            for router, pattern in _paths_of(function):
                yield prefixes.get(router, "") + pattern, functions.as_function(path, function)


def _prefixes_in(keywords: list[tree.Keyword]) -> Iterator[str]:
    """The prefix that the creation of a router gives, if it is a text."""
    for keyword in keywords:
        match keyword:
            case tree.Keyword(name="prefix", value=tree.Const(value=str(prefix))):
                yield prefix


def _paths_of(function: tree.FunctionDef) -> Iterator[tuple[str, str]]:
    """The routers under which decorators put a function, each with the path."""
    for decorator in function.decorators:
        match decorator:
            case tree.Call(func=tree.Attr(value=router, name=verb)) if verb in _VERBS:
                written = written_argument(decorator, 0, "path")
                if isinstance(written, tree.Const) and isinstance(written.value, str):
                    yield dotted(router), written.value


def matches(pattern: str, requested: str) -> bool:
    """Whether a path is that of a route, perhaps behind a prefix."""
    parts = re.split(r"\{[^}]*\}", pattern)
    if not pattern.strip("/"):
        return requested == pattern or (requested == "/" and not pattern)
    return re.fullmatch("(?:/.*)?" + "[^/]+".join(map(re.escape, parts)), requested) is not None
