"""Declare a parameter as most others of its type: in the file, or else in the files of its folder.

``words``: the parameter, and the last name of its type. The place is that of the type.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import PurePath
from typing import NamedTuple

import libcst as cst

from flake8_async_fastapi.fixes.changes import Files
from flake8_async_fastapi.fixes.code import Code
from flake8_async_fastapi.fixes.edits import Edit, insert
from flake8_async_fastapi.fixes.imports import dotted, imported, module_of, origins_of, together
from flake8_async_fastapi.fixes.queries import called_name
from flake8_async_fastapi.rules.model import Fix


class _Way(NamedTuple):
    """How a parameter depends on a function: by its annotation or by its default, the other is empty.

    ``module`` is that from which a file imports the name of the annotation, or that of the function.
    """

    annotation: str
    default: str
    module: str = ""
    name: str = ""


def edits(fix: Fix, code: Code, files: Files) -> list[Edit]:
    name, wanted = fix.words
    for param in code.nodes(cst.Param):
        written = None if param.annotation is None else param.annotation.annotation
        if written is None or code.start(written) != code.offset(fix.line, fix.col):
            continue
        if param.name.value != name or param.default is not None:
            return []
        own = list(_ways(code, wanted, files))
        way = _usual(own) if own else _usual(_ways_beside(code, wanted, files))
        if way is None:
            return []
        way, needed = (way, []) if own else _brought(code, way)
        if not way.default:
            return [Edit(code.path, code.start(written), code.end(written), way.annotation), *needed]
        if _may_have_default(code, param):
            return [insert(code.path, code.end(written), f" = {way.default}"), *needed]
        annotated, added = imported(code, "typing", "Annotated")
        text = f"{annotated}[{code.source(written)}, {way.default}]"
        return [Edit(code.path, code.start(written), code.end(written), text), *added, *needed]
    return []


def _usual(ways: Iterable[_Way]) -> _Way | None:
    """The way of more than half of the parameters."""
    counted = Counter(ways)
    found = counted.most_common(1)
    return found[0][0] if found and 2 * found[0][1] > counted.total() else None


def _brought(code: Code, way: _Way) -> tuple[_Way, list[Edit]]:
    """A way of another file as this one writes it, and edits that import what it names."""
    named, needed = imported(code, way.module, way.name)
    if not way.default:
        return way._replace(annotation=named), needed
    depends, added = imported(code, "fastapi", "Depends")
    return way._replace(default=f"{depends}({named})"), together(code, needed, added)


def _ways_beside(code: Code, wanted: str, files: Files) -> Iterator[_Way]:
    """The ways of the other files in a folder, by names that they import."""
    folder = PurePath(code.path).parent
    for name in files.listed(str(folder)):
        path = str(folder / name)
        other = files.code(path) if name.endswith(".py") and path != code.path else None
        for way in () if other is None else _ways(other, wanted, files):
            if way.module and way.name in (way.annotation, way.default[len("Depends(") : -1]):
                yield way


def _ways(code: Code, wanted: str, files: Files) -> Iterator[_Way]:
    """How the parameters of a type depend on functions."""
    for param in code.nodes(cst.Param):
        written = None if param.annotation is None else param.annotation.annotation
        if written is None:
            continue
        default = param.default
        if isinstance(default, cst.Call) and called_name(default) == "Depends" and default.args:
            if dotted(written).rpartition(".")[2] == wanted:
                name = code.source(default.args[0].value)
                yield _Way("", code.source(default), module_of(code, name), name)
        elif _depends_in(_meant(code, written, files), wanted):
            name = code.source(written)
            yield _Way(name, "", module_of(code, name), name)


def _meant(code: Code, written: cst.BaseExpression, files: Files) -> cst.BaseExpression:
    """What a file, or the one from which it imports it, assigns to a name, for the name."""
    if not isinstance(written, cst.Name):
        return written
    own = _assigned(code, written.value)
    homes = () if own is not None else map(files.code, origins_of(code, written.value))
    return own or next(filter(None, (_assigned(home, written.value) for home in homes if home)), written)


def _assigned(code: Code, name: str) -> cst.BaseExpression | None:
    for node in code.nodes(cst.Assign):
        target = node.targets[0].target
        if isinstance(target, cst.Name) and target.value == name:
            return node.value
    return None


def _depends_in(node: cst.BaseExpression, wanted: str) -> bool:
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
