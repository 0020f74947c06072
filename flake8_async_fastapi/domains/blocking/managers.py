"""Context managers that block when they are entered or left."""

from __future__ import annotations

from typing import Final

from flake8_async_fastapi.domains.blocking import effects as thread
from flake8_async_fastapi.domains.blocking.context import BlockingContext
from flake8_async_fastapi.domains.blocking.events import Effect
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.machine import classes, functions
from flake8_async_fastapi.engine.text import for_message, path_of
from flake8_async_fastapi.engine.values import Arguments, Function, Instance, Manager, Object, Value
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import dotted, nodes_in
from flake8_async_fastapi.knowledge import blocking as table


def apply_manager(frame: Frame, value: Value, node: Expr, is_async: bool) -> None:
    """Apply the effects of entering and leaving a context manager."""
    if is_async:
        return
    origin = frame.place_of(node)
    if isinstance(value, Manager) and not value.is_async:
        thread.apply_deferred_effects(frame, value, origin)
    elif isinstance(value, Instance):
        for name in ("__enter__", "__exit__"):
            method = classes.instance_attribute(frame.ctx, value, name)
            if isinstance(method, Function):
                effects = thread.effects_of_callback(frame, method, Arguments(opaque=True))
                thread.apply_callback_effects(frame, effects, origin, value.cls.name)
    elif isinstance(value, Object) and value.type in table.EXECUTORS:
        if _leaves_work(frame):
            label = f"leaving {value.type.rpartition('.')[2]}"
            thread.report_or_keep_blocking(
                frame, Effect("blocking-wait", label, origin.spot, advice=_INSTEAD_OF_WITH), origin
            )
    elif isinstance(value, Object) and value.type in table.LOCKS and frame.is_async:
        awaits = any(
            isinstance(inner, tree.Await) for inner in nodes_in(frame.notes_of(BlockingContext).body)
        )
        if awaits or _is_held_long(frame, node):
            thread.report_or_keep_blocking(
                frame,
                Effect(
                    "blocking-wait", path_of(node) or for_message(node), origin.spot, advice=_INSTEAD_OF_LOCK
                ),
                origin,
            )


_INSTEAD_OF_WITH: Final = "await loop.run_in_executor(...)"
_INSTEAD_OF_LOCK: Final = "asyncio.Lock if no thread takes it, or run_in_threadpool for the block"
_WAITS: Final = frozenset({"result", "as_completed", "wait", "wrap_future", "gather", "run_in_executor"})


def _leaves_work(frame: Frame) -> bool:
    """Whether the block of a ``with`` over an executor submits work that it does not wait for itself."""
    target = frame.notes_of(BlockingContext).target
    pool = path_of(target) if target is not None else ""
    submits, waits = False, False
    for node in nodes_in(frame.notes_of(BlockingContext).body):
        if isinstance(node, tree.Attr):
            submits = submits or (node.name in ("submit", "map") and dotted(node.value) == pool)
            waits = waits or node.name in _WAITS
        elif isinstance(node, tree.Name):
            waits = waits or node.id in _WAITS
        elif isinstance(node, tree.Call) and isinstance(node.func, tree.Name):
            waits = waits or f"builtins.{node.func.id}" in table.CONSUMERS
        elif isinstance(node, (tree.For, tree.CompFor)):
            waits = waits or any(isinstance(n, tree.Attr) and n.name == "map" for n in nodes_in(node.iter))
    return bool(pool) and submits and not waits


def _is_held_long(frame: Frame, lock: Expr) -> bool:
    """Whether a plain function of the same file blocks while it holds the same lock."""
    name = path_of(lock)
    if not name:
        return False
    ctx, path = frame.ctx, frame.path
    return ctx.query(("held long", path, name), lambda: _any_holder_blocks(ctx, path, name), False)


def _any_holder_blocks(ctx: Context, path: str, lock: str) -> bool:
    for node in nodes_in(ctx.project.body(path)):
        if isinstance(node, tree.FunctionDef) and not node.is_async and "." not in node.qualname:
            holds = any(
                isinstance(inner, tree.With) and any(path_of(item.context) == lock for item in inner.items)
                for inner in nodes_in(node.body)
            )
            if holds:
                effects = thread.effects_of(ctx, functions.as_function(path, node), None)
                if any(map(thread.is_blocking, effects)):
                    return True
    return False


def note_with_block(frame: Frame, node: tree.With, item: tree.WithItem) -> None:
    """Note the block of the context manager that is entered next."""
    context = frame.notes_of(BlockingContext)
    context.body, context.target = node.body, item.target
