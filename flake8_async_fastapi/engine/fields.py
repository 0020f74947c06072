"""Fields that classes declare, such as dataclasses, schemas and named tuples."""

from __future__ import annotations

from collections.abc import Sequence

from flake8_async_fastapi.engine.values import Arguments, ClassValue, Value
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.walk import bound_names


def given_fields(order: Sequence[Value], arguments: Arguments) -> tuple[tuple[str, Value], ...]:
    """The fields as a generated constructor sets them; ``order`` contains the class and its bases."""
    declared = declared_fields(order)
    positional = () if arguments.opaque else tuple(zip(declared, arguments.args, strict=False))
    return (*positional, *(pair for pair in arguments.keywords if pair[0] in declared))


def declared_fields(order: Sequence[Value]) -> dict[str, None]:
    """The names that a class and its bases annotate, in order."""
    declared: dict[str, None] = {}
    for base in reversed(order):
        if isinstance(base, ClassValue):
            for statement in base.node.body:
                if isinstance(statement, tree.Assign) and statement.annotation is not None:
                    declared.update(dict.fromkeys(bound_names(statement)))
    return declared
