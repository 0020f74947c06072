"""The contents of lists, sets, dicts and objects after something was added or removed.

A container stands for everything it ever contained: removing something leaves it unchanged.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from flake8_async_fastapi.engine import containers
from flake8_async_fastapi.engine.joins import union
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.text import path_of
from flake8_async_fastapi.engine.values import (
    NONE,
    OBJECT,
    UNKNOWN,
    Arguments,
    ClassValue,
    Collection,
    Const,
    Function,
    Instance,
    Library,
    Member,
    Object,
    PassedDict,
    Value,
    alternatives,
    called_name,
    is_plain,
)
from flake8_async_fastapi.engine.walks import element_of_container, holds_coroutine
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import all_nodes

_MOST_APPENDED: Final = 8
_ADDING: Final = {"append": 0, "add": 0, "appendleft": 0, "insert": 1}
_EXTENDING: Final = frozenset({"extend", "extendleft", "update"})
_FILLED: Final = frozenset({"list", "dict", "set"})
_TAKING: Final = frozenset({"pop", "popitem", "popleft", "remove", "discard"})
_BY_KEY: Final = frozenset({"setdefault", "popitem"})
_HANDING_OUT: Final = frozenset({"items", "values"})

MUTATORS: Final = frozenset(
    {"append", "remove", "extend", "insert", "pop", "clear", "add", "discard", "update", "sort", "reverse"}
)
"""Methods that change a container."""


def change_containers(
    state: State, callee: Value, node: tree.Call, arguments: Arguments, *, once: bool
) -> None:
    """Apply a call that may change containers in variables: ``items.append(x)``, ``fill(items)``.

    ``once``: the call is not in a loop.
    """
    for part in (*node.args, *[keyword.value for keyword in node.keywords]):
        name = part.id if isinstance(part, tree.Name) else ""
        given = state.env.get(name)
        if isinstance(given, PassedDict) and not _fills_a_parameter(callee):
            continue
        if isinstance(given, Collection) and given.kind in _FILLED and _may_fill(callee, given):
            state.narrow(name, Collection(given.kind, containers.any_item(given)))
            _forget_emptiness(state, name)
    if not isinstance(node.func, tree.Attr):
        return
    owner, name = node.func.value, node.func.name
    if not isinstance(owner, (tree.Name, tree.Attr)):
        _change_nested(state, owner, name, arguments)
        return
    path = path_of(owner)
    known = state.get(path) if path else None
    if known is None and is_of_made_object(state, path):
        known = containers.container_of_method(callee)
    if isinstance(known, Collection):
        if name in MUTATORS:
            _forget_emptiness(state, path)
        appended = _after_append(known, arguments) if once and name == "append" else None
        state.narrow(path, appended or _after_method(known, name, arguments))


def is_of_made_object(state: State, path: str) -> bool:
    """Whether a path of attributes leads to an attribute of an object that the code around created."""
    name, _, attribute = path.partition(".")
    made = state.env.get(name) if attribute and "." not in attribute else None
    return isinstance(made, Instance) and made.exact and made.location is None


def _may_fill(callee: Value, given: Collection) -> bool:
    """Whether a call may add to a container. A library seldom does so if it already has items."""
    if isinstance(callee, (Library, Member, ClassValue)):
        return containers.is_empty(given) and not called_name(callee).startswith("builtins.")
    return True


def _fills_a_parameter(callee: Value) -> bool:
    """Whether a function itself assigns or removes items of what it is given, as far as can be seen."""
    if not isinstance(callee, Function):
        return not isinstance(callee, (Library, Member, ClassValue))
    given = {param.name for param in callee.node.params}
    return any(_changed_in(part) in given for part in all_nodes(callee.node.body))


def _changed_in(part: object) -> str:
    """The variable whose items a part of the code assigns or removes; empty if it does not."""
    match part:
        case tree.Call(func=tree.Attr(value=tree.Name(id=name), name=method)):
            return name if method in MUTATORS or method in _BY_KEY else ""
        case tree.Assign(targets=[tree.Subscript(value=changed)]):
            return path_of(changed)
        case tree.AugAssign(target=tree.Subscript(value=changed)):
            return path_of(changed)
    return ""


def _forget_emptiness(state: State, path: str) -> None:
    """Record that a container may be filled now, so that it need no longer count as false."""
    if state.known.get(path) is False:
        del state.known[path]


def _after_append(before: Collection, arguments: Arguments) -> Collection | None:
    """A list of known items with another one at its end; None if its items are not known one by one."""
    if before.kind != "list" or before.items is None or len(before.items) >= _MOST_APPENDED:
        return None
    new = arguments.get(0, "object")
    if new is None or is_plain(new) or holds_coroutine(new):
        return None
    return Collection("list", items=(*before.items, new))


def _change_nested(state: State, owner: Expr, name: str, arguments: Arguments) -> None:
    """``groups[key].append(x)`` and ``groups.setdefault(key, []).append(x)``."""
    match owner:
        case tree.Subscript(value=outside, index=index):
            pass
        case tree.Call(func=tree.Attr(value=outside, name="setdefault"), args=[index, *_]):
            pass
        case _:
            return
    path = path_of(outside)
    known = state.get(path) if path else None
    if not isinstance(known, Collection) or known.kind == "tuple":
        return
    key = _key_name(index)
    before = containers.item_at(known, key)
    if before is None:
        return
    after = [
        _after_method(one, name, arguments) if isinstance(one, Collection) else one
        for one in alternatives(before)
    ]
    state.narrow(path, _with_value_at(known, key, union(after)))


def _key_name(index: Expr) -> str | None:
    return index.value if isinstance(index, tree.Const) and isinstance(index.value, str) else None


def _after_method(before: Collection, name: str, arguments: Arguments) -> Collection:
    """A container after a call of one of its methods."""
    if name == "clear":
        return Collection(before.kind, items=(), keys=() if before.kind == "dict" else None)
    if name in _TAKING:
        return Collection(before.kind, containers.any_item(before))
    if before.kind == "dict":
        if name in _HANDING_OUT and holds_coroutine(before):
            return Collection("dict")  # they may be replaced by their results, one by one
        if name == "setdefault" and arguments.args:
            return _after_setdefault(before, arguments)
        return _after_update(before, arguments) if name == "update" else before
    if before.keys is not None:
        return before
    if name in _EXTENDING:
        return _with_more(before, *(element_of_container(given) for given in arguments.args))
    if name in _ADDING:
        new = arguments.get(_ADDING[name], "object")
        return _with_more(before, new if new is not None else UNKNOWN)
    return before


def _with_more(before: Collection, *new: Value) -> Collection:
    """A container with another item; an empty list of a kind that it already contains adds nothing."""
    there = list(before.items) if before.items is not None else [before.item]
    there = [one for one in there if not _confirms(one, new)]
    empty = [one for one in new if isinstance(one, Collection) and containers.is_empty(one)]
    known = any(isinstance(one, Collection) and one.kind == other.kind for one in there for other in empty)
    item = union([*there, *(_value_in_container(one) for one in new if not (known and one in empty))])
    return Collection(before.kind, item)


def _confirms(declared: Value, new: tuple[Value, ...]) -> bool:
    """Whether an added item confirms a type that was known only from an annotation."""
    return (
        isinstance(declared, Object)
        and declared.declared
        and any(isinstance(one, Object) and one.type == declared.type and not one.declared for one in new)
    )


def _after_setdefault(before: Collection, arguments: Arguments) -> Collection:
    key, value = arguments.args[0], arguments.get(1, "default") or NONE
    if before.keys is None or not isinstance(key, Const) or not isinstance(key.value, str):
        return _with_more(before, value)
    return (
        before if key.value in before.keys else _with_value_at(before, key.value, _value_in_container(value))
    )


def _after_update(before: Collection, arguments: Arguments) -> Collection:
    """A dict after ``update(other, name=value)``."""
    if arguments.opaque:
        return Collection("dict")
    pairs: list[tuple[str | None, Value]] = list(arguments.keywords)
    for given in arguments.args:
        if not isinstance(given, Collection) or given.kind != "dict":
            pairs.append((None, UNKNOWN))
        elif given.keys is not None and given.items is not None:
            pairs += zip(given.keys, given.items, strict=True)
        else:
            pairs.append((None, given.item))
    if before.keys is None or any(name is None for name, _ in pairs):
        return _with_more(before, *(value for _, value in pairs))
    for name, value in pairs:
        before = _with_value_at(before, name, _value_in_container(value))
    return before


def _value_in_container(value: Value) -> Value:
    """A value as a container stores it; the container is now responsible for coroutines in it."""
    if holds_coroutine(value):
        return UNKNOWN
    return OBJECT if is_plain(value) and value != UNKNOWN else value


def follows(state: State, path: str, receiver: str, value: Value) -> bool:
    """Whether a path of attributes should get a container to which an item was assigned.

    It should if it has it already, or if the container is an attribute of the receiver, whose other methods
    use it, or of an object that the code created.
    """
    if state.get(path) is not None:
        return True
    owner, _, name = path.rpartition(".")
    is_kept = bool(name) and owner == receiver != "" or is_of_made_object(state, path)
    return is_kept and not is_plain(value)


def assign_item(state: State, path: str, before: Collection, index: Expr, value: Value) -> None:
    """Record that a container gets an item. It may have been empty before."""
    _forget_emptiness(state, path)
    if holds_coroutine(value) and any(other is before and name != path for name, other in state.env.items()):
        value = UNKNOWN  # the other variable may be used to replace it by its result
    state.narrow(path, _with_item(before, index, value))


def delete_item(state: State, path: str) -> None:
    """Record that a container loses an item, as by ``pop()``."""
    before = state.get(path) if path else None
    if isinstance(before, Collection):
        _forget_emptiness(state, path)
        state.narrow(path, _after_method(before, "pop", Arguments()))


def _with_item(before: Collection, index: Expr, value: Value) -> Collection:
    """A container after one item was assigned."""
    key = _key_name(index)
    has_room = before.keys is not None and len(before.keys) < containers.MOST_KEYS
    if before.kind == "dict" and key is not None and has_room:
        return _with_value_at(before, key, value)
    return Collection(before.kind) if holds_coroutine(value) else _with_more(before, value)


def _with_value_at(before: Collection, key: str | None, value: Value) -> Collection:
    """A container with another value at a key or, if the key is not known, at all keys."""
    if before.keys is None or before.items is None or key is None:
        return Collection(before.kind, value)
    pairs = dict(zip(before.keys, before.items, strict=True)) | {key: value}
    return Collection(before.kind, items=tuple(pairs.values()), keys=tuple(pairs))


def join_containers(left: Collection, right: Collection) -> Collection:
    """``left + right``: a new container that still has the coroutines of both."""
    both = concatenate(left, right)
    if both.items is None and left.kind != "dict" and holds_coroutine(right):
        return Collection(left.kind, union([element_of_container(left), element_of_container(right)]))
    return both


def concatenate(left: Collection, right: Value) -> Collection:
    """``left + right`` and ``left += right``."""
    if left.kind == "dict":
        return _after_update(left, Arguments((right,)))
    more = right.items if isinstance(right, Collection) and right.kind != "dict" else None
    if left.items is not None and more is not None:
        return Collection(left.kind, items=left.items + more)
    return _with_more(left, element_of_container(right))


def with_assigned(instance: Instance, assigned: Mapping[str, Value]) -> Instance:
    """An object of the project after some of its attributes were assigned."""
    known = {**dict(instance.attributes or ()), **assigned}
    if instance.location is not None or known == dict(instance.attributes or ()):
        return instance
    kept = {name: value for name, value in known.items() if not is_plain(value)}
    return replace(instance, attributes=tuple(one for one in kept.items() if not holds_coroutine(one[1])))
