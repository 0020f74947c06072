"""A Jinja template to the reduced tree of the facts.

The template is parsed and never rendered or loaded.  Its tree becomes code that
does what Jinja would do, as far as values are concerned: text that is only
printed is left out, and what is unknown becomes an ``Other`` with its parts.
Jinja knows no columns, so all are 0; only the macros of one line are counted by
theirs, since functions are told apart by their places.

What Python has no statement or expression for is a call of a reserved name:

* ``{% block`` (name, whether it is scoped): the place of a block;
* ``{% super`` (name of the block, how many levels up): ``super()``;
* ``{% include`` (name; ``ignore_missing``, ``with_context``);
* ``{% import`` (name; ``with_context``): the imported template as a value, whose
  attributes are its macros and variables;
* ``{{ filter:upper`` (value, arguments), ``{{ test:defined`` (value, arguments).

Names end with the block, loop or ``with`` that they are set in, and those they hid
are seen again.  Python has no such scopes, so the hidden value is kept in a
variable such as ``{{ outer1:post`` meanwhile.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, TypeAlias

import jinja2
from jinja2 import nodes

from flake8_async_fastapi.extract import ExtractError
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.template import Block, TemplateFacts
from flake8_async_fastapi.facts.tree import Expr, Stmt
from flake8_async_fastapi.facts.walk import names_in, target_names

MAX_CHARACTERS: Final = 1_000_000
"""Longer templates are generated, and hold no code worth the time."""

_DEEPEST: Final = 150
"""Nobody nests so deep, and everything that reads the facts calls itself for nested nodes."""

_INT64: Final = 2**63
_LONG: Final = 500
"""As for Python's texts: longer ones are of no use to any rule."""

_ITEM: Final = "{{ item"
_ONE: Final = "{{ one"


def extract_template(text: str) -> TemplateFacts:
    """Extract the facts of one template.

    Raises ExtractError for a text that Jinja does not parse (with the tags that
    Jinja itself brings along), that is too long, or that nests too deep.
    """
    if len(text) > MAX_CHARACTERS:
        raise ExtractError("too long to be a template that someone wrote")
    try:
        return _Lowering().template(_environment().parse(text))
    except ExtractError:
        raise
    except (jinja2.TemplateError, ValueError) as error:
        raise ExtractError(f"does not parse: {error}") from error
    except (RecursionError, MemoryError) as error:
        raise ExtractError("nests too deep to be analysed") from error


@functools.cache
def _environment() -> jinja2.Environment:
    names = ("do", "loopcontrols", "i18n", "debug")
    return jinja2.Environment(extensions=[f"jinja2.ext.{name}" for name in names])


