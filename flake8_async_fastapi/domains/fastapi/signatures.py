"""Functions that FastAPI calls, and whose parameters it cannot see.

FastAPI reads ``*args`` and ``**kwargs`` as two required parameters of the query, so each request is answered
with status 422. Such functions are the wrappers of decorators without ``functools.wraps``, and mocks.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from flake8_async_fastapi.domains.fastapi.events import SignatureHidden
from flake8_async_fastapi.domains.fastapi.routes import ROUTE, is_written_verb
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.machine import definitions, names
from flake8_async_fastapi.engine.text import for_message
from flake8_async_fastapi.engine.values import Arguments, Function, Library, Object, Value
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import nodes_in
from flake8_async_fastapi.knowledge import is_subtype

_MOCK: Final = "unittest.mock.Mock"
_SPECIFIED: Final = frozenset({"0", "spec", "spec_set", "wraps"})
"""The arguments that give a mock the signature of something else."""
_SHOWN_BY: Final = frozenset({"wraps", "update_wrapper", "__signature__", "__wrapped__"})
"""What a decorator uses to show the signature of the function that it wraps."""


def report_dependency(
    frame: Frame, callee: Value, arguments: Arguments, node: tree.Call, result: Value
) -> None:
    """Report ``Depends(given)`` for a function whose parameters FastAPI cannot see."""
    if node.args:
        report_given(frame, arguments.get(0, "dependency"), node.args[0], "")


def report_given(frame: Frame, given: Value | None, written: Expr, replaced: str) -> None:
    """Report a dependency, or what replaces the one named ``replaced``, if its parameters are hidden."""
    hidden = () if given is None else tuple(_hidden(frame.ctx, given))
    if hidden:
        frame.emit_event(SignatureHidden(*frame.at(written), for_message(written), hidden, replaced))


def report_route(frame: Frame, function: Function, outer: Frame) -> None:
    """Report a route under a decorator whose wrapper hides the parameters of the route."""
    node = function.node
    if frame.role != ROUTE or not isinstance(node, tree.FunctionDef) or "." in node.qualname:
        return
    own = [decorator for decorator in node.decorators if not is_written_verb(decorator)]
    if not own or not is_written_verb(node.decorators[0]):
        return
    wrapper = names.module_value(frame.ctx, frame.path, node.name)
    hidden = tuple(_hidden(frame.ctx, wrapper))
    if hidden:
        where = (frame.path, own[0].line, own[0].col, frame.qualname)
        frame.ctx.events.append(SignatureHidden(*where, f"@{for_message(own[0])}", hidden, "", node.name))


def _hidden(ctx: Context, given: Value) -> Iterator[str]:
    """The parameters that FastAPI would ask the query for: the names of ``*args`` and ``**kwargs``."""
    if isinstance(given, Function) and not _is_shown(ctx, given):
        yield from (param.name for param in given.node.params if param.kind in ("*", "**"))
    elif isinstance(given, Object):
        if is_subtype(given.type, _MOCK) and not _SPECIFIED & {name for name, _ in given.arguments}:
            yield from ("args", "kwargs")
    elif isinstance(given, Library) and is_subtype(given.dotted, _MOCK):
        yield from ("args", "kwargs")


def _is_shown(ctx: Context, function: Function) -> bool:
    """Whether the code around a function may give it the signature of another one."""
    node = function.node
    if isinstance(node, tree.Lambda):
        return False
    if node.decorators:
        return True
    outermost = node.qualname.partition(".")[0]
    if outermost == node.qualname:
        return False
    found = definitions.only_definition(ctx, function.path, outermost)
    return found is None or any(
        (isinstance(part, tree.Name) and part.id in _SHOWN_BY)
        or (isinstance(part, tree.Attr) and part.name in _SHOWN_BY)
        for part in nodes_in(found[1])
    )
