"""What the start of a worker of arq leaves in the ``ctx`` that its jobs get: ``ctx["session_factory"]``.

Only values that all jobs may share are provided, as on the state of an application: factories, engines,
clients and services. Source: arq's documentation, "Startup & Shutdown coroutines".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from flake8_async_fastapi.domains.fastapi.application_state import may_be_shared, value_in
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.machine import names
from flake8_async_fastapi.engine.values import UNKNOWN, Collection, Function, Plain, Unknown, Value
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr, Param, Stmt
from flake8_async_fastapi.facts.walk import dotted, flat, nodes_in
from flake8_async_fastapi.project.views import view

_LIBRARY: Final = "arq"
_STARTUP: Final = "on_startup"
_JOBS: Final = ("functions", "cron_jobs")
_DICTS: Final = ("dict", "mapping")


def context_of_jobs(frame: Frame, function: Function, param: Param, declared: Value) -> Value | None:
    """The context of a job that some worker runs; None for any other parameter."""
    ctx, node = frame.ctx, function.node
    if not isinstance(node, tree.FunctionDef) or not node.is_async or node.params[0] is not param:
        return None
    is_dict = isinstance(declared, Plain) and declared.kind in _DICTS
    if function.owner is not None or not (is_dict or isinstance(declared, Unknown)):
        return None
    if not ctx.project.is_imported(_LIBRARY):
        return None
    found = ctx.query(("context of jobs", function.key), lambda: _find_context(ctx, function), UNKNOWN)
    return None if isinstance(found, Unknown) else found


def _find_context(ctx: Context, function: Function) -> Value:
    starts = {
        start
        for path in ctx.project.mentioning(_STARTUP)
        for written, jobs in ctx.project.view(path, _workers)
        if any(_means(ctx, path, job, function) for job in jobs)
        and isinstance(start := names.dotted_value(ctx, path, written), Function)
    }
    return _left_by(ctx, starts.pop()) if len(starts) == 1 else UNKNOWN


def _means(ctx: Context, path: str, written: str, function: Function) -> bool:
    if written.rpartition(".")[2] != function.name:
        return False
    found = names.dotted_value(ctx, path, written)
    return isinstance(found, Function) and found.key == function.key


@view
def _workers(body: list[Stmt]) -> list[tuple[str, list[str]]]:
    """The function that each worker of a file starts with, and all names among its jobs."""
    found = []
    for node in nodes_in(body):
        settings: dict[str, Expr] = {}
        if isinstance(node, tree.ClassDef):
            for statement in node.body:
                match statement:
                    case tree.Assign(targets=[tree.Name(id=name)], value=value) if value is not None:
                        settings[name] = value
        elif isinstance(node, tree.Call):
            settings = {keyword.name: keyword.value for keyword in node.keywords if keyword.name}
        if start := dotted(settings[_STARTUP]) if _STARTUP in settings else "":
            jobs = [settings[name] for name in _JOBS if name in settings]
            named = (part for part in nodes_in(jobs) if isinstance(part, (tree.Name, tree.Attr)))
            found.append((start, [text for part in named if (text := dotted(part))]))
    return found


def _left_by(ctx: Context, start: Function) -> Value:
    """A dict with what a function puts into its first argument at a constant key, each only once."""
    at: dict[str, list[tree.Assign]] = {}
    for key, statement in _kept(start.node):
        at.setdefault(key, []).append(statement)
    values = {key: value_in(ctx, start, put[0]) for key, put in at.items() if len(put) == 1}
    shared = {key: value for key, value in values.items() if may_be_shared(ctx, value)}
    if not shared:
        return UNKNOWN
    return Collection("dict", items=(*shared.values(), UNKNOWN), keys=(*shared, None))  # arq adds its own


def _kept(start: tree.FunctionDef | tree.Lambda) -> Iterator[tuple[str, tree.Assign]]:
    body = start.body if isinstance(start, tree.FunctionDef) and start.params else []
    for statement in flat(body):
        match statement:
            case tree.Assign(
                targets=[tree.Subscript(value=tree.Name(id=owner), index=tree.Const(value=str(key)))]
            ) if owner == start.params[0].name:
                yield key, statement
