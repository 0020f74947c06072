"""Declare a parameter as the file declares all others of its type, with one ``Depends``.

``words``: the parameter, and the last name of its type. The place is that of the type.
"""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from flake8_async_fastapi.fixes.changes import Files
from flake8_async_fastapi.fixes.code import Code
from flake8_async_fastapi.fixes.edits import Edit, insert
from flake8_async_fastapi.fixes.imports import dotted, imported
from flake8_async_fastapi.fixes.queries import called_name
from flake8_async_fastapi.rules.model import Fix


def edits(fix: Fix, code: Code, files: Files) -> list[Edit]:
    name, wanted = fix.words
    for param in code.nodes(cst.Param):
        written = None if param.annotation is None else param.annotation.annotation
        if written is None or code.start(written) != code.offset(fix.line, fix.col):
            continue
        declared = set(_declared(code, wanted))
        if param.name.value != name or param.default is not None or len(declared) != 1:
            return []
        annotation, default = declared.pop()
        if not default:
            return [Edit(code.path, code.start(written), code.end(written), annotation)]
        if _may_have_default(code, param):
            return [insert(code.path, code.end(written), f" = {default}")]
        annotated, needed = imported(code, "typing", "Annotated")
        text = f"{annotated}[{code.source(written)}, {default}]"
        return [Edit(code.path, code.start(written), code.end(written), text), *needed]
    return []


def _declared(code: Code, wanted: str) -> Iterator[tuple[str, str]]:
    """How parameters of a type depend on a function: by annotation or by default, the other is empty."""
    for param in code.nodes(cst.Param):
        written = None if param.annotation is None else param.annotation.annotation
        if written is None:
            continue
        default = param.default
        if isinstance(default, cst.Call) and called_name(default) == "Depends" and default.args:
            if dotted(written).rpartition(".")[2] == wanted:
                yield "", code.source(default)
        elif _depends_in(code, _meant(code, written), wanted):
            yield code.source(written), ""


def _meant(code: Code, written: cst.BaseExpression) -> cst.BaseExpression:
    """What the file assigns to a name, for the name."""
    if isinstance(written, cst.Name):
        for node in code.nodes(cst.Assign):
            target = node.targets[0].target
            if isinstance(target, cst.Name) and target.value == written.value:
                return node.value
    return written


def _depends_in(code: Code, node: cst.BaseExpression, wanted: str) -> bool:
    """Whether an annotation is ``Annotated[Type, Depends(f)]``."""
    if not isinstance(node, cst.Subscript) or dotted(node.value).rpartition(".")[2] != "Annotated":
        return False
    parts = [one.slice.value for one in node.slice if isinstance(one.slice, cst.Index)]
    is_wanted = bool(parts) and dotted(parts[0]).rpartition(".")[2] == wanted
    return is_wanted and any(
        isinstance(part, cst.Call) and called_name(part) == "Depends" and part.args for part in parts[1:]
    )


def _may_have_default(code: Code, param: cst.Param) -> bool:
    """Whether all parameters behind one have a default, or it is passed by name only."""
    params = code.parent(param)
    if not isinstance(params, cst.Parameters) or param not in params.params:
        return True
    later = params.params[list(params.params).index(param) + 1 :]
    return all(one.default is not None for one in later)