class _Lowering:
    """One template on its way into the reduced tree."""

    def __init__(self) -> None:
        self.extends: Expr | None = None
        self.is_child = False
        """Whether it certainly has a parent, from here on: then what it prints is dropped."""
        self.drops_output = False
        self.in_condition = False
        self.blocks: dict[str, Block] = {}
        self.block = ""
        self.scopes: list[dict[str, None]] = []
        """The names that each open scope has set so far."""
        self.qualname = ""
        self.macros: dict[int, int] = {}
        """How many macros began in a line."""
        self.line = 1
        self.depth = 0

    def template(self, node: nodes.Template) -> TemplateFacts:
        body = self.body(node.body)
        return TemplateFacts(self.extends, body, self.blocks)

    # --- statements ------------------------------------------------------------------

    def body(self, statements: Iterable[nodes.Node]) -> list[Stmt]:
        self.deeper()
        lowered: list[Stmt] = []
        for node in statements:
            self.line = node.lineno or self.line
            lowered += _STATEMENTS.get(type(node).__name__, _Lowering.unknown_statement)(self, node)
        self.depth -= 1
        return lowered

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise ExtractError("nests too deep to be analysed")

    def unknown_statement(self, node: nodes.Node) -> list[Stmt]:
        children = list(node.iter_child_nodes())
        inner = [child for child in children if isinstance(child, nodes.Stmt)]
        parts = self.exprs(child for child in children if not isinstance(child, nodes.Stmt))
        evaluated: list[Stmt] = [tree.ExprStmt(*self.at(node), tree.Other(*self.at(node), parts))]
        return [*(evaluated if parts else ()), *self.scoped(node, lambda: self.body(inner))]

    def output(self, node: Any) -> list[Stmt]:
        if self.drops_output and self.is_child:
            return []
        return [
            tree.ExprStmt(*self.at(shown), tree.FString(*self.at(shown), [self.expr(shown)]))
            for shown in node.nodes
            if not isinstance(shown, (nodes.TemplateData, nodes.Const))
        ]

    def extends_(self, node: Any) -> list[Stmt]:
        if self.scopes:
            raise ExtractError("extends another template from inside of a block or loop")
        if self.is_child:
            return []  # a second parent is an error, and Jinja stops there
        parent = self.expr(node.template)
        if not self.in_condition:
            self.extends = parent
            self.is_child = self.drops_output = True
            return []
        before = self.extends or tree.Const(*self.at(node), None)
        self.extends = tree.IfExp(*self.at(node), tree.Other(*self.at(node), []), parent, before)
        return []

    def block_(self, node: Any) -> list[Stmt]:
        if node.name in self.blocks:
            raise ExtractError(f"block {node.name} is defined twice")
        self.blocks[node.name] = Block(node.lineno, node.scoped, node.required, [])  # keeps their order
        outer, self.block = self.block, node.name
        body = self.separately(lambda: self.body(node.body))
        self.block = outer
        self.blocks[node.name] = Block(node.lineno, node.scoped, node.required, body)
        if self.is_child and not self.scopes and not self.block:
            return []
        return [tree.ExprStmt(*self.at(node), self.block_call(node, node.name, node.scoped))]

    def separately(self, work: Callable[[], list[Stmt]]) -> list[Stmt]:
        """Statements that run elsewhere: what they print is not dropped, what they set stays there."""
        before = self.drops_output, self.in_condition
        self.drops_output = self.in_condition = False
        self.scopes.append({})
        lowered = work()
        self.scopes.pop()
        self.drops_output, self.in_condition = before
        return lowered

    def scoped(
        self, node: nodes.Node, work: Callable[[], list[Stmt]], names: Iterable[str] = ()
    ) -> list[Stmt]:
        """Statements after which the names they set, and those given, are what they were before."""
        self.scopes.append(dict.fromkeys(names))
        lowered = work()
        hidden = list(self.scopes.pop())
        return [*self.hide(node, hidden), *lowered, *self.show(node, hidden), *self.forget(node, hidden)]

    def hide(self, node: nodes.Node, names: Iterable[str]) -> list[Stmt]:
        """Keep what the names are, at the place where a scope begins."""
        return [self.assign(node, self.name(node, self.kept(name)), self.name(node, name)) for name in names]

    def show(self, node: nodes.Node, names: Iterable[str]) -> list[Stmt]:
        """Let the names be what they were where the scope began."""
        return [self.assign(node, self.name(node, name), self.name(node, self.kept(name))) for name in names]

    def forget(self, node: nodes.Node, names: Sequence[str]) -> list[Stmt]:
        kept: list[Expr] = [self.name(node, self.kept(name)) for name in names]
        return [tree.Delete(*self.at(node), kept)] if kept else []

    def kept(self, name: str) -> str:
        return f"{{{{ outer{len(self.scopes)}:{name}"

    def bind(self, target: Expr) -> Expr:
        """Note what an assignment sets in its scope."""
        if self.scopes:
            self.scopes[-1].update(dict.fromkeys(target_names(target)))
        return target

    def assign(self, node: nodes.Node, target: Expr, value: Expr) -> Stmt:
        return tree.Assign(*self.at(node), [target], value, None)

    def set_(self, node: Any) -> list[Stmt]:
        value = self.expr(node.node)
        return [self.assign(node, self.bind(self.expr(node.target)), value)]

    def set_block(self, node: Any) -> list[Stmt]:
        before, self.drops_output = self.drops_output, False
        body = self.scoped(node, lambda: self.body(node.body))
        self.drops_output = before
        text = self.text(node) if node.filter is None else self.expr(node.filter)
        return [*body, self.assign(node, self.bind(self.expr(node.target)), text)]

    def do(self, node: Any) -> list[Stmt]:
        return [tree.ExprStmt(*self.at(node), self.expr(node.node))]

    def if_(self, node: Any) -> list[Stmt]:
        before, self.in_condition = self.in_condition, True
        depth = self.depth
        branches = []
        for branch in (node, *node.elif_):
            self.deeper()  # each one lies in the ``else`` of the one before
            branches.append((branch, self.expr(branch.test), self.body(branch.body)))
        orelse = self.body(node.else_)
        for branch, test, body in reversed(branches):
            orelse = [tree.If(*self.at(branch), test, body, orelse)]
        self.depth, self.in_condition = depth, before
        return orelse

    def for_(self, node: Any) -> list[Stmt]:
        iterated, target = self.expr(node.iter), self.expr(node.target)
        targets = list(target_names(target))
        self.scopes.append({})
        test = None if node.test is None else self.expr(node.test)
        body = self.body(node.body)
        inner = [name for name in self.scopes.pop() if name not in targets]
        self.scopes.append({})
        orelse = self.body(node.else_)
        hidden = list(dict.fromkeys((*targets, *inner, *self.scopes.pop())))
        # each round begins anew, and after the last one nothing of them is left
        begin = self.show(node, inner)
        if "loop" in names_in([body, test]):
            begin.append(self.assign(node, self.name(node, "loop"), tree.Other(*self.at(node), [])))
        if test is not None:
            body = [tree.If(*self.at(node), test, body, [])]
        if orelse:
            orelse = [*self.show(node, [*targets, *inner]), *orelse]
        loop = tree.For(*self.at(node), target, iterated, [*begin, *body], orelse, False)
        return [*self.hide(node, hidden), loop, *self.show(node, hidden), *self.forget(node, hidden)]

    def with_(self, node: Any) -> list[Stmt]:
        values, targets = self.exprs(node.values), self.exprs(node.targets)
        if not targets:
            return self.scoped(node, lambda: self.body(node.body))
        target, value = targets[0], values[0]
        if len(targets) > 1:  # none of the values sees the other targets
            target = tree.Display(*self.at(node), "tuple", targets)
            value = tree.Display(*self.at(node), "tuple", values)
        return self.scoped(
            node, lambda: [self.assign(node, target, value), *self.body(node.body)], target_names(target)
        )

    def macro(self, node: Any) -> list[Stmt]:
        params = self.params(node)
        line, _ = self.at(node)
        column = self.macros[line] = self.macros.get(line, -1) + 1
        before, self.qualname = self.qualname, f"{self.qualname}{node.name}."
        body = self.separately(lambda: self.body(node.body))
        self.qualname = before
        used, given = set(names_in(body)), {param.name for param in params}
        for name, kind in (("varargs", "*"), ("caller", "kw"), ("kwargs", "**")):
            if name in used and name not in given:
                params.append(tree.Param(name, kind, None, None))
        body.append(tree.Return(*self.at(node), self.text(node)))
        self.bind(self.name(node, node.name))
        return [
            tree.FunctionDef(
                line,
                column,
                node.name,
                self.qualname + node.name,
                is_async=False,
                is_generator=False,
                is_stub=False,
                params=params,
                returns=None,
                decorators=[],
                body=body,
            )
        ]

    def params(self, node: Any) -> list[tree.Param]:
        defaults: list[Expr | None] = [None] * (len(node.args) - len(node.defaults))
        defaults += self.exprs(node.defaults)
        return [
            tree.Param(param.name, "any", None, default)
            for param, default in zip(node.args, defaults, strict=True)
        ]

    def call_block(self, node: Any) -> list[Stmt]:
        """The call, and then the body: with what the macro calls it is not known."""
        call = tree.ExprStmt(*self.at(node), tree.FString(*self.at(node), [self.expr(node.call)]))
        params = self.params(node)
        given: list[Stmt] = [
            self.assign(
                node,
                self.name(node, param.name),
                tree.Other(*self.at(node), [] if param.default is None else [param.default]),
            )
            for param in params
        ]
        before, self.drops_output = self.drops_output, False
        body = self.scoped(node, lambda: [*given, *self.body(node.body)], [param.name for param in params])
        self.drops_output = before
        return [call, *body]

    def filter_block(self, node: Any) -> list[Stmt]:
        body = self.scoped(node, lambda: self.body(node.body))
        return [*body, tree.ExprStmt(*self.at(node), self.expr(node.filter))]

    def scope(self, node: Any) -> list[Stmt]:
        return self.scoped(node, lambda: self.body(node.body))

    def modified(self, node: Any) -> list[Stmt]:
        """``{% autoescape %}``, which lies in a scope of its own."""
        options = [option for option in self.exprs(node.options) if not isinstance(option, tree.Const)]
        evaluated: list[Stmt] = [tree.ExprStmt(*self.at(node), option) for option in options]
        return [*evaluated, *self.body(getattr(node, "body", ()))]

    def include(self, node: Any) -> list[Stmt]:
        keywords = {"ignore_missing": node.ignore_missing, "with_context": node.with_context}
        return [tree.ExprStmt(*self.at(node), self.reserved(node, "{% include", [node.template], keywords))]

    def import_(self, node: Any) -> list[Stmt]:
        return [self.assign(node, self.bind(self.name(node, node.target)), self.imported(node))]

    def from_import(self, node: Any) -> list[Stmt]:
        lowered = []
        for imported in node.names:
            name, local = (imported, imported) if isinstance(imported, str) else imported
            value = tree.Attr(*self.at(node), self.imported(node), name)
            lowered.append(self.assign(node, self.bind(self.name(node, local)), value))
        return lowered

    def imported(self, node: Any) -> Expr:
        return self.reserved(node, "{% import", [node.template], {"with_context": node.with_context})

    def jump(self, node: Any) -> list[Stmt]:
        return [tree.Jump(*self.at(node), type(node).__name__.lower())]

    # --- expressions -----------------------------------------------------------------

    def at(self, node: nodes.Node) -> tuple[int, int]:
        return node.lineno or self.line, 0

    def expr(self, node: Any) -> Expr:
        self.deeper()
        lowered: Expr = _EXPRESSIONS.get(type(node).__name__, _Lowering.other)(self, node)
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
        plain = value is None or isinstance(value, (bool, float))
        plain = plain or (isinstance(value, int) and -_INT64 <= value < _INT64)
        plain = plain or (isinstance(value, str) and len(value) <= _LONG and value.isprintable())
        return self.const(node, value) if plain else tree.Other(*self.at(node), [])

    def display(self, node: Any) -> Expr:
        return tree.Display(*self.at(node), type(node).__name__.lower(), self.exprs(node.items))

    def dict_(self, node: Any) -> Expr:
        keys: list[Expr | None] = [self.expr(pair.key) for pair in node.items]
        return tree.DictDisplay(*self.at(node), keys, [self.expr(pair.value) for pair in node.items])

    def inner_value(self, node: Any) -> Expr:
        """Of helpers that only carry an expression."""
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
        """``value[key]``, which means an attribute too where the key could name one."""
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
        """A value after a filter: spelled out where the filter iterates or reads attributes."""
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
        """``[item for item in value if ...]``; ``rest`` is evaluated on the way, if it does anything."""
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
        """What ``attribute="a.b"`` reads of the item."""
        value = self.item(node)
        if not isinstance(path, tree.Const) or not isinstance(path.value, (str, int)):
            return tree.Other(*self.at(node), [value, path])
        for part in str(path.value).split("."):
            value = self.part(node, value, int(part) if part.isdecimal() else part)
        return value

    def attributes(self, node: nodes.Node, path: Expr) -> list[Expr]:
        """What ``attribute="a,b.c"`` reads of the item."""
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
        """The same elements, in another order or some of them, after a look at attributes of each."""
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
        # whether it is defined is not known, and the default is evaluated in any case
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
    """The arguments of a filter, which are taken one by one."""

    def __init__(self, args: list[Expr], keywords: list[tree.Keyword]) -> None:
        self.args = args
        self.keywords = keywords
        self.is_open = any(isinstance(arg, tree.Starred) for arg in args)
        self.is_open = self.is_open or any(keyword.name is None for keyword in keywords)
        self._taken: list[Expr] = []

    def take(self, place: int | None, name: str | None) -> Expr | None:
        """The argument at a place or of a name; None for one that is not given."""
        found = [keyword.value for keyword in self.keywords if name is not None and keyword.name == name]
        if place is not None and place < len(self.args):
            found.append(self.args[place])
        self._taken += found
        return found[0] if found else None

    def rest(self) -> list[Expr]:
        """The arguments that nobody took."""
        every = (*self.args, *(keyword.value for keyword in self.keywords))
        return [arg for arg in every if not any(arg is taken for taken in self._taken)]


