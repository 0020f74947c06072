"""Alembic: a command runs the project's ``env.py``, which may start an event loop."""

from __future__ import annotations

from typing import Final

from flake8_async_fastapi import knowledge
from flake8_async_fastapi.engine.frame import Context
from flake8_async_fastapi.engine.machine import names
from flake8_async_fastapi.engine.values import called_name
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.walk import dotted, nodes_in

_ENTRY: Final = "run_migrations"  # of the context; the names of both functions in the template start with it
COMMANDS: Final = frozenset(
    f"alembic.command.{name}" for name in ("check", "current", "downgrade", "stamp", "upgrade")
)
# An ``env.py`` that mentions one of these also runs inside a loop, or in a thread of its own.
_COPES: Final = frozenset({"attributes", "get_running_loop", "is_running", "Thread", "ThreadPoolExecutor"})


def starts_loop(ctx: Context) -> bool:
    """Whether each ``env.py`` of a project starts an event loop, whoever runs the command."""
    return ctx.query(("migrations start a loop",), lambda: _starts_loop(ctx), False)


def _starts_loop(ctx: Context) -> bool:
    files = [path for path in ctx.project.mentioning(_ENTRY) if path.rpartition("/")[2] == "env.py"]
    return bool(files) and all(_file_starts_loop(ctx, path) for path in files)


def _file_starts_loop(ctx: Context, path: str) -> bool:
    starts = False
    for node in nodes_in(ctx.project.body(path)):
        if isinstance(node, (tree.Attr, tree.Name)) and dotted(node).rpartition(".")[2] in _COPES:
            return False
        if isinstance(node, tree.Call) and dotted(node.func):
            callee = names.dotted_value(ctx, path, dotted(node.func))
            starts |= knowledge.effect(called_name(callee)) == "event-loop"
    return starts
