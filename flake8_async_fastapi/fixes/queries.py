"""The queries in a file: the statement that a call runs, and where it is written."""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import libcst as cst

from flake8_async_fastapi.fixes.code import Code
from flake8_async_fastapi.fixes.edits import Edit, insert
from flake8_async_fastapi.knowledge.transactions import GETS, QUERIES

BEGIN: Final = frozenset({"select", "insert", "update", "delete"})
_NO_STATEMENT: Final = frozenset(
    {"subquery", "scalar_subquery", "cte", "alias", "exists", "union", "union_all", "intersect", "except_"}
)
"""Methods that make a part of another statement of a statement."""


@dataclass(frozen=True)
class Query:
    """A call that queries the database; ``statement`` is the one it runs, None for a ``get``."""

    call: cst.Call
    statement: cst.BaseExpression | None


def queries_on(code: Code, line: int) -> Iterator[Query]:
    """The queries that start on a line: statements, ``get``, and calls that run statements from elsewhere."""
    for call in code.on_line(line, cst.Call):
        name = called_name(call)
        if name in BEGIN and call.args:
            statement = _whole_chain(code, call)
            if not any(called_name(part) in _NO_STATEMENT for part in called_chain(statement)):
                yield Query(call, statement)
        elif name in GETS and len(call.args) > 1:
            yield Query(call, None)
    for call in code.on_line(line, cst.Call):
        if called_name(call) in QUERIES and call.args:
            yield Query(call, written_statement(code, call.args[0].value))


def _whole_chain(code: Code, call: cst.Call) -> cst.Call:
    """All calls of the chain that starts with one."""
    whole = call
    for part, outer in code.around(call):
        if isinstance(outer, cst.Attribute) and outer.value is part:
            continue
        if not isinstance(outer, cst.Call) or outer.func is not part:
            break
        whole = outer
    return whole


def called_name(call: cst.Call) -> str:
    """The last name of a callee."""
    if isinstance(call.func, cst.Attribute):
        return call.func.attr.value
    return call.func.value if isinstance(call.func, cst.Name) else ""


def is_call_of(call: cst.Call, name: str) -> bool:
    """Whether a call calls a function by its last name, of an item of a table, or by another name."""
    is_renamed = isinstance(call.func, cst.Name) and not hasattr(builtins, call.func.value)
    is_item = isinstance(call.func, cst.Subscript)
    return is_renamed or is_item or called_name(call) == name.rpartition(".")[2]


def written_statement(code: Code, node: cst.BaseExpression) -> cst.BaseExpression:
    """The written statement: for a variable with one value, that value."""
    if not isinstance(node, cst.Name):
        return node
    values = [value for value in assigned_values(code, node) if not _begins_with(value, node.value)]
    return values[0] if len(values) == 1 and called_chain(values[0]) else node


def assigned_name(code: Code, call: cst.Call) -> str:
    """The variable that is assigned the result of a call, or of awaiting it; empty if there is none."""
    value: cst.CSTNode = call
    parent = code.parent(call)
    if isinstance(parent, cst.Await):
        value, parent = parent, code.parent(parent)
    targets: list[cst.BaseExpression] = []
    if isinstance(parent, cst.Assign) and parent.value is value:
        targets = [one.target for one in parent.targets]
    elif isinstance(parent, cst.AnnAssign) and parent.value is value:
        targets = [parent.target]
    return targets[0].value if len(targets) == 1 and isinstance(targets[0], cst.Name) else ""


def assigned_values(code: Code, name: cst.Name) -> Iterator[cst.BaseExpression]:
    """The values that the function around a name assigns to it before, in order."""
    function = code.function_around(name)
    for node in code.nodes(cst.Assign):
        targets = [target.target for target in node.targets]
        is_it = any(isinstance(target, cst.Name) and target.value == name.value for target in targets)
        if is_it and code.start(node) < code.start(name) and code.function_around(node) is function:
            yield node.value
    for named in code.nodes(cst.NamedExpr):
        is_it = isinstance(named.target, cst.Name) and named.target.value == name.value
        if is_it and code.start(named) < code.start(name) and code.function_around(named) is function:
            yield named.value
    for annotated in code.nodes(cst.AnnAssign):
        target, value = annotated.target, annotated.value
        is_it = isinstance(target, cst.Name) and target.value == name.value and value is not None
        if is_it and code.start(annotated) < code.start(name) and code.function_around(annotated) is function:
            yield value  # type: ignore[misc]


def with_attribute(code: Code, statement: cst.BaseStatement | None, line: str, attribute: str) -> Edit | None:
    """The edit that adds an attribute to a statement that refreshes an object; None for another statement.

    ``line`` is the start of the refresh, up to the object.
    """
    small = statement.body[0] if isinstance(statement, cst.SimpleStatementLine) else None
    if not isinstance(small, cst.Expr) or not code.source(small).startswith(f"{line}, [") or not attribute:
        return None
    call = small.value.expression if isinstance(small.value, cst.Await) else None
    names = call.args[1].value if isinstance(call, cst.Call) and len(call.args) == 2 else None
    if not isinstance(names, cst.List) or not names.elements:
        return None
    return insert(code.path, code.end(names.elements[-1].value), f', "{attribute}"')


def neighbour(code: Code, statement: cst.BaseStatement, step: int) -> cst.BaseStatement | None:
    """The statement next to one in its block, after it or before it (-1)."""
    block = code.parent(statement)
    body = list(block.body) if isinstance(block, (cst.IndentedBlock, cst.Module)) else []
    place = next((number + step for number, one in enumerate(body) if one is statement), -1)
    return body[place] if 0 <= place < len(body) else None


def _begins_with(node: cst.BaseExpression, name: str) -> bool:
    """Whether a chain of calls starts with a variable, as in ``query = query.where(...)``."""
    root = node
    while isinstance(root, (cst.Call, cst.Attribute)):
        root = root.func if isinstance(root, cst.Call) else root.value
    return isinstance(root, cst.Name) and root.value == name


def called_chain(node: cst.BaseExpression) -> list[cst.Call]:
    """The calls of a chain such as ``select(Post).where(...)``, the last one first."""
    found = []
    while isinstance(node, cst.Call):
        found.append(node)
        node = node.func.value if isinstance(node.func, cst.Attribute) else node.func
    return found
