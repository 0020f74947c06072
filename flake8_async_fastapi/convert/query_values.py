"""Legacy queries: their entities, their sessions, and whether rows repeat."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import Final

from flake8_async_fastapi.convert.answers import Answers
from flake8_async_fastapi.convert.libraries import BUILDERS, REPEATING
from flake8_async_fastapi.convert.texts import Function, Source
from flake8_async_fastapi.convert.values import Class, Instance, Library, Many, Module, Query, Value

_AGGREGATES: Final = frozenset("count sum max min avg exists coalesce".split())


def query_of_session(inference: Answers, source: Source, node: ast.Call) -> Query | None:
    assert isinstance(node.func, ast.Attribute)
    session = node.func.value
    text = source.code(session) if is_plain(session) else ""
    return _selecting(inference, source, Query(text, "row"), node)


def _selecting(inference: Answers, source: Source, query: Query, node: ast.Call) -> Query:
    """A query for the entities in the arguments of a call."""
    entities = [_is_entity(inference, source, argument) for argument in node.args]
    if len(entities) == 1 and entities[0] and not node.keywords:
        model = inference.value(source, node.args[0])
        made = Instance(model.path, model.name) if isinstance(model, Class) else None
        return replace(query, kind="entity", entity=source.code(node.args[0]), model=made)
    single = len(node.args) == 1 and _is_aggregate(node.args[0])
    query = replace(query, kind="value" if single else "row", entity="", model=None)
    if node.args and all(_is_column(inference, source, argument) for argument in node.args):
        return replace(query, of_columns=True, unique=False)
    return query


def _is_entity(inference: Answers, source: Source, node: ast.expr) -> bool:
    value = inference.value(source, node)
    if isinstance(value, (Class, Instance)):
        return True
    if isinstance(node, ast.Name):
        return node.id[:1].isupper() or "model" in node.id or node.id in ("cls", "entity")
    if isinstance(node, ast.Attribute):
        base = inference.value(source, node.value)
        is_of_module = base is None and isinstance(node.value, ast.Name) and node.value.id.islower()
        is_class = isinstance(base, (Module, Library)) or (is_of_module and node.attr[:1].isupper())
        return is_class or "model" in node.attr or node.attr == "entity"
    return False


def _is_column(inference: Answers, source: Source, node: ast.expr) -> bool:
    """Whether an expression is certainly no entity: a column of one, or the result of a function."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        is_of_function = isinstance(node.func.value, ast.Name) and node.func.value.id == "func"
        return is_of_function or (
            node.func.attr == "label" and _is_column(inference, source, node.func.value)
        )
    return isinstance(node, ast.Attribute) and _is_entity(inference, source, node.value)


def method_of_query(
    inference: Answers, source: Source, node: ast.Call, base: Query, method: str
) -> Value | None:
    if method in ("with_entities", "add_columns", "add_column", "add_entity"):
        changed = _selecting(inference, source, base, node) if method == "with_entities" else base
        return replace(changed if method == "with_entities" else replace(base, kind="row"), filtered=True)
    if method in BUILDERS or method == "populate_existing":
        return base.after(unique=method in REPEATING or _names_others(inference, source, node, base))
    if method == "all":
        return Many(base.model)
    return base.model if method in ("first", "one", "one_or_none", "get") else None


def _names_others(inference: Answers, source: Source, node: ast.Call, base: Query) -> bool:
    """Whether a condition joins another table by naming it."""
    for argument in node.args:
        for part in ast.walk(argument):
            if isinstance(part, ast.Compare) and isinstance(part.comparators[0], ast.Attribute):
                other = inference.value(source, part.comparators[0].value)
                if isinstance(other, Class) and base.model != Instance(other.path, other.name):
                    return True
    return False


def query_of_helper(
    inference: Answers, query: Query, node: Function, source: Source | None, call: ast.Call | None
) -> Query:
    """A query from a helper, with its session as its caller would write it."""
    if source is None or call is None:
        return replace(query, session="")
    if query.session.startswith("self.") and _is_own_method(call):
        return query
    names = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args)]
    passed = dict(zip(names[1:] if names[:1] in (["self"], ["cls"]) else names, call.args, strict=False))
    passed |= {word.arg: word.value for word in call.keywords if word.arg}
    session = passed.get(query.session)
    if session is not None and is_plain(session):
        return replace(query, session=source.code(session))
    given = [
        value
        for value in (inference.value(source, part) for part in passed.values())
        if isinstance(value, Query)
    ]
    return replace(query, session=given[0].session if given else "")


def _is_own_method(call: ast.Call) -> bool:
    own = call.func.value if isinstance(call.func, ast.Attribute) else None
    return isinstance(own, ast.Name) and own.id == "self"


def is_plain(node: ast.expr) -> bool:
    """Whether an expression is a name or an attribute of one, so that it can be written twice."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name)


def _is_aggregate(node: ast.expr) -> bool:
    function = node.func if isinstance(node, ast.Call) else None
    if isinstance(function, ast.Attribute) and function.attr == "label":
        return _is_aggregate(function.value)
    return isinstance(function, ast.Attribute) and function.attr in _AGGREGATES
