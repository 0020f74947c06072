"""Dependencies that find nothing to commit after their ``yield``: each route that writes has committed.

Only what routes say themselves counts. A function that hands the session on may leave writes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from flake8_async_fastapi.domains.fastapi.applications import late_uses_of
from flake8_async_fastapi.engine.frame import Context
from flake8_async_fastapi.engine.values import Function
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.walk import all_nodes, dotted
from flake8_async_fastapi.knowledge.decorators import ROUTE_VERBS
from flake8_async_fastapi.knowledge.transactions import ADDS

_READING: Final = frozenset({"get", "head", "options"})
_WRITES: Final = frozenset({*ADDS, "delete", "merge", "flush", "insert", "update"})


def leaves_nothing(ctx: Context, dependency: Function) -> bool:
    """Whether all functions that get the value of a dependency are routes that leave nothing to be committed,
    and some of them commit.
    """
    return ctx.query(("leaves nothing", dependency.key), lambda: _find(ctx, dependency), False)


def _find(ctx: Context, dependency: Function) -> bool:
    commits = False
    for path, text in late_uses_of(ctx, dependency):
        nodes = all_nodes(ctx.project.body(path))
        given = [node for node in nodes if isinstance(node, tree.FunctionDef)]
        users = [(function, name) for function in given for name in _params_with(function, text)]
        if len(users) != sum(_depends_on(node, text) for node in nodes):
            return False  # another name of the dependency, or one for all routes of a router
        if not all(_leaves_nothing(function, name) for function, name in users):
            return False
        commits |= any(_commits(function) for function, _ in users)
    return commits


def _params_with(function: tree.FunctionDef, text: str) -> Iterator[str]:
    for param in function.params:
        if any(_depends_on(node, text) for node in all_nodes([param.annotation, param.default])):
            yield param.name


def _depends_on(node: object, text: str) -> bool:
    """Whether an expression is ``Depends`` with the dependency, as written."""
    if not isinstance(node, tree.Call) or dotted(node.func).rpartition(".")[2] != "Depends":
        return False
    return any(dotted(one) == text for one in (*node.args, *(keyword.value for keyword in node.keywords)))


def _commits(function: tree.FunctionDef) -> bool:
    return any(isinstance(node, tree.Attr) and node.name == "commit" for node in all_nodes(function.body))


def _leaves_nothing(function: tree.FunctionDef, session: str) -> bool:
    """Whether a function commits what it writes, or only reads."""
    if _commits(function):
        return True
    nodes = all_nodes(function.body)
    called = {node.name for node in nodes if isinstance(node, tree.Attr)}
    called |= {node.id for node in nodes if isinstance(node, tree.Name)}
    verbs = {_verb(decorator) for decorator in function.decorators} & ROUTE_VERBS
    if called & _WRITES or verbs - _READING:
        return False
    owners = {id(node.value) for node in nodes if isinstance(node, tree.Attr)}
    return bool(verbs) or all(
        id(node) in owners for node in nodes if isinstance(node, tree.Name) and node.id == session
    )


def _verb(decorator: tree.Expr) -> str:
    written = decorator.func if isinstance(decorator, tree.Call) else decorator
    return written.name if isinstance(written, tree.Attr) else ""
