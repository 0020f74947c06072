"""Functions of the project that run a coroutine in their own event loop, as ``asyncio.run`` does.

Command-line programs often have one, to set up and clean up around each command.
"""

from __future__ import annotations

from typing import Final

from flake8_async_fastapi.engine.frame import Context
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Stmt
from flake8_async_fastapi.facts.walk import all_nodes, dotted, nodes_in
from flake8_async_fastapi.project.views import view

STARTERS: Final = frozenset({"run", "run_until_complete"})


def name_called(call: tree.Call) -> str:
    """The last name of a callee: the name of a method, whatever its object."""
    return call.func.name if isinstance(call.func, tree.Attr) else dotted(call.func)


def own_runners(ctx: Context) -> frozenset[str]:
    """The last names of all such functions."""

    def find() -> frozenset[str]:
        paths = {path for starter in STARTERS for path in ctx.project.mentioning(starter)}
        return frozenset(name for path in sorted(paths) for name in ctx.project.view(path, _runners_in))

    return ctx.query(("own runners",), find, frozenset[str]())


@view
def _runners_in(body: list[Stmt]) -> tuple[str, ...]:
    functions = (node for node in all_nodes(body) if isinstance(node, tree.FunctionDef))
    return tuple(one.name for one in functions if not one.is_async and _runs_parameter(one))


def _runs_parameter(function: tree.FunctionDef) -> bool:
    """Whether a plain function starts a loop for a coroutine parameter, directly or in a wrapper."""
    given = {param.name for param in function.params}
    wrappers = {
        node.name
        for node in nodes_in(function.body)
        if isinstance(node, tree.FunctionDef) and node.is_async and _awaits_any(node, given)
    }
    for node in nodes_in(function.body):
        if isinstance(node, tree.Call) and node.args and name_called(node) in STARTERS:
            started = node.args[0]
            made = started.func if isinstance(started, tree.Call) else None
            if isinstance(started, tree.Name) and started.id in given:
                return True
            if isinstance(made, tree.Name) and made.id in wrappers:
                return True
    return False


def _awaits_any(wrapper: tree.FunctionDef, names: set[str]) -> bool:
    return any(
        isinstance(node, tree.Await) and isinstance(node.value, tree.Name) and node.value.id in names
        for node in nodes_in(wrapper.body)
    )
