"""True and false values, and what code asks of a value's type."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flake8_async_fastapi import knowledge
from flake8_async_fastapi.engine.containers import is_empty, without_emptiness
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.values import (
    NONE,
    OBJECT,
    ClassValue,
    Collection,
    Const,
    Coroutine,
    DeclaredCallable,
    Function,
    Generator,
    Instance,
    Member,
    Object,
    Partial,
    Plain,
    Unknown,
    Value,
    alternatives,
    truth_value,
)
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr, Stmt
from flake8_async_fastapi.facts.walk import all_nodes, names_in


def may_be(value: Value, outcome: bool) -> bool:
    """Whether a value can be true (or false) in a condition."""
    if isinstance(value, Object) and not value.declared and knowledge.is_always_true(value.type):
        return outcome
    return truth_value(value) is not (not outcome)


def is_coroutine_function(value: Value) -> bool | None:
    """Whether a value is a coroutine function; None if that is not known."""
    if isinstance(value, DeclaredCallable):
        return value.is_async or None
    return value.is_async and not value.is_generator if isinstance(value, Function) else None


def is_callable(value: Value) -> bool | None:
    """What ``callable`` returns; None if that is not known."""
    if isinstance(value, (ClassValue, Function, Member, Partial)):
        return True
    is_data = isinstance(value, (Const, Collection)) or (isinstance(value, Plain) and value != OBJECT)
    return False if is_data else None


def test_of(function: str) -> Callable[[Value], bool | None] | None:
    """What a function of the standard library asks of a value, if it is one that asks."""
    if function == "builtins.callable":
        return is_callable
    return is_coroutine_function if function.endswith(".iscoroutinefunction") else None


def is_awaitable(value: Value) -> bool | None:
    """Whether a value can be awaited; None if that is not known."""
    if isinstance(value, Coroutine):
        return True
    if isinstance(value, (Const, Plain, Generator, Collection, Function, ClassValue)):
        return False
    return None


def narrow_to_truth(value: Value, outcome: bool) -> Value:
    """A value that is known to be true or false in a condition: a truth value is False then.

    A container that seems to be empty has been filled by other code if it is true.
    """
    if outcome:
        return without_emptiness(value)
    return Const(False) if value == Plain("bool") else value


def narrow_all(value: Value, outcome: bool, order_of: Callable[[ClassValue], Sequence[Value]]) -> list[Value]:
    """The alternatives of a value that can be true (or false) in a condition.

    ``order_of`` returns a class with its bases.
    """
    return [
        narrow_to_truth(option, outcome)
        for option in alternatives(value)
        if may_be(option, outcome) and (outcome or not _is_always_true(option, order_of))
    ]


def _is_always_true(value: Value, order_of: Callable[[ClassValue], Sequence[Value]]) -> bool:
    """Whether a value is a tracked object, and neither its class nor a base says when objects are false."""
    if not isinstance(value, Instance) or value.location is None:
        return False
    order = order_of(value.cls)
    bodies = (base.node.body for base in order if isinstance(base, ClassValue))
    names = {one.name for body in bodies for one in body if isinstance(one, tree.FunctionDef)}
    return names.isdisjoint(("__bool__", "__len__")) and not any(isinstance(one, Unknown) for one in order)


def fits_truth_test(frame: Frame, state: State, name: str, outcome: bool) -> Callable[[Value], bool]:
    """The values that agree with ``if name``: a container that nothing filled is false."""
    if outcome and _is_surely_empty(frame, state, name):
        return lambda value: may_be(value, outcome) and not is_empty(value)
    return lambda value: may_be(value, outcome)


def has_no_items(frame: Frame, state: State, node: Expr, value: Value) -> bool:
    """Whether a loop over an expression never runs: it is empty, and nothing else can have filled it.

    Mostly it is ``options or []``, or a parameter that is ``()`` by default.
    """
    if not is_empty(value):
        return False
    if isinstance(value, Collection) and value.kind == "tuple":
        return True
    parts = node.values if isinstance(node, tree.BoolOp) and node.op == "or" else [node]
    return all(_is_nothing(frame, state, part) for part in parts)


def _is_nothing(frame: Frame, state: State, node: Expr) -> bool:
    """Whether an expression is None, a new empty container, or the only name of one."""
    match node:
        case tree.Display(items=[]) | tree.DictDisplay(values=[]):
            return True
        case tree.Name(id=name):
            return state.env.get(name) == NONE or _is_surely_empty(frame, state, name)
        case tree.IfExp(body=body, orelse=orelse):
            return _is_nothing(frame, state, body) and _is_nothing(frame, state, orelse)
    return False


def _is_surely_empty(frame: Frame, state: State, name: str) -> bool:
    """Whether a variable holds an empty container that is only filled through that variable."""
    node = frame.node
    if not isinstance(node, tree.FunctionDef) or name not in state.env:
        return False
    if not any(map(is_empty, alternatives(state.env[name]))):
        return False
    return not frame.ctx.derive(("shared", frame.path, node.line, name), lambda: _is_shared(node.body, name))


def _is_shared(body: list[Stmt], name: str) -> bool:
    """Whether a container in a variable may have another name: in another variable, a nested function or in
    what a comprehension makes.

    ``change_containers`` handles functions that get it in a call.
    """
    mentioned = own = 0
    parts: list[Expr | None]
    for node in all_nodes(body):
        match node:
            case tree.Name(id=mention):
                mentioned += mention == name
                continue
            case tree.FunctionDef() | tree.Lambda() | tree.ClassDef():
                if name in names_in(node):
                    return True
                continue
            case tree.Comp(items=items) if name in names_in(items):
                return True
            case tree.Call(func=tree.Attr(value=owner), args=args, keywords=keywords):
                parts = [owner, *args, *(keyword.value for keyword in keywords)]
            case tree.Call(args=args, keywords=keywords):
                parts = [*args, *(keyword.value for keyword in keywords)]
            case tree.Assign(targets=[tree.Name(id=target)], value=value) if target == name:
                values = [value]
                if isinstance(value, tree.BoolOp) and value.op == "or":  # `options = options or []`
                    values = [*value.values]
                if not isinstance(values[-1], (tree.Display, tree.DictDisplay)):
                    return True
                parts = [*node.targets, *values[:-1]]
            case tree.Assign(targets=[target]) | tree.AugAssign(target=target):
                parts = [target]
            case tree.If(test=part) | tree.IfExp(test=part) | tree.While(test=part):
                parts = [part]
            case tree.For(iter=part) | tree.CompFor(iter=part):
                parts = [part]
            case tree.Unary(value=part) | tree.Subscript(value=part) | tree.Starred(value=part):
                parts = [part]
            case tree.Return(value=part) | tree.Compare(left=part):
                parts = [part]
            case _:
                continue
        own += sum(1 for part in parts if isinstance(part, tree.Name) and part.id == name)
    return own < mentioned


def is_declared(value: Value) -> bool:
    """Whether a value may be known only from an annotation."""
    match value:
        case Plain() | DeclaredCallable():
            return True
        case Collection(items=items):
            return items is None
        case Instance(location=location, exact=exact):
            return location is None and not exact
        case Object(declared=declared):
            return declared
    return False
