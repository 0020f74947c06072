"""The values that annotations describe."""

from __future__ import annotations

import ast
from typing import Final

from flake8_async_fastapi.convert.answers import Answers
from flake8_async_fastapi.convert.libraries import CLASSES
from flake8_async_fastapi.convert.names import Bound
from flake8_async_fastapi.convert.texts import Source
from flake8_async_fastapi.convert.values import (
    OTHER,
    Class,
    Instance,
    Library,
    Maker,
    Many,
    Module,
    Query,
    Several,
    Value,
    best,
)

_ITERABLES: Final = frozenset(
    "list List Sequence Iterator Iterable Generator AsyncIterator AsyncGenerator AsyncIterable Collection"
    " set Set tuple Tuple ContextManager AbstractContextManager AsyncContextManager"
    " AbstractAsyncContextManager".split()
)
_QUERIES: Final = ("sqlalchemy.orm.Query", "sqlalchemy.orm.query.Query")


def annotated(inference: Answers, source: Source, node: ast.expr, at: ast.AST) -> Value | None:
    """The value that an annotation describes."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        try:
            return annotated(inference, source, ast.parse(node.value, mode="eval").body, at)
        except SyntaxError:
            return None
    if isinstance(node, ast.BinOp):
        return best(annotated(inference, source, side, at) for side in (node.left, node.right))
    if isinstance(node, ast.Subscript):
        return _generic(inference, source, node, at)
    if isinstance(node, ast.Name):
        return _named(inference, source, node.id, at)
    if isinstance(node, ast.Attribute):
        return _instance_of(_dotted(inference, source, node, at))
    return None


def _dotted(inference: Answers, source: Source, node: ast.expr, at: ast.AST) -> Value | None:
    """The value of a dotted name, which need not be written in the file itself."""
    if isinstance(node, ast.Name):
        return inference.name(source, node.id, at)
    if not isinstance(node, ast.Attribute):
        return None
    base = _dotted(inference, source, node.value, at)
    if isinstance(base, Module):
        return inference.global_value(inference.program.sources[base.path], node.attr)
    return inference.of_library(source, f"{base.name}.{node.attr}") if isinstance(base, Library) else None


def _named(inference: Answers, source: Source, name: str, at: ast.AST) -> Value | None:
    key = ("annotation", id(source), name)
    if key in inference.running:
        return None
    inference.running.add(key)
    try:
        for bound in _followed(inference, inference.program.lookup(source, name, at)):
            if bound.kind == "value" and isinstance(bound.node, ast.expr):
                return annotated(inference, bound.source, bound.node, bound.node)
            value = _instance_of(inference.bound(bound))
            if value is not None:
                return value
    finally:
        inference.running.discard(key)
    return None


def _followed(inference: Answers, bounds: list[Bound], depth: int = 0) -> list[Bound]:
    """The bindings of a name, with imports from the project's own files followed."""
    found = []
    for bound in bounds:
        target = None
        if bound.kind == "import" and bound.imported and depth < 8:
            target = inference.program.imported_file(bound.source.path, bound.module, bound.level)
        if target is None:
            found.append(bound)
        else:
            found += _followed(inference, inference.program.globals(target, bound.imported), depth + 1)
    return found


def _generic(inference: Answers, source: Source, node: ast.Subscript, at: ast.AST) -> Value | None:
    last = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    if last == "Annotated":
        declared = annotated(inference, source, parts[0], at)
        return best([declared, *(_depends(inference, source, part) for part in parts[1:])])
    if last in ("Optional", "Union", "Final", "ClassVar", "Mapped"):
        return best(annotated(inference, source, part, at) for part in parts)
    if last in ("tuple", "Tuple") and len(parts) > 1 and not _is_rest(parts[-1]):
        return Several(tuple(annotated(inference, source, part, at) for part in parts))
    if last in _ITERABLES:
        return Many(annotated(inference, source, parts[0], at))
    if last in ("type", "Type"):
        made = annotated(inference, source, parts[0], at)
        return Class(made.path, made.name) if isinstance(made, Instance) else None
    if last == "Callable":
        return Maker(annotated(inference, source, parts[-1], at))
    return annotated(inference, source, node.value, at)


def _is_rest(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is Ellipsis


def _depends(inference: Answers, source: Source, node: ast.expr) -> Value | None:
    return inference.depended(source, node) if isinstance(node, ast.Call) else None


def _instance_of(value: Value | None) -> Value | None:
    if isinstance(value, Class):
        return Instance(value.path, value.name)
    if isinstance(value, Library):
        return Query("", "entity") if value.name in _QUERIES else CLASSES.get(value.name, _other(value.name))
    return None


def _other(name: str) -> Value | None:
    return None if name in ("typing.Any", "object") else OTHER
