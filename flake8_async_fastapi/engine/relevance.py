"""The parts of a call that can make a difference to the called function.

Calls that differ in nothing else share one run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from flake8_async_fastapi import knowledge
from flake8_async_fastapi.engine import containers, renaming, texts
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.state import MOST_STATES
from flake8_async_fastapi.engine.summary import Summary
from flake8_async_fastapi.engine.values import (
    UNKNOWN,
    ClassValue,
    Collection,
    Const,
    Coroutine,
    DeclaredCallable,
    Function,
    Instance,
    Object,
    Partial,
    Text,
    Unknown,
    Value,
    is_plain,
)
from flake8_async_fastapi.engine.walks import holds_coroutine
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Stmt
from flake8_async_fastapi.facts.walk import all_nodes, blocks, bound_names, flat


def specialise(ctx: Context, passed: Value, known: Value, function: Function | None, name: str) -> Value:
    """An argument, if more is known of it than of its parameter anyway, which a function has under a name.

    All plain values are alike, but for keys of tables, texts that are compared, and lists of texts, which are
    mostly names of attributes, or of functions. So are all objects of a declared type. Of a dict count the
    keys, if code asks for them.
    """
    if isinstance(passed, Coroutine) and passed.origin.path == "<argument>":
        return passed
    if is_plain(passed) or holds_coroutine(passed):
        is_key = function is not None and name in mentions_of(ctx, function).keys
        return passed if is_key and isinstance(passed, Const) else known
    if isinstance(passed, Text) or _lists_what_matters(passed) or renaming.has_identity(ctx, passed):
        return passed
    if isinstance(passed, Collection) and function is not None and name in mentions_of(ctx, function).asked:
        keyed = containers.keys_passed(passed)
        if keyed is not None:
            return keyed
    says_little = isinstance(known, (Unknown, DeclaredCallable))
    if says_little or isinstance(passed, (Function, ClassValue, Partial, Const)):
        return limit_depth(passed)
    match known, passed:
        case Instance(cls=declared_class), Instance(cls=cls):
            return known if cls == declared_class else Instance(cls)
        case Object(type=declared_type), Object(type=name):
            sure = known.declared and not passed.declared and knowledge.has_async_twin(name)
            return known if name == declared_type and not passed.arguments and not sure else passed
    return known


def _lists_what_matters(value: Value) -> bool:
    """Whether a value is a list of a few known texts, or of functions that are called one after the other."""
    items = value.items if isinstance(value, Collection) and value.kind in ("list", "tuple", "set") else None
    if not items or len(items) > _MOST_NAMES:
        return False
    names = (isinstance(item, Const) and isinstance(item.value, str) for item in items)
    return all(names) or all(isinstance(item, (Function, Partial)) for item in items)


def limit_depth(value: Value, depth: int = 0) -> Value:
    """A value with its attributes, but without the attributes of those, apart from classes.

    A generic repository that a service holds is for one model.
    """
    if isinstance(value, Instance) and value.location is not None:
        return value
    if isinstance(value, Instance) and value.attributes:
        if depth:
            classes = tuple(pair for pair in value.attributes if isinstance(pair[1], ClassValue))
            return Instance(value.cls, classes or None, value.exact)
        kept = tuple((name, limit_depth(inner, depth + 1)) for name, inner in value.attributes)
        return Instance(value.cls, kept, value.exact)
    if isinstance(value, Collection) and value.items is None and isinstance(value.item, Unknown):
        return UNKNOWN
    return value


_MOST_NAMES: Final = 8
_MOST_STATEMENTS: Final = 60
_MOST_STEPS: Final = _MOST_STATEMENTS * MOST_STATES
_FEW_CALLERS: Final = 3
_TOO_LONG: Final = 5 * _MOST_STEPS


def is_long(ctx: Context, function: Function) -> bool:
    """Whether a function is too long to run for each combination of arguments.

    Many statements in a row take no more steps than a few in branches. A part of a long function that stands
    by itself has one caller or two, and there are no more combinations than callers.
    """
    node = function.node
    if not isinstance(node, tree.FunctionDef) or node.name == "__init__":
        return False

    def measure() -> int:
        many = sum(1 for _ in flat(node.body)) > _MOST_STATEMENTS
        return _steps_of(node.body, 1)[0] if many else 0

    steps: int = ctx.derive(("steps", function.key), measure)
    if steps <= _MOST_STEPS:
        return False
    return steps > _TOO_LONG or ctx.project.functions_mentioning(node.name) > _FEW_CALLERS


def _steps_of(body: list[Stmt], paths: int) -> tuple[int, int]:
    """The maximum number of steps that statements take on some paths, and the number of paths that reach the
    end.
    """
    steps = 0
    for statement in body:
        steps += paths
        if isinstance(statement, (tree.Return, tree.Raise, tree.Jump)):
            return steps, 0
        inner = [_steps_of(block, paths) for block in blocks(statement)]
        is_loop = isinstance(statement, (tree.For, tree.While))
        steps += sum(taken for taken, _ in inner) * (2 if is_loop else 1)
        ends = sum(left for _, left in inner)
        if is_loop or isinstance(statement, tree.Match):
            ends += paths  # for those that no block of it takes
        paths = min(ends, MOST_STATES) if inner else paths
    return steps, paths


class Mentions(Struct, frozen=True):
    """Names that the code of a function mentions: names, attributes of any object, names that it calls, and
    those at which it looks something up, as in ``HANDLERS[event]`` or ``getattr(post, name)``, or that it
    compares with a text; and the variables of which it asks for a key, or which it passes on.
    """

    names: tuple[str, ...] = ()
    attributes: frozenset[str] = frozenset()
    called: frozenset[str] = frozenset()
    keys: frozenset[str] = frozenset()
    asked: frozenset[str] = frozenset()


def mentions_of(ctx: Context, function: Function) -> Mentions:
    """The names that the code of a function mentions, including nested functions."""

    def find() -> Mentions:
        names: dict[str, None] = {}
        attributes, called, keys, asked = set[str](), set[str](), set[str](), set[str]()
        for node in all_nodes(function.node.body):
            if isinstance(node, tree.Name):
                names[node.id] = None
            elif isinstance(node, tree.Attr):
                attributes.add(node.name)
            elif isinstance(node, tree.Call) and isinstance(node.func, tree.Name):
                called.add(node.func.id)
            match node:
                case tree.Subscript(index=tree.Name(id=key)):
                    keys.add(key)
                case tree.Call(func=tree.Attr(name="get"), args=[tree.Name(id=key), *_]):
                    keys.add(key)
                case tree.Call(func=tree.Name(id="getattr" | "setattr"), args=[_, tree.Name(id=key), *_]):
                    keys.add(key)
                case tree.Call(func=tree.Attr(value=tree.Name(id=key), name="get"), args=[tree.Const(), *_]):
                    asked.add(key)
                case tree.Compare(left=tree.Const(), ops=["in" | "not in"], rights=[tree.Name(id=key)]):
                    asked.add(key)
                case tree.Compare(left=left, rights=[tree.Const(value=str()) | tree.Display()]):
                    keys.update(texts.compared_name(left))
            if isinstance(node, tree.Call):
                given = (*node.args, *(one.value for one in node.keywords))
                asked.update(one.id for one in given if isinstance(one, tree.Name))
        if function.name == "__getattr__":
            keys.update(param.name for param in function.node.params)
        found = (frozenset(attributes), frozenset(called), frozenset(keys), frozenset(asked))
        return Mentions(tuple(names), *found)

    return ctx.derive(("mentions", function.key), find)


def captured_objects(
    ctx: Context, function: Function, env: Mapping[str, Value]
) -> tuple[tuple[str, Value], ...]:
    """The variables around a nested function that it can see and whose values are more than a type."""
    names = [name for name in mentions_of(ctx, function).names if name in env]
    objects = [(name, env[name]) for name in names if renaming.has_identity(ctx, env[name])]
    own = _own_names(ctx, function.path, function.node) if objects else frozenset()
    return tuple(one for one in objects if one[0] not in own)


def _own_names(ctx: Context, path: str, node: tree.FunctionDef | tree.Lambda) -> frozenset[str]:
    """The names that a function itself binds."""

    def find() -> frozenset[str]:
        body = node.body
        statements = flat(body) if isinstance(body, list) else ()
        bound = {name for statement in statements for name in bound_names(statement)}
        return frozenset(bound.union(param.name for param in node.params))

    return ctx.derive(("own names", path, node.line, node.col), find)


def forget_assigned(frame: Frame, function: Function, summary: Summary) -> None:
    """Forget what a frame knows of the names of its module that a callee assigned after ``global``.

    The caller has assigned them, too.
    """
    if function.path != frame.path or frame.closure is not None:
        return
    own = _own_names(frame.ctx, frame.path, frame.node) - frame.globals if frame.node is not None else ()
    for name, value in summary.globals:
        if name not in own:
            frame.state.forget(name)
            frame.set_globals.setdefault(name, []).append(value)


def closure_values(ctx: Context, function: Function) -> list[Value]:
    """The variables around a nested function that it mentions."""
    closure = function.closure
    if closure is None:
        return []
    seen = (closure.find(name) for name in mentions_of(ctx, function).names)
    return [value for value in seen if value is not None]
