"""Names that modules and classes bind more than once: by aliases, in branches, or later."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.engine.queries import Queries
from flake8_async_fastapi.engine.values import ClassValue, Value
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Stmt
from flake8_async_fastapi.facts.walk import bound_names, dotted, flat
from flake8_async_fastapi.project.targets import LibraryTarget, Target


def in_class_body(node: tree.ClassDef) -> dict[str, list[Stmt]]:
    """The statements in the body of a class that bind each name; an alias of a method is the method."""
    found: dict[str, list[Stmt]] = {}
    for statement in flat(node.body):
        aliased = statement.value if isinstance(statement, tree.Assign) else None
        method = found.get(aliased.id, []) if isinstance(aliased, tree.Name) else []
        for bound in bound_names(statement):
            if method and isinstance(method[-1], tree.FunctionDef):
                found[bound] = method
            else:
                found.setdefault(bound, []).append(statement)
    return found


def is_set_later(statement: Stmt) -> bool:
    """Whether a statement only says that there is a name: it has no value, or None."""
    match statement:
        case tree.Assign(value=None | tree.Const(value=None)):
            return True
    return False


def fullest_class(values: list[Value]) -> ClassValue | None:
    """Of several classes that a setting selects from, the one that has all members of the others."""
    found = [value for value in dict.fromkeys(values) if isinstance(value, ClassValue)]
    if len(found) < 2 or len(found) < len(set(values)):
        return None
    members = [set(_members(cls)) for cls in found]
    for cls, own in zip(found, members, strict=True):
        if all(other <= own for other in members):
            return cls
    return None


def _members(cls: ClassValue) -> Iterator[tuple[str, bool]]:
    """The bases of a class and the names that its body binds, each with whether it is an ``async def``."""
    yield from ((f"({dotted(base)})", False) for base in cls.node.bases)
    for statement in flat(cls.node.body):
        is_async = isinstance(statement, tree.FunctionDef) and statement.is_async
        yield from ((name, is_async) for name in bound_names(statement))


def fails_and_is_replaced(ctx: Queries, path: str, statement: Stmt, name: str) -> bool:
    """Whether an import of a file that is missing in the project is in a ``try`` that handles this."""
    if not isinstance(statement, tree.Import):
        return False
    targets = [ctx.project.target(path, one) for one in statement.bindings if one.local == name]
    if not all(target is None or _is_inside_project(ctx, path, target) for target in targets):
        return False
    blocks = (one for one in flat(ctx.project.body(path)) if isinstance(one, tree.Try) and one.handlers)
    return any(one is statement for block in blocks for one in flat(block.body))


def _is_inside_project(ctx: Queries, path: str, target: Target) -> bool:
    """Whether a seeming library name is a submodule of a package of the project."""
    if not isinstance(target, LibraryTarget):
        return False
    found = ctx.project.find_module(target.dotted.partition(".")[0], path)
    return found is not None and found.endswith("__init__.py")
