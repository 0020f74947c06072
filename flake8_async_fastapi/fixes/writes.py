"""Where a function has written all that a relationship shows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import libcst as cst

from flake8_async_fastapi.fixes.code import Code
from flake8_async_fastapi.fixes.queries import neighbour


@dataclass(frozen=True)
class Written:
    """An object in a variable, the session that has it, and an attribute that is read later."""

    session: str
    name: str
    attribute: str


def last_write(code: Code, statement: cst.BaseStatement, written: Written) -> cst.BaseStatement:
    """The last statement of a block that uses the session, from one on.

    A collection shows what was written before it was loaded. So the search ends where the attribute may be
    read: where the function returns, or passes the object on.
    """
    last = following = statement
    while (found := neighbour(code, following, 1)) is not None:
        following = found
        nodes = list(_nodes_in(following))
        if any(_may_read(code, node, written) for node in nodes):
            break
        is_session = any(
            isinstance(node, (cst.Name, cst.Attribute)) and code.source(node) == written.session
            for node in nodes
        )
        if is_session and any(isinstance(node, cst.Await) for node in nodes):
            last = following
    return last


def _nodes_in(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    yield node
    for child in node.children:
        yield from _nodes_in(child)


def _may_read(code: Code, node: cst.CSTNode, written: Written) -> bool:
    """Whether a part of a statement may read the attribute, or makes the variable mean another object."""
    if isinstance(node, (cst.Return, cst.Yield)):
        return True
    if isinstance(node, cst.Attribute) and node.attr.value == written.attribute:
        return not isinstance(node.value, cst.Name) or node.value.value == written.name
    if not isinstance(node, cst.Name) or node.value != written.name or code.is_label(node):
        return False
    parent = code.parent(node)
    if isinstance(parent, cst.Attribute):
        return False
    call = code.parent(parent) if isinstance(parent, cst.Arg) else None
    return not (
        isinstance(call, cst.Call)
        and isinstance(call.func, cst.Attribute)
        and code.source(call.func.value) == written.session
    )