_STATEMENTS: dict[str, Callable[[_Lowering, Any], list[Stmt]]] = {
    "Output": _Lowering.output,
    "Extends": _Lowering.extends_,
    "Block": _Lowering.block_,
    "Assign": _Lowering.set_,
    "AssignBlock": _Lowering.set_block,
    "ExprStmt": _Lowering.do,
    "If": _Lowering.if_,
    "For": _Lowering.for_,
    "With": _Lowering.with_,
    "Macro": _Lowering.macro,
    "CallBlock": _Lowering.call_block,
    "FilterBlock": _Lowering.filter_block,
    "Scope": _Lowering.scope,
    "EvalContextModifier": _Lowering.modified,
    "ScopedEvalContextModifier": _Lowering.modified,
    "Include": _Lowering.include,
    "Import": _Lowering.import_,
    "FromImport": _Lowering.from_import,
    "Break": _Lowering.jump,
    "Continue": _Lowering.jump,
}

_EXPRESSIONS: dict[str, Callable[[_Lowering, Any], Expr]] = {
    "Name": _Lowering.variable,
    "NSRef": _Lowering.namespace_attribute,
    "Const": _Lowering.literal,
    "TemplateData": _Lowering.literal,
    "Tuple": _Lowering.display,
    "List": _Lowering.display,
    "Dict": _Lowering.dict_,
    "Keyword": _Lowering.inner_value,
    "Operand": _Lowering.inner_value,
    "MarkSafe": _Lowering.inner_value,
    "MarkSafeIfAutoescape": _Lowering.inner_value,
    "And": _Lowering.bool_op,
    "Or": _Lowering.bool_op,
    **dict.fromkeys(("Add", "Sub", "Mul", "Div", "FloorDiv", "Mod", "Pow"), _Lowering.binary),
    **dict.fromkeys(("Not", "Neg", "Pos"), _Lowering.unary),
    "Compare": _Lowering.compare,
    "CondExpr": _Lowering.if_exp,
    "Concat": _Lowering.concat,
    "Getattr": _Lowering.getattr_,
    "Getitem": _Lowering.getitem,
    "Call": _Lowering.call,
    "Filter": _Lowering.filter,
    "Test": _Lowering.test,
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

_Filter: TypeAlias = Callable[[_Lowering, nodes.Node, Expr, _Given], Expr | None]

_FILTERS: dict[str, _Filter] = {
    "map": _Lowering.map_filter,
    "select": functools.partial(_Lowering.selecting, attribute=False, wanted=True),
    "reject": functools.partial(_Lowering.selecting, attribute=False, wanted=False),
    "selectattr": functools.partial(_Lowering.selecting, attribute=True, wanted=True),
    "rejectattr": functools.partial(_Lowering.selecting, attribute=True, wanted=False),
    "groupby": _Lowering.groupby,
    "sort": functools.partial(_Lowering.copied, kind="list", place=2),
    "unique": functools.partial(_Lowering.copied, kind="generator", place=1),
    "list": functools.partial(_Lowering.copied, kind="list"),
    "reverse": functools.partial(_Lowering.copied, kind="list"),
    "min": _Lowering.extreme,
    "max": _Lowering.extreme,
    "sum": _Lowering.sum_filter,
    "join": _Lowering.join,
    "batch": _Lowering.rows,
    "slice": _Lowering.rows,
    "default": _Lowering.default,
    "d": _Lowering.default,
    "length": _Lowering.length,
    "count": _Lowering.length,
    "first": functools.partial(_Lowering.at_place, place=0),
    "last": functools.partial(_Lowering.at_place, place=-1),
    "random": functools.partial(_Lowering.at_place, place=None),
    "items": _Lowering.pairs,
    "dictsort": _Lowering.pairs,
    "attr": _Lowering.attr_filter,
    **dict.fromkeys(("string", "e", "escape", "forceescape", "safe"), _Lowering.shown),
}
