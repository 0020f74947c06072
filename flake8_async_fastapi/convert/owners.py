"""Code for the object that lacks an attribute, where a statement reads it, also through properties."""

from __future__ import annotations

import ast
from typing import Final

from flake8_async_fastapi.convert.demands import Demand
from flake8_async_fastapi.convert.names import Program
from flake8_async_fastapi.convert.texts import FUNCTIONS, Source

_COLLECTIONS: Final = ("list", "set", "dict", "sequence", "collection", "iterable", "mapping")


def owner_read(program: Program, source: Source, demand: Demand, statement: ast.stmt) -> tuple[str, str]:
    """The object whose attribute a statement reads, as code that means the same before it.

    For an item that a comprehension reads, it comes with the loop over all items.
    """
    found, below = _object_read(program, demand, statement)
    code = f"{source.code(found)}{below}" if found is not None else demand.holder
    name = _root(found) if found is not None else code
    bound = _bound_in(statement)
    if name.isidentifier() and name not in bound:
        return "", code
    items = bound.get(name)
    if items is None or _root(items) in ("", *bound):
        return "", ""
    return f"for {name} in {source.code(items)}:\n{source.indent(statement)}    ", code


def _object_read(program: Program, demand: Demand, statement: ast.stmt) -> tuple[ast.expr | None, str]:
    """The object of which a statement reads an attribute or a property, and what leads from there on."""
    attribute, at = demand.route[-1].rpartition(".")[2], demand.read[1:]
    for node in ast.walk(statement):
        if isinstance(node, ast.Attribute) and (node.lineno, node.col_offset) == at:
            if node.attr == attribute:
                return node.value, ""
            below = _way_from_property(program, demand, node.attr)
            if below is not None:
                return node.value, below
    return None, ""


def _way_from_property(program: Program, demand: Demand, name: str) -> str | None:
    """What leads from the object with a property to the one that lacks the attribute; None if unknown.

    Each step leads to one object.
    """
    models = [step.partition(".")[0] for step in demand.route]
    having = [number for number, model in enumerate(models) if _defines(program, model, name)]
    if len(having) != 1:
        return None
    steps = [step.partition(".") for step in demand.route[having[0] : -1]]
    if not all(_leads_to_one(program, model, attribute) for model, _, attribute in steps):
        return None
    return "".join(f".{attribute}" for _, _, attribute in steps)


def _defines(program: Program, model: str, name: str) -> bool:
    """Whether a class defines a method or property."""
    parts = (part for node in program.classes(model) for part in node.body)
    return any(isinstance(part, FUNCTIONS) and part.name == name for part in parts)


def _leads_to_one(program: Program, model: str, attribute: str) -> bool:
    """Whether a class declares a relationship that is no collection."""
    for node in program.classes(model):
        for part in node.body:
            if isinstance(part, ast.AnnAssign) and getattr(part.target, "id", "") == attribute:
                written = ast.unparse(part.annotation).lower()
                return not any(f"{kind}[" in written for kind in _COLLECTIONS)
    return False


def _root(node: ast.expr) -> str:
    """The variable at the beginning of a path; empty for other expressions."""
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _bound_in(statement: ast.stmt) -> dict[str, ast.expr | None]:
    """The variables that a statement binds for its own expressions; for an item, what it is an item of."""
    found: dict[str, ast.expr | None] = {}
    for node in ast.walk(statement):
        if isinstance(node, ast.comprehension):
            is_each = isinstance(node.target, ast.Name) and not node.is_async
            for part in ast.walk(node.target):
                if isinstance(part, ast.Name):
                    found[part.id] = node.iter if is_each and part.id not in found else None
        elif isinstance(node, ast.NamedExpr) and isinstance(node.target, ast.Name):
            found[node.target.id] = None
        elif isinstance(node, ast.Lambda):
            found |= dict.fromkeys(argument.arg for argument in node.args.args)
    return found
