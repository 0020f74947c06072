"""Session factories of modules that no code gives an engine."""

from __future__ import annotations

from typing import Final

from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.values import Arguments, Library, Value
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.walk import dotted, nodes_in

_FACTORY: Final = "sqlalchemy.ext.asyncio.async_sessionmaker"
_MAKER: Final = "create_async_engine"
_ENGINES: Final = frozenset({"bind", "binds", "class_", "sync_session_class"})
"""Arguments that say, or may say, which engine a session uses."""


def is_unbound(frame: Frame, callee: Value, arguments: Arguments, node: tree.Call) -> bool:
    """Whether a call makes the factory of a module that never gets an engine, though code uses it."""
    if not isinstance(callee, Library) or callee.dotted != _FACTORY or frame.qualname:
        return False
    if arguments.args or arguments.opaque or not _ENGINES.isdisjoint(name for name, _ in arguments.keywords):
        return False
    if not frame.ctx.project.mentioning(_MAKER):
        return False  # other code makes the engine, and may bind it
    for statement in frame.ctx.project.body(frame.path):
        match statement:
            case tree.Assign(targets=[tree.Name(id=name)], value=made) if made is node:
                return _is_only_called(frame.ctx, name)
    return False


def _is_only_called(ctx: Context, name: str) -> bool:
    """Whether all code that uses a factory calls it without an engine, and some does."""
    is_called = False
    for path in ctx.project.mentioning(name):
        nodes = list(nodes_in(ctx.project.body(path)))
        calls = [node for node in nodes if isinstance(node, tree.Call)]
        bare = {id(call.func) for call in calls if not call.args and not call.keywords}
        bound = {id(target) for node in nodes if isinstance(node, tree.Assign) for target in node.targets}
        for node in nodes:
            is_use = isinstance(node, (tree.Name, tree.Attr)) and dotted(node).rpartition(".")[2] == name
            if is_use and id(node) in bare:
                is_called = True
            elif is_use and id(node) not in bound:
                return False
    return is_called
