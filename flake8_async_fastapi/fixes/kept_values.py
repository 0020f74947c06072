"""Values that are read before a ``try``, since what they are read of may be expired in its handlers."""

from __future__ import annotations

import libcst as cst

from flake8_async_fastapi.fixes.code import Code
from flake8_async_fastapi.fixes.edits import Edit, insert
from flake8_async_fastapi.fixes.queries import neighbour


def read_before_try(code: Code, statement: cst.SimpleStatementLine, holder: str) -> list[Edit]:
    """Edits by which a handler uses what an attribute of a parameter was before its ``try``.

    A handler that asks the database again may fail for the same reason, and hide the first error.
    None for a statement elsewhere, and where the parameter may be None or another object by then.
    """
    block = _try_of_handler(code, statement)
    reads = [read for read in code.nodes(cst.Attribute) if _is_read_in(code, read, statement, holder)]
    names = {read.attr.value for read in reads}
    if block is None or len(names) != 1 or not _is_kept_parameter(code, block, holder):
        return []
    (name,) = names
    kept = f"{holder}_{name}"
    line = f"{kept} = {holder}.{name}"
    before = neighbour(code, block, -1)
    is_there = before is not None and code.source(before) == line
    if _may_change(code, block, holder, name) or (not is_there and _uses(code, block, kept)):
        return []
    added = (
        []
        if is_there
        else [insert(code.path, code.start(block), line + code.newline + code.indent_of(block))]
    )
    return [*added, *(Edit(code.path, code.start(read), code.end(read), kept) for read in reads)]


def _may_change(code: Code, block: cst.Try, holder: str, name: str) -> bool:
    """Whether the function around a ``try`` assigns an attribute, or passes its owner on before."""
    function = code.function_around(block)
    for node in code.nodes(cst.Name):
        if node.value != holder or code.function_around(node) is not function:
            continue
        parent = code.parent(node)
        if isinstance(parent, cst.Arg) and code.start(node) < code.start(block):
            return True
        around = code.parent(parent) if isinstance(parent, cst.Attribute) else None
        is_assigned = isinstance(around, (cst.AssignTarget, cst.AugAssign, cst.AnnAssign))
        if is_assigned and isinstance(parent, cst.Attribute) and parent.attr.value == name:
            return True
    return False


def _uses(code: Code, block: cst.Try, name: str) -> bool:
    """Whether the function around a ``try`` has a name already."""
    function = code.function_around(block)
    names = (one for one in code.nodes(cst.Name) if one.value == name)
    return any(outer is function for one in names for _, outer in code.around(one))


def _try_of_handler(code: Code, statement: cst.CSTNode) -> cst.Try | None:
    """The ``try`` of the function that has a statement in one of its handlers."""
    for inner, outer in code.around(statement):
        if isinstance(outer, cst.FunctionDef):
            return None
        if isinstance(outer, cst.Try) and isinstance(inner, cst.ExceptHandler):
            return outer
    return None


def _is_read_in(code: Code, read: cst.Attribute, statement: cst.CSTNode, holder: str) -> bool:
    parent = code.parent(read)
    return (
        code.source(read.value) == holder
        and any(outer is statement for _, outer in code.around(read))
        and not (isinstance(parent, cst.Call) and parent.func is read)
        and not isinstance(parent, cst.AssignTarget)
    )


def _is_kept_parameter(code: Code, block: cst.Try, holder: str) -> bool:
    """Whether a name is a parameter that is never None, and that its function never assigns."""
    function = code.function_around(block)
    if not isinstance(function, cst.FunctionDef):
        return False
    parameters = (*function.params.params, *function.params.kwonly_params)
    found = [one.annotation for one in parameters if one.name.value == holder and one.annotation is not None]
    if len(found) != 1 or any(word in code.source(found[0].annotation) for word in ("None", "Optional")):
        return False
    return not any(
        isinstance(code.parent(name), (cst.AssignTarget, cst.For, cst.AsName, cst.NamedExpr, cst.Del))
        for name in code.nodes(cst.Name)
        if name.value == holder and code.function_around(name) is function
    )
