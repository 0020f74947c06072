"""Fields that classes declare, such as dataclasses, schemas and named tuples."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flake8_async_fastapi.engine.values import Arguments, ClassValue, Instance, Value, alternatives
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.walk import all_nodes, bound_names, dotted


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


def name_at(owner: Value, place: str, order_of: Callable[[ClassValue], Sequence[Value]]) -> str:
    """The attribute at a place of a class pattern, or of that name; empty if the class does not say which."""
    if not place.isdigit():
        return place
    classes = {one.cls for one in alternatives(owner) if isinstance(one, Instance)}
    found = {_name_at(cls, int(place), order_of(cls)) for cls in classes}
    return found.pop() if len(found) == 1 else ""


def _name_at(cls: ClassValue, place: int, order: Sequence[Value]) -> str:
    for statement in cls.node.body:
        if isinstance(statement, tree.Assign) and "__match_args__" in bound_names(statement):
            written = statement.value.items if isinstance(statement.value, tree.Display) else []
            at = written[place] if place < len(written) else None
            return str(at.value) if isinstance(at, tree.Const) else ""
    texts = [dotted(one.func if isinstance(one, tree.Call) else one) for one in cls.node.decorators]
    made = any(text.rpartition(".")[2] == "dataclass" for text in texts)
    options = {
        one.name for one in all_nodes([*cls.node.decorators, *cls.node.body]) if isinstance(one, tree.Keyword)
    }
    named = any(dotted(base).rpartition(".")[2] == "NamedTuple" for base in cls.node.bases)
    names = list(declared_fields(order))
    is_plain = not options & {"kw_only", "init", "match_args"} and "_" not in names
    return names[place] if (made or named) and is_plain and place < len(names) else ""


def fields_in_repr(order: Sequence[Value]) -> set[str]:
    """The fields of a dataclass and its bases that its generated ``__repr__`` shows."""
    shown: set[str] = set()
    for base in reversed(order):
        for statement in base.node.body if isinstance(base, ClassValue) else ():
            if isinstance(statement, tree.Assign) and statement.annotation is not None:
                names = set(bound_names(statement))
                shown = shown - names if _is_left_out(statement.value) else shown | names
    return shown


def _is_left_out(value: tree.Expr | None) -> bool:
    """Whether the value of a field has ``repr=False``."""
    keywords = value.keywords if isinstance(value, tree.Call) else []
    given = [one.value for one in keywords if one.name == "repr"]
    return any(isinstance(one, tree.Const) and one.value is False for one in given)
