"""SQLite in memory: each connection has its own database, unless the pool keeps a single connection.

SQLAlchemy chooses ``StaticPool`` for ``:memory:`` on an async engine, and a pool of one connection for each
thread on a sync engine. Source: engines created with each URL and pool, under SQLAlchemy 2.0 and 2.1.
"""

from __future__ import annotations

from typing import Final

from flake8_async_fastapi.domains.database.events import MemorySplit
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.machine import definitions
from flake8_async_fastapi.engine.text import for_message
from flake8_async_fastapi.engine.values import Arguments, Collection, Library
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import dotted, nodes_in, written_argument

_ANYWHERE: Final = 1_000
_QUEUES: Final = frozenset({"AsyncAdaptedQueuePool", "FallbackAsyncAdaptedQueuePool"})


def report_memory(frame: Frame, arguments: Arguments, node: tree.Call, *, is_async: bool) -> None:
    """Report an engine for SQLite in memory that opens several connections, and so several databases."""
    written = written_argument(node, 0, "url")
    url = None if written is None else _text_of(frame, written)
    if url is None or arguments.opaque or not url.startswith("sqlite"):
        return
    kind = _kind_of_memory(url)
    pool = _pool_for(kind, arguments, node, is_async=is_async) if kind else ""
    if pool and not _shares_connection(frame):
        frame.emit_event(MemorySplit(*frame.at(node), for_message(node.func), pool))


def _pool_for(kind: str, arguments: Arguments, node: tree.Call, *, is_async: bool) -> str:
    """The pool that splits a database in memory; empty if none does."""
    given = arguments.get(_ANYWHERE, "poolclass")
    if given is None:
        if is_async:
            return "AsyncAdaptedQueuePool" if kind == "file" else ""
        options = arguments.get(_ANYWHERE, "connect_args")
        keys = options.keys or () if isinstance(options, Collection) else ()
        return "SingletonThreadPool" if "check_same_thread" in keys and kind == "memory" else ""
    name = given.dotted.rpartition(".")[2] if isinstance(given, Library) else ""
    if name == "NullPool":
        return name
    return name if is_async and name in _QUEUES and kind != "shared" and _has_room(node) else ""


def _has_room(node: tree.Call) -> bool:
    """Whether a pool can certainly open a second connection."""
    size, more = (written_argument(node, _ANYWHERE, name) for name in ("pool_size", "max_overflow"))
    match size, more:
        case (None | tree.Const(), None) | (None, tree.Const()):
            return True
        case (tree.Const(value=int(number)), tree.Const(value=int(extra))):
            return number + extra > 1
    return False


def _kind_of_memory(url: str) -> str:
    """The kind of database in memory that a URL names; empty for a database in a file.

    ``file``: SQLAlchemy treats the name as that of a file; ``shared``: the database exists as long as any
    connection.
    """
    name, _, query = url.partition("://")[2].lstrip("/").partition("?")
    options = query.split("&")
    if name in ("", ":memory:"):
        return "memory"
    if "uri=true" not in options or not name.startswith("file:"):
        return ""
    if "cache=shared" in options:
        return "shared" if name == "file::memory:" or "mode=memory" in options else ""
    if "mode=memory" in options:
        return "memory"
    return "file" if name == "file::memory:" else ""


def _text_of(frame: Frame, written: Expr) -> str | None:
    """The text of a URL, written in place or as a named constant."""
    if isinstance(written, tree.Name):
        body = frame.node.body if isinstance(frame.node, tree.FunctionDef) else ()
        local = [one for one in nodes_in(list(body)) if _assigns(one, written.id)]
        found = local[0] if len(local) == 1 else None
        if (
            not local
            and (there := definitions.only_definition(frame.ctx, frame.path, written.id)) is not None
        ):
            found = there[1]
        written = found.value if isinstance(found, tree.Assign) and found.value is not None else written
    return written.value if isinstance(written, tree.Const) and isinstance(written.value, str) else None


def _assigns(node: object, name: str) -> bool:
    return isinstance(node, tree.Assign) and any(
        isinstance(target, tree.Name) and target.id == name for target in node.targets
    )


def _shares_connection(frame: Frame) -> bool:
    """Whether code of this file opens one connection and binds its sessions to it."""
    opened, given = set(), set()
    body = frame.ctx.project.body(frame.path)
    for node in nodes_in(body):
        match node:
            case tree.WithItem(
                context=tree.Call(func=tree.Attr(name="connect" | "begin")), target=tree.Name(id=name)
            ):
                opened.add(name)
            case tree.Assign(
                value=tree.Call(func=tree.Attr(name="connect"))
                | tree.Await(value=tree.Call(func=tree.Attr(name="connect")))
            ):
                opened.update(dotted(target) for target in node.targets)
            case tree.Call(func=func) if "session" in dotted(func).lower():
                bind = written_argument(node, 0, "bind")
                given.add("" if bind is None else dotted(bind))
    functions = (node for node in nodes_in(body) if isinstance(node, tree.FunctionDef))
    opened |= {function.name for function in functions if _gives_one_of(function, opened)}
    return bool(opened & given)


def _gives_one_of(function: tree.FunctionDef, variables: set[str]) -> bool:
    """Whether a fixture yields or returns one of some variables: others get it by the name of the fixture."""
    return any(
        isinstance(node, (tree.Yield, tree.Return))
        and isinstance(node.value, tree.Name)
        and node.value.id in variables
        for node in nodes_in(function.body)
    )
