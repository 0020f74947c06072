"""Sockets whose calls return at once: non-blocking ones, and datagram sockets with a known address.

A socket is identified by the variable or attribute that holds it, in one function or in all methods of its
class. Source: docs/behaviour.md#blocking.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address
from typing import Final, TypeAlias

from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.text import path_of
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import nodes_in

SOCKET: Final = "socket.socket"
_Place: TypeAlias = tuple[str, str]
"""A function and a variable of it; an attribute of ``self`` belongs to no single function."""


def returns_at_once(frame: Frame, full: str) -> bool:
    """Whether the current call is made on a socket and does not wait for the other side."""
    call = frame.current_call
    if not full.startswith(f"{SOCKET}.") or call is None or not isinstance(call.func, tree.Attr):
        return False
    path = path_of(call.func.value)
    if not path or not isinstance(frame.node, tree.FunctionDef):
        return False
    place = _place(frame.node, path)
    functions = _functions_around(frame, frame.node)
    if place in _spread(functions, set(_made_non_blocking(functions))):
        return True
    if call.func.name == "connect" and call.args and _is_literal_address(call.args[0]):
        return place in _spread(functions, set(_datagram_sockets(functions)))
    return False


def _functions_around(frame: Frame, node: tree.FunctionDef) -> list[tree.FunctionDef]:
    """A function, or all methods of its class if it is a method."""
    owner = node.qualname.rpartition(".")[0]
    if not owner or node.qualname.endswith(f"<locals>.{node.name}"):
        return [node]

    def find() -> list[tree.FunctionDef]:
        found = (part for part in nodes_in(frame.ctx.project.body(frame.path)))
        return [
            one for one in found if isinstance(one, tree.FunctionDef) and one.qualname.startswith(f"{owner}.")
        ]

    nothing: list[tree.FunctionDef] = []
    return frame.ctx.query(("methods", frame.path, owner), find, nothing)


def _place(function: tree.FunctionDef, path: str) -> _Place:
    return ("" if "." in path else function.qualname, path)


def _made_non_blocking(functions: list[tree.FunctionDef]) -> Iterator[_Place]:
    """The sockets that were set to non-blocking."""
    for function in functions:
        for node in nodes_in(function.body):
            match node:
                case tree.Call(
                    func=tree.Attr(value=owner, name="setblocking" | "settimeout"),
                    args=[tree.Const(value=value)],
                ) if value is not None and not value:
                    yield _place(function, path_of(owner))


def _datagram_sockets(functions: list[tree.FunctionDef]) -> Iterator[_Place]:
    """The datagram sockets: connecting one sends nothing."""
    for function in functions:
        for node in nodes_in(function.body):
            if isinstance(node, tree.Assign) and _makes_datagram_socket(node.value):
                for target in node.targets:
                    yield _place(function, path_of(target))
            elif isinstance(node, tree.WithItem) and node.target and _makes_datagram_socket(node.context):
                yield _place(function, path_of(node.target))


def _makes_datagram_socket(node: Expr | None) -> bool:
    if not isinstance(node, tree.Call):
        return False
    given = [*node.args, *(keyword.value for keyword in node.keywords)]
    return any(path_of(argument).rpartition(".")[2] == "SOCK_DGRAM" for argument in given)


def _is_literal_address(node: Expr) -> bool:
    """Whether an address starts with a number that needs no DNS lookup."""
    match node:
        case tree.Display(items=[tree.Const(value=str(host)), *_]):
            try:
                return bool(ip_address(host))
            except ValueError:
                return False
    return False


def _spread(functions: list[tree.FunctionDef], known: set[_Place]) -> set[_Place]:
    """Places, with those that hold the same socket through an assignment."""
    for function in functions if known else ():
        for node in nodes_in(function.body):
            if isinstance(node, tree.Assign) and node.value is not None and path_of(node.value):
                places = {
                    _place(function, path) for path in (path_of(node.value), *map(path_of, node.targets))
                }
                if places & known:
                    known |= places
    return known
