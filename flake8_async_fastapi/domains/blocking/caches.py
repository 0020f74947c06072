"""Work that is done on first use: a function does not repeat it if it finds the result."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeAlias

from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr, Stmt
from flake8_async_fastapi.facts.walk import all_nodes, bound_names, dotted, flat, nodes_in

_FILLING: Final = frozenset({"add", "append", "extend", "insert", "setdefault", "update"})
"""Methods that put something into a container."""


Helpers: TypeAlias = Callable[[str], "tree.FunctionDef | None"]
"""Gives the function that a function calls by a name: one of its module, or of its object."""


def is_lazy_initialisation(node: tree.If, function: tree.FunctionDef, helpers: Helpers) -> bool:
    """Whether an ``if`` sets a value that is missing: ``if self._client is None: self._client = ...``.

    A helper may set it, as in ``if not MESSAGES: load_messages()``.
    """
    missing = _place_if(node.test, function.body, is_filled=False)
    return bool(missing) and _fills(node.body, missing, helpers) and _outlives_call(missing, function)


def returns_cached(node: tree.If, function: tree.FunctionDef, helpers: Helpers) -> bool:
    """Whether an ``if`` returns a value that the function set in an earlier call.

    As in ``if self._client is not None: return self._client``, where ``self._client`` is set below, in ``if
    (client := self._client) is not None: return client``, and in ``if NAMES: return``, where ``NAMES`` is
    filled below.
    """
    last = node.body[-1] if node.body else None
    if node.orelse or not isinstance(last, tree.Return):
        return False
    kept = _place_if(node.test, function.body, is_filled=True)
    return bool(kept) and _fills(function.body, kept, helpers) and _outlives_call(kept, function)


_MISSES: Final = frozenset({"KeyError", "LookupError", "IndexError", "AttributeError"})


def lines_of_misses(function: tree.FunctionDef, helpers: Helpers) -> frozenset[int]:
    """The lines that run only if a cache has no entry, as in ``except KeyError: CACHE[key] = load(key)``.

    If the ``try`` returns the entry, and the code below makes it, these are all lines below.
    """
    found: set[int] = set()
    for node in nodes_in(function.body):
        if not isinstance(node, tree.Try) or not any(_catches_miss(one.type) for one in node.handlers):
            continue
        kept = [place for place in _places_read(node.body) if _outlives_call(place, function)]
        for handler in node.handlers:
            if _catches_miss(handler.type) and any(_fills(handler.body, place, helpers) for place in kept):
                found |= _lines_of(handler.body)
        if node.body and isinstance(node.body[-1], tree.Return):
            below = [statement for statement in function.body if statement.line > max(_lines_of([node]))]
            if any(_fills(below, place, helpers) for place in kept):
                found |= _lines_of(below)
    return frozenset(found)


def _catches_miss(caught: Expr | None) -> bool:
    names = caught.items if isinstance(caught, tree.Display) else [caught]
    return all(one is not None and dotted(one) in _MISSES for one in names)


def _places_read(body: list[Stmt]) -> Iterator[str]:
    """The containers whose items code reads, and the attributes that it reads."""
    for node in nodes_in(body):
        if isinstance(node, tree.Subscript):
            yield dotted(node.value)
        elif isinstance(node, tree.Attr):
            yield dotted(node)


def _lines_of(body: list[Stmt]) -> set[int]:
    lines = [line for node in nodes_in(body) if (line := getattr(node, "line", 0))]
    return set(range(min(lines), max(lines) + 1)) if lines else set()


def _fills(body: list[Stmt], place: str, helpers: Helpers | None = None) -> bool:
    """Whether code assigns a place or an item of it, or adds something to it, maybe through a helper."""
    for node in nodes_in(body):
        if isinstance(node, tree.Assign):
            for target in node.targets:
                inside = isinstance(target, tree.Subscript) and dotted(target.value) == place
                if inside or place_text(target) == place:
                    return True
        elif isinstance(node, tree.Call) and (
            _is_filled_by(node, place) or _is_filled_in(dotted(node.func), place, helpers)
        ):
            return True
    return False


def _is_filled_in(called: str, place: str, helpers: Helpers | None) -> bool:
    """Whether a helper fills a place: a function of the module, or a method of the same object."""
    helper = helpers(called) if helpers is not None else None
    if helper is None:
        return False
    root, owner = place.partition("[")[0].partition(".")[0], called.rpartition(".")[0]
    return _fills(helper.body, place) and (root == owner or _outlives_call(root, helper))


def _is_filled_by(call: tree.Call, place: str) -> bool:
    """Whether a call adds something to a container."""
    func = call.func
    return isinstance(func, tree.Attr) and func.name in _FILLING and dotted(func.value) == place


def _outlives_call(place: str, function: tree.FunctionDef) -> bool:
    """Whether a place outlives a call of a function. All do except local variables and their contents."""
    owner = place.partition("[")[0]
    if "." in owner:
        return True
    scopes = (part for part in nodes_in(function.body) if isinstance(part, tree.Scope))
    declared = {name for scope in scopes for name in scope.names}
    local = {name for statement in flat(function.body) for name in bound_names(statement)} - declared
    return owner not in local and not any(param.name == owner for param in function.params)


def _place_if(test: Expr, body: list[Stmt], *, is_filled: bool) -> str:
    """The place that a condition finds filled; empty text if the condition tests something else."""
    match test:
        case tree.Unary(op="not", value=value):
            return _place_if(value, body, is_filled=not is_filled)
        case tree.BoolOp(op="and", values=values) if is_filled:
            found = (_place_if(value, body, is_filled=True) for value in values)
            return next(filter(None, found), "")
        case tree.BoolOp(values=[first, *_]) if not is_filled:
            return _place_if(first, body, is_filled=False)
        case tree.Compare(ops=[("in" | "not in") as op], rights=[owner]):
            return place_text(owner) if (op == "in") is is_filled else ""
        case tree.Compare(left=left, ops=[op], rights=[right]):
            says = _SAYS.get((op, _limit(left, right)))
            return _place_asked(left, body) if says is is_filled else ""
    return _place_asked(test, body) if is_filled else ""


_SAYS: Final[Mapping[tuple[str, object], bool]] = {
    ("is not", None): True, ("is", None): False, ("==", 0): False, ("!=", 0): True, (">", 0): True,
    (">=", 1): True, ("<", 1): False, ("<=", 0): False,
}  # fmt: skip
"""What a comparison with None, or of a length with a number, says: that there is something, or nothing."""


def _limit(left: Expr, right: Expr) -> object:
    """The value that a length is compared with; None for a comparison with None or with a name."""
    if isinstance(left, tree.Call) and isinstance(right, tree.Const):
        return right.value
    is_missing = isinstance(right, tree.Name) or (isinstance(right, tree.Const) and right.value is None)
    return None if is_missing else ""


def _place_asked(node: Expr, body: list[Stmt]) -> str:
    """The place that a value is taken from: ``X`` of ``len(X)``, ``X.get(key)`` or a variable set from it."""
    match node:
        case tree.Walrus(value=value):
            return _place_asked(value, body)
        case tree.Call(func=tree.Name(id="len"), args=[value]):
            return place_text(value)
        case tree.Call(func=tree.Attr(value=owner, name="get")):
            return place_text(owner)
        case tree.Name(id=name):
            made = [one.value for one in _assignments_in(body) if name in map(place_text, one.targets)]
            taken = (_place_asked(value, body) for value in made if isinstance(value, (tree.Attr, tree.Call)))
            return next(filter(None, taken), name)
    return place_text(node)


def _assignments_in(body: list[Stmt]) -> Iterator[tree.Assign]:
    for node in all_nodes(body):
        if isinstance(node, tree.Assign):
            yield node


def place_text(node: Expr) -> str:
    """A variable, an attribute or an item as written; empty text for anything else."""
    if isinstance(node, tree.Subscript):
        return f"{dotted(node.value)}[{dotted(node.index)}]"
    return dotted(node)
