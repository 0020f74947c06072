"""Jinja's expressions, filters and tests, as part of a template's lowering.

The reserved names, and what they stand for, are in ``templates.py``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeAlias

from jinja2 import nodes

from flake8_async_fastapi.extract import ExtractError
from flake8_async_fastapi.extract.literals import is_kept
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr

_DEEPEST: Final = 150
"""Nobody nests so deep, and everything that reads the facts calls itself for nested nodes."""


_ITEM: Final = "{{ item"
_ONE: Final = "{{ one"


class Expressions:
    """The expressions of one template while they are lowered."""

    def __init__(self) -> None:
        self.line = 1
        self.depth = 0
        self.block = ""
        """The block under way, which ``super()`` speaks of."""

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise ExtractError("nests too deep to be analysed")

    def at(self, node: nodes.Node) -> tuple[int, int]:
        return node.lineno or self.line, 0

    def expr(self, node: Any) -> Expr:
        self.deeper()
        lowered: Expr = _EXPRESSIONS.get(type(node).__name__, Expressions.other)(self, node)
        self.depth -= 1
        return lowered

    def exprs(self, found: Iterable[nodes.Node]) -> list[Expr]:
        return [self.expr(node) for node in found]

    def other(self, node: Any) -> Expr:
        return tree.Other(*self.at(node), self.exprs(node.iter_child_nodes()))

    def name(self, node: nodes.Node, name: str) -> tree.Name:
        return tree.Name(*self.at(node), name)

    def text(self, node: nodes.Node) -> Expr:
        """Some text."""
        return tree.FString(*self.at(node), [])

    def const(self, node: nodes.Node, value: None | bool | int | float | str) -> tree.Const:
        return tree.Const(*self.at(node), value)

    def reserved(
        self, node: nodes.Node, name: str, args: Iterable[nodes.Node], keywords: dict[str, bool]
    ) -> Expr:
        known = [tree.Keyword(key, self.const(node, value)) for key, value in keywords.items()]
        return tree.Call(*self.at(node), self.name(node, name), self.exprs(args), known)

    def block_call(self, node: nodes.Node, name: str, scoped: bool) -> Expr:
        args: list[Expr] = [self.const(node, name), self.const(node, scoped)]
        return tree.Call(*self.at(node), self.name(node, "{% block"), args, [])

    def variable(self, node: Any) -> Expr:
        return self.name(node, node.name)

    def namespace_attribute(self, node: Any) -> Expr:
        return tree.Attr(*self.at(node), self.name(node, node.name), node.attr)

    def literal(self, node: Any) -> Expr:
        value = node.data if isinstance(node, nodes.TemplateData) else node.value
        return self.const(node, value) if is_kept(value) else tree.Other(*self.at(node), [])

    def display(self, node: Any) -> Expr:
        return tree.Display(*self.at(node), type(node).__name__.lower(), self.exprs(node.items))

    def dict_(self, node: Any) -> Expr:
        keys: list[Expr | None] = [self.expr(pair.key) for pair in node.items]
        return tree.DictDisplay(*self.at(node), keys, [self.expr(pair.value) for pair in node.items])

    def inner_value(self, node: Any) -> Expr:
        """The inner value of helpers that only wrap an expression."""
        return self.expr(node.value if isinstance(node, nodes.Keyword) else node.expr)

    def binary(self, node: Any) -> Expr:
        return tree.Binary(*self.at(node), node.operator, self.expr(node.left), self.expr(node.right))

    def bool_op(self, node: Any) -> Expr:
        values = [self.expr(node.right)]
        while type(node.left) is type(node):
            node = node.left
            values.append(self.expr(node.right))
        values.append(self.expr(node.left))
        return tree.BoolOp(*self.at(node), node.operator, values[::-1])

    def unary(self, node: Any) -> Expr:
        return tree.Unary(*self.at(node), node.operator, self.expr(node.node))

    def compare(self, node: Any) -> Expr:
        ops = [_OPERATORS[operand.op] for operand in node.ops]
        rights = [self.expr(operand.expr) for operand in node.ops]
        return tree.Compare(*self.at(node), self.expr(node.expr), ops, rights)

    def if_exp(self, node: Any) -> Expr:
        orelse = self.const(node, "") if node.expr2 is None else self.expr(node.expr2)
        return tree.IfExp(*self.at(node), self.expr(node.test), self.expr(node.expr1), orelse)

    def concat(self, node: Any) -> Expr:
        shown = [part for part in node.nodes if not isinstance(part, (nodes.Const, nodes.TemplateData))]
        return tree.FString(*self.at(node), self.exprs(shown))

    def getattr_(self, node: Any) -> Expr:
        return tree.Attr(*self.at(node), self.expr(node.node), node.attr)

    def getitem(self, node: Any) -> Expr:
        value = self.expr(node.node)
        if isinstance(node.arg, nodes.Const):
            return self.part(node, value, node.arg.value)
        if isinstance(node.arg, nodes.Slice):
            bounds = self.exprs(node.arg.iter_child_nodes())
            return self.each(node, "list", value, rest=bounds)
        return tree.Subscript(*self.at(node), value, self.expr(node.arg))

    def part(self, node: nodes.Node, value: Expr, key: object) -> Expr:
        """``value[key]``, which also means an attribute if the key could name one."""
        if isinstance(key, str) and key.isidentifier():
            return tree.Attr(*self.at(node), value, key)
        index = self.literal(nodes.Const(key, lineno=node.lineno))
        return tree.Subscript(*self.at(node), value, index)

    def call(self, node: Any) -> Expr:
        match node:
            case nodes.Call(node=nodes.Name(name="super"), args=[]) if self.block:
                return self.super_(node, 1)
            case nodes.Call(node=nodes.Getattr(attr="super", node=inner), args=[]) if self.block:
                levels = 1
                while isinstance(inner, nodes.Getattr) and inner.attr == "super":
                    inner, levels = inner.node, levels + 1
                if isinstance(inner, nodes.Name) and inner.name == "super":
                    return self.super_(node, levels + 1)
            case nodes.Call(node=nodes.Getattr(attr=name, node=nodes.Name(name="self")), args=[]):
                return self.block_call(node, name, False)
        args, keywords = self.arguments(node)
        return tree.Call(*self.at(node), self.expr(node.node), args, keywords)

    def super_(self, node: nodes.Node, levels: int) -> Expr:
        args: list[Expr] = [self.const(node, self.block), self.const(node, levels)]
        return tree.Call(*self.at(node), self.name(node, "{% super"), args, [])

    def arguments(self, node: Any) -> tuple[list[Expr], list[tree.Keyword]]:
        args = self.exprs(node.args)
        if node.dyn_args is not None:
            args.append(tree.Starred(*self.at(node), self.expr(node.dyn_args)))
        keywords = [tree.Keyword(keyword.key, self.expr(keyword.value)) for keyword in node.kwargs]
        if node.dyn_kwargs is not None:
            keywords.append(tree.Keyword(None, self.expr(node.dyn_kwargs)))
        return args, keywords

    # --- filters and tests -----------------------------------------------------------

    def filter(self, node: Any) -> Expr:
        value = self.text(node) if node.node is None else self.expr(node.node)
        return self.filtered(node, node.name, value, *self.arguments(node))

    def filtered(
        self, node: nodes.Node, name: str, value: Expr, args: list[Expr], keywords: list[tree.Keyword]
    ) -> Expr:
        """A value after a filter, spelled out if the filter iterates or reads attributes."""
        given = _Given(args, keywords)
        lower = _FILTERS.get(name)
        lowered = None if lower is None or given.is_open else lower(self, node, value, given)
        if lowered is not None:
            return lowered
        return tree.Call(*self.at(node), self.name(node, f"{{{{ filter:{name}"), [value, *args], keywords)

    def test(self, node: Any) -> Expr:
        return self.tested(node, node.name, self.expr(node.node), *self.arguments(node))

    def tested(
        self, node: nodes.Node, name: str, value: Expr, args: list[Expr], keywords: list[tree.Keyword]
    ) -> Expr:
        at = self.at(node)
        if name in _CONSTANT_TESTS and not args:
            return tree.Compare(*at, value, ["is"], [self.const(node, _CONSTANT_TESTS[name])])
        if name in _COMPARING_TESTS and len(args) == 1 and not isinstance(args[0], tree.Starred):
            return tree.Compare(*at, value, [_COMPARING_TESTS[name]], args)
        return tree.Call(*at, self.name(node, f"{{{{ test:{name}"), [value, *args], keywords)

    def each(
        self,
        node: nodes.Node,
        kind: str,
        value: Expr,
        item: Expr | None = None,
        *,
        ifs: Iterable[Expr] = (),
        rest: Iterable[Expr] = (),
    ) -> Expr:
        """``[item for item in value if ...]``; ``rest`` is evaluated too, if it has effects."""
        at, element = self.at(node), self.item(node)
        reads: list[Expr] = [part for part in rest if not isinstance(part, tree.Const)]
        conditions = [*ifs, *([tree.Other(*at, reads)] if reads else ())]
        return tree.Comp(
            *at, kind, [item or element], [tree.CompFor(element, value, conditions, is_async=False)]
        )

    def item(self, node: nodes.Node) -> Expr:
        return self.name(node, _ITEM)

    def some(self, node: nodes.Node) -> Expr:
        """A list with any number of the item."""
        alone = tree.Display(*self.at(node), "tuple", [self.item(node)])
        one = self.name(node, _ONE)
        return tree.Comp(*self.at(node), "list", [one], [tree.CompFor(one, alone, [], is_async=False)])

    def attribute(self, node: nodes.Node, path: Expr) -> Expr:
        """The attribute of the item that ``attribute="a.b"`` reads."""
        value = self.item(node)
        if not isinstance(path, tree.Const) or not isinstance(path.value, (str, int)):
            return tree.Other(*self.at(node), [value, path])
        for part in str(path.value).split("."):
            value = self.part(node, value, int(part) if part.isdecimal() else part)
        return value

    def attributes(self, node: nodes.Node, path: Expr) -> list[Expr]:
        """The attributes of the item that ``attribute="a,b.c"`` reads."""
        if isinstance(path, tree.Const) and isinstance(path.value, str):
            return [self.attribute(node, tree.Const(*self.at(node), part)) for part in path.value.split(",")]
        return [self.attribute(node, path)]

    def map_filter(self, node: nodes.Node, value: Expr, given: _Given) -> Expr | None:
        path = given.take(None, "attribute")
        if path is not None:
            return self.each(node, "generator", value, self.attribute(node, path), rest=given.rest())
        name = given.take(0, None)
        if not isinstance(name, tree.Const) or not isinstance(name.value, str):
            return None
        filtered = self.filtered(node, name.value, self.item(node), given.args[1:], given.keywords)
        return self.each(node, "generator", value, filtered)

    def selecting(
        self, node: nodes.Node, value: Expr, given: _Given, *, attribute: bool, wanted: bool
    ) -> Expr | None:
        tested, args = self.item(node), given.args
        if attribute:
            if not args:
                return None
            tested, args = self.attribute(node, args[0]), args[1:]
        if args:
            if not isinstance(args[0], tree.Const) or not isinstance(args[0].value, str):
                return None
            tested = self.tested(node, args[0].value, tested, args[1:], given.keywords)
        condition = tested if wanted else tree.Unary(*self.at(node), "not", tested)
        return self.each(node, "generator", value, ifs=[condition])

    def groupby(self, node: nodes.Node, value: Expr, given: _Given) -> Expr | None:
        path = given.take(0, "attribute")
        if path is None:
            return None
        group = tree.Display(*self.at(node), "tuple", [self.attribute(node, path), self.some(node)])
        return self.each(node, "list", value, group, rest=given.rest())

    def copied(
        self, node: nodes.Node, value: Expr, given: _Given, *, kind: str, place: int | None = None
    ) -> Expr:
        """The same elements in another order, or some of them, after reading attributes of each."""
        path = given.take(place, "attribute")
        reads = [] if path is None else self.attributes(node, path)
        return self.each(node, kind, value, rest=[*reads, *given.rest()])

    def extreme(self, node: nodes.Node, value: Expr, given: _Given) -> Expr:
        copied = self.copied(node, value, given, kind="list", place=1)
        return tree.Subscript(*self.at(node), copied, self.const(node, 0))

    def rows(self, node: nodes.Node, value: Expr, given: _Given) -> Expr:
        return self.each(node, "generator", value, self.some(node), rest=given.rest())

    def sum_filter(self, node: nodes.Node, value: Expr, given: _Given) -> Expr:
        path = given.take(0, "attribute")
        summed = value
        if path is not None:
            summed = self.each(node, "generator", value, self.attribute(node, path))
        return tree.Call(*self.at(node), self.name(node, "sum"), [summed, *given.rest()], [])

    def join(self, node: nodes.Node, value: Expr, given: _Given) -> Expr:
        between, path = given.take(0, "d"), given.take(1, "attribute")
        joined = self.item(node) if path is None else self.attribute(node, path)
        shown = self.each(node, "generator", value, tree.FString(*self.at(node), [joined]))
        method = tree.Attr(*self.at(node), between or self.const(node, ""), "join")
        return tree.Call(*self.at(node), method, [shown], [])

    def default(self, node: nodes.Node, value: Expr, given: _Given) -> Expr:
        otherwise = given.take(0, "default_value") or self.const(node, "")
        boolean = given.take(1, "boolean")
        if isinstance(boolean, tree.Const) and boolean.value:
            return tree.BoolOp(*self.at(node), "or", [value, otherwise])
        # whether it is defined is not known, and the default is always evaluated
        return tree.IfExp(*self.at(node), tree.Other(*self.at(node), given.rest()), value, otherwise)

    def length(self, node: nodes.Node, value: Expr, given: _Given) -> Expr:
        return tree.Call(*self.at(node), self.name(node, "len"), [value], [])

    def at_place(self, node: nodes.Node, value: Expr, given: _Given, *, place: int | None) -> Expr:
        index = tree.Other(*self.at(node), []) if place is None else self.const(node, place)
        return tree.Subscript(*self.at(node), value, index)

    def pairs(self, node: nodes.Node, value: Expr, given: _Given) -> Expr:
        return tree.Call(*self.at(node), tree.Attr(*self.at(node), value, "items"), [], [])

    def attr_filter(self, node: nodes.Node, value: Expr, given: _Given) -> Expr | None:
        match given.args:
            case [tree.Const(value=str(name))] if name.isidentifier():
                return tree.Attr(*self.at(node), value, name)
        return None

    def shown(self, node: nodes.Node, value: Expr, given: _Given) -> Expr:
        return tree.FString(*self.at(node), [value])


class _Given:
    """The arguments of a filter, taken one by one."""

    def __init__(self, args: list[Expr], keywords: list[tree.Keyword]) -> None:
        self.args = args
        self.keywords = keywords
        self.is_open = any(isinstance(arg, tree.Starred) for arg in args)
        self.is_open = self.is_open or any(keyword.name is None for keyword in keywords)
        self._taken: list[Expr] = []

    def take(self, place: int | None, name: str | None) -> Expr | None:
        """The argument at a place or with a name; None if it is not given."""
        found = [keyword.value for keyword in self.keywords if name is not None and keyword.name == name]
        if place is not None and place < len(self.args):
            found.append(self.args[place])
        self._taken += found
        return found[0] if found else None

    def rest(self) -> list[Expr]:
        """The arguments that were not taken."""
        every = (*self.args, *(keyword.value for keyword in self.keywords))
        return [arg for arg in every if not any(arg is taken for taken in self._taken)]


_EXPRESSIONS: dict[str, Callable[[Expressions, Any], Expr]] = {
    "Name": Expressions.variable,
    "NSRef": Expressions.namespace_attribute,
    "Const": Expressions.literal,
    "TemplateData": Expressions.literal,
    "Tuple": Expressions.display,
    "List": Expressions.display,
    "Dict": Expressions.dict_,
    "Keyword": Expressions.inner_value,
    "Operand": Expressions.inner_value,
    "MarkSafe": Expressions.inner_value,
    "MarkSafeIfAutoescape": Expressions.inner_value,
    "And": Expressions.bool_op,
    "Or": Expressions.bool_op,
    **dict.fromkeys(("Add", "Sub", "Mul", "Div", "FloorDiv", "Mod", "Pow"), Expressions.binary),
    **dict.fromkeys(("Not", "Neg", "Pos"), Expressions.unary),
    "Compare": Expressions.compare,
    "CondExpr": Expressions.if_exp,
    "Concat": Expressions.concat,
    "Getattr": Expressions.getattr_,
    "Getitem": Expressions.getitem,
    "Call": Expressions.call,
    "Filter": Expressions.filter,
    "Test": Expressions.test,
}

_OPERATORS: Final = {
    "eq": "==", "ne": "!=", "lt": "<", "lteq": "<=", "gt": ">", "gteq": ">=", "in": "in", "notin": "not in",
}  # fmt: skip

_CONSTANT_TESTS: Final = {"none": None, "true": True, "false": False}

_COMPARING_TESTS: Final = {
    "sameas": "is", "in": "in",
    "eq": "==", "==": "==", "equalto": "==", "ne": "!=", "!=": "!=",
    "lt": "<", "<": "<", "lessthan": "<", "le": "<=", "<=": "<=",
    "gt": ">", ">": ">", "greaterthan": ">", "ge": ">=", ">=": ">=",
}  # fmt: skip

_Filter: TypeAlias = Callable[[Expressions, nodes.Node, Expr, _Given], Expr | None]

_FILTERS: dict[str, _Filter] = {
    "map": Expressions.map_filter,
    "select": functools.partial(Expressions.selecting, attribute=False, wanted=True),
    "reject": functools.partial(Expressions.selecting, attribute=False, wanted=False),
    "selectattr": functools.partial(Expressions.selecting, attribute=True, wanted=True),
    "rejectattr": functools.partial(Expressions.selecting, attribute=True, wanted=False),
    "groupby": Expressions.groupby,
    "sort": functools.partial(Expressions.copied, kind="list", place=2),
    "unique": functools.partial(Expressions.copied, kind="generator", place=1),
    "list": functools.partial(Expressions.copied, kind="list"),
    "reverse": functools.partial(Expressions.copied, kind="list"),
    "min": Expressions.extreme,
    "max": Expressions.extreme,
    "sum": Expressions.sum_filter,
    "join": Expressions.join,
    "batch": Expressions.rows,
    "slice": Expressions.rows,
    "default": Expressions.default,
    "d": Expressions.default,
    "length": Expressions.length,
    "count": Expressions.length,
    "first": functools.partial(Expressions.at_place, place=0),
    "last": functools.partial(Expressions.at_place, place=-1),
    "random": functools.partial(Expressions.at_place, place=None),
    "items": Expressions.pairs,
    "dictsort": Expressions.pairs,
    "attr": Expressions.attr_filter,
    **dict.fromkeys(("string", "e", "escape", "forceescape", "safe"), Expressions.shown),
}
