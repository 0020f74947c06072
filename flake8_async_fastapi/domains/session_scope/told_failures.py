"""Functions that raise an error of the project in place of that of a failed flush, and roll nothing back."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.session_scope.after_failure import UNDOES, flushed_in, name_outside
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.machine import names
from flake8_async_fastapi.engine.values import Arguments, ClassValue, Function, Library
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.walk import dotted, nodes_in


def sessions_told(
    frame: Frame, function: Function, arguments: Arguments, node: tree.Call
) -> Iterator[tuple[str, ClassValue]]:
    """The sessions that a called function leaves to be rolled back, with the error that it raises then."""
    body, is_known = function.node, isinstance(node.func, (tree.Name, tree.Attr))
    if not isinstance(body, tree.FunctionDef) or not is_known or body.decorators or not body.is_async:
        return
    key = ("told by", function.key)
    for inside, error in frame.ctx.derive(key, lambda: tuple(_told_by(frame.ctx, function.path, body))):
        outside = name_outside(frame, function, arguments, node, inside)
        if outside:
            yield outside, error


def _told_by(ctx: Context, path: str, node: tree.FunctionDef) -> Iterator[tuple[str, ClassValue]]:
    """The sessions of a function, by its own names, and the errors."""
    attempts = [one for one in node.body if isinstance(one, tree.Try) and not one.final]
    if not attempts or node.is_generator:
        return
    for one in nodes_in(node.body):
        if isinstance(one, tree.With) or (isinstance(one, tree.Attr) and one.name in UNDOES):
            return  # a block may end the transaction
    for attempt in attempts:
        for handler in attempt.handlers:
            error = _raised_by(ctx, path, handler)
            if error is not None:
                yield from ((session, error) for session in sorted(flushed_in(attempt.body)))


def _raised_by(ctx: Context, path: str, handler: tree.Handler) -> ClassValue | None:
    """The class of the project that a handler of SQLAlchemy's errors raises at its end."""
    kinds = [one for one in nodes_in(handler.type) if isinstance(one, (tree.Name, tree.Attr))]
    caught = [names.dotted_value(ctx, path, dotted(one)) for one in kinds if dotted(one)]
    if not any(isinstance(one, Library) and one.dotted.startswith("sqlalchemy.") for one in caught):
        return None
    last = handler.body[-1] if handler.body else None
    raised = last.parts[0] if isinstance(last, tree.Raise) and last.parts else None
    text = dotted(raised.func if isinstance(raised, tree.Call) else raised) if raised is not None else ""
    error = names.dotted_value(ctx, path, text) if text else None
    return error if isinstance(error, ClassValue) else None
