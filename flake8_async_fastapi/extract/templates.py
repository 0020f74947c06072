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
from typing import Any, Final

import jinja2
from jinja2 import nodes

from flake8_async_fastapi.extract import ExtractError
from flake8_async_fastapi.extract.template_expressions import Expressions
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.template import Block, TemplateFacts
from flake8_async_fastapi.facts.tree import Expr, Stmt
from flake8_async_fastapi.facts.walk import names_in, target_names

MAX_CHARACTERS: Final = 1_000_000
"""Longer templates are generated, and hold no code worth the time."""


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


class _Lowering(Expressions):
    """One template while it is lowered."""

    def __init__(self) -> None:
        super().__init__()
        self.extends: Expr | None = None
        self.is_child = False
        """Whether it certainly has a parent, from here on: then what it prints is dropped."""
        self.drops_output = False
        self.in_condition = False
        self.blocks: dict[str, Block] = {}
        self.scopes: list[dict[str, None]] = []
        """The names that each open scope has set so far."""
        self.qualname = ""
        self.macros: dict[int, int] = {}
        """How many macros began in a line."""

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
            return []  # a second parent is an error, where Jinja stops
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
        """Statements that run elsewhere: their output is not dropped, the names they set stay there."""
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
        """Statements after which the names they set, and those given, have their earlier values."""
        self.scopes.append(dict.fromkeys(names))
        lowered = work()
        hidden = list(self.scopes.pop())
        return [*self.hide(node, hidden), *lowered, *self.show(node, hidden), *self.forget(node, hidden)]

    def hide(self, node: nodes.Node, names: Iterable[str]) -> list[Stmt]:
        """Save the values of names at the beginning of a scope."""
        return [self.assign(node, self.name(node, self.kept(name)), self.name(node, name)) for name in names]

    def show(self, node: nodes.Node, names: Iterable[str]) -> list[Stmt]:
        """Restore the values that names had at the beginning of the scope."""
        return [self.assign(node, self.name(node, name), self.name(node, self.kept(name))) for name in names]

    def forget(self, node: nodes.Node, names: Sequence[str]) -> list[Stmt]:
        kept: list[Expr] = [self.name(node, self.kept(name)) for name in names]
        return [tree.Delete(*self.at(node), kept)] if kept else []

    def kept(self, name: str) -> str:
        return f"{{{{ outer{len(self.scopes)}:{name}"

    def bind(self, target: Expr) -> Expr:
        """Note the names that an assignment sets in its scope."""
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
            self.deeper()  # each one is in the ``else`` of the one before
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
        # each pass starts anew, and nothing is left after the last one
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
        """The call, and then the body: the arguments that the macro passes to it are not known."""
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
        """``{% autoescape %}``, which has its own scope."""
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
