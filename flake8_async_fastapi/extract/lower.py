"""Conversion of an astroid tree to the reduced tree of the facts.

There is one function for each node type, found by the type's name. A type without a function becomes an
``Other`` with its parts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeAlias

from astroid import nodes

from flake8_async_fastapi.extract.literals import is_kept
from flake8_async_fastapi.extract.parse import parse
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr, Stmt
from flake8_async_fastapi.facts.walk import parts_of

_Context: TypeAlias = str
"""The qualified name of the enclosing scope, with a dot at its end; empty in a module."""


def lower_module(module: nodes.Module) -> list[Stmt]:
    """Lower the body of a module."""
    return _body(module.body, "")


def _body(statements: Iterable[nodes.NodeNG], scope: _Context) -> list[Stmt]:
    lowered: list[Stmt] = []
    for node in statements:
        lower = _STATEMENTS.get(type(node).__name__)
        if lower is not None:
            lowered.append(lower(node, scope))
        elif type(node).__name__ not in _SILENT:
            lowered.append(tree.ExprStmt(*_at(node), _other(node, scope)))
    return lowered


def _at(node: nodes.NodeNG) -> tuple[int, int]:
    return node.lineno or 1, node.col_offset or 0


# --- expressions ---------------------------------------------------------------------


def _expr(node: nodes.NodeNG, scope: _Context) -> Expr:
    lower = _EXPRESSIONS.get(type(node).__name__)
    return lower(node, scope) if lower is not None else _other(node, scope)


def _maybe(node: nodes.NodeNG | None, scope: _Context) -> Expr | None:
    return None if node is None else _expr(node, scope)


def _exprs(found: Iterable[nodes.NodeNG], scope: _Context) -> list[Expr]:
    return [_expr(node, scope) for node in found]


def _other(node: nodes.NodeNG, scope: _Context) -> tree.Other:
    return tree.Other(*_at(node), _exprs(node.get_children(), scope))


def _annotation(node: nodes.NodeNG | None, scope: _Context) -> Expr | None:
    """Lower an annotation; a string in it stands for the code it holds."""
    if node is None:
        return None
    if isinstance(node, nodes.Const) and isinstance(node.value, str):
        return _quoted(node, scope)
    if isinstance(node, nodes.Subscript) and _last_name(node.value) != "Literal":
        index = _annotation(node.slice, scope) or tree.Other(*_at(node), [])
        return tree.Subscript(*_at(node), _expr(node.value, scope), index)
    if isinstance(node, nodes.Tuple):
        elements: list[Any] = list(node.elts)
        items = [_annotation(item, scope) or tree.Other(*_at(item), []) for item in elements]
        return tree.Display(*_at(node), "tuple", items)
    if isinstance(node, nodes.BinOp):
        left, right = _annotation(node.left, scope), _annotation(node.right, scope)
        if left is not None and right is not None:
            return tree.Binary(*_at(node), node.op, left, right)
    return _expr(node, scope)


def _quoted(node: nodes.Const, scope: _Context) -> Expr:
    try:
        body = parse(node.value.strip()).body
    except (SyntaxError, ValueError):
        body = []
    if len(body) == 1 and isinstance(body[0], nodes.Expr):
        lowered = _annotation(body[0].value, scope)
        if lowered is not None:
            return lowered
    return tree.Other(*_at(node), [])


def _last_name(node: nodes.NodeNG) -> str:
    return str(getattr(node, "attrname", None) or getattr(node, "name", ""))


def _name(node: Any, scope: _Context) -> Expr:
    return tree.Name(*_at(node), node.name)


def _const(node: Any, scope: _Context) -> Expr:
    return tree.Const(*_at(node), node.value) if is_kept(node.value) else tree.Other(*_at(node), [])


def _attribute(node: Any, scope: _Context) -> Expr:
    return tree.Attr(*_at(node), _expr(node.expr, scope), node.attrname)


def _keywords(node: Any, scope: _Context) -> list[tree.Keyword]:
    return [tree.Keyword(keyword.arg, _expr(keyword.value, scope)) for keyword in node.keywords or ()]


def _call(node: Any, scope: _Context) -> Expr:
    return tree.Call(*_at(node), _expr(node.func, scope), _exprs(node.args, scope), _keywords(node, scope))


def _await(node: Any, scope: _Context) -> Expr:
    return tree.Await(*_at(node), _expr(node.value, scope))


def _subscript(node: Any, scope: _Context) -> Expr:
    return tree.Subscript(*_at(node), _expr(node.value, scope), _expr(node.slice, scope))


def _display(node: Any, scope: _Context) -> Expr:
    return tree.Display(*_at(node), type(node).__name__.lower(), _exprs(node.elts, scope))


def _dict(node: Any, scope: _Context) -> Expr:
    keys = [None if isinstance(key, nodes.DictUnpack) else _expr(key, scope) for key, _ in node.items]
    return tree.DictDisplay(*_at(node), keys, [_expr(value, scope) for _, value in node.items])


def _binary(node: Any, scope: _Context) -> Expr:
    return tree.Binary(*_at(node), node.op, _expr(node.left, scope), _expr(node.right, scope))


def _bool_op(node: Any, scope: _Context) -> Expr:
    return tree.BoolOp(*_at(node), node.op, _exprs(node.values, scope))


def _unary(node: Any, scope: _Context) -> Expr:
    return tree.Unary(*_at(node), node.op, _expr(node.operand, scope))


def _compare(node: Any, scope: _Context) -> Expr:
    ops = [op for op, _ in node.ops]
    return tree.Compare(
        *_at(node), _expr(node.left, scope), ops, [_expr(right, scope) for _, right in node.ops]
    )


def _if_exp(node: Any, scope: _Context) -> Expr:
    return tree.IfExp(*_at(node), *(_expr(part, scope) for part in (node.test, node.body, node.orelse)))


def _lambda(node: Any, scope: _Context) -> Expr:
    return tree.Lambda(*_at(node), _params(node.args, scope), _expr(node.body, scope))


def _comprehension(kind: str) -> Callable[[Any, _Context], Expr]:
    def lower(node: Any, scope: _Context) -> Expr:
        items = (node.key, node.value) if kind == "dict" else (node.elt,)
        loops = [
            tree.CompFor(
                _expr(loop.target, scope),
                _expr(loop.iter, scope),
                _exprs(loop.ifs, scope),
                bool(loop.is_async),
            )
            for loop in node.generators
        ]
        return tree.Comp(*_at(node), kind, _exprs(items, scope), loops)

    return lower


def _joined(node: Any, scope: _Context) -> Expr:
    # literal parts only matter for the kind of a URL
    literals = [str(value.value) for value in node.values if isinstance(value, nodes.Const)]
    is_url = any("://" in text or "?async_" in text for text in literals)
    values = [value for value in node.values if is_url or not isinstance(value, nodes.Const)]
    parts = [value if isinstance(value, nodes.Const) else getattr(value, "value", value) for value in values]
    return tree.FString(*_at(node), [_expr(part, scope) for part in parts])


def _starred(node: Any, scope: _Context) -> Expr:
    return tree.Starred(*_at(node), _expr(node.value, scope))


def _walrus(node: Any, scope: _Context) -> Expr:
    return tree.Walrus(*_at(node), node.target.name, _expr(node.value, scope))


def _yield(node: Any, scope: _Context) -> Expr:
    return tree.Yield(*_at(node), _maybe(node.value, scope))


def _yield_from(node: Any, scope: _Context) -> Expr:
    return tree.YieldFrom(*_at(node), _expr(node.value, scope))


_EXPRESSIONS: dict[str, Callable[[Any, _Context], Expr]] = {
    "Name": _name,
    "AssignName": _name,
    "DelName": _name,
    "Const": _const,
    "Attribute": _attribute,
    "AssignAttr": _attribute,
    "DelAttr": _attribute,
    "Call": _call,
    "Await": _await,
    "Subscript": _subscript,
    "Tuple": _display,
    "List": _display,
    "Set": _display,
    "Dict": _dict,
    "BinOp": _binary,
    "BoolOp": _bool_op,
    "UnaryOp": _unary,
    "Compare": _compare,
    "IfExp": _if_exp,
    "Lambda": _lambda,
    "ListComp": _comprehension("list"),
    "SetComp": _comprehension("set"),
    "DictComp": _comprehension("dict"),
    "GeneratorExp": _comprehension("generator"),
    "JoinedStr": _joined,
    "Starred": _starred,
    "NamedExpr": _walrus,
    "Yield": _yield,
    "YieldFrom": _yield_from,
}


# --- statements ----------------------------------------------------------------------


def _expr_stmt(node: Any, scope: _Context) -> Stmt:
    return tree.ExprStmt(*_at(node), _expr(node.value, scope))


def _assign(node: Any, scope: _Context) -> Stmt:
    return tree.Assign(*_at(node), _exprs(node.targets, scope), _expr(node.value, scope), None)


def _ann_assign(node: Any, scope: _Context) -> Stmt:
    target, annotation = _expr(node.target, scope), _annotation(node.annotation, scope)
    return tree.Assign(*_at(node), [target], _maybe(node.value, scope), annotation)


def _type_alias(node: Any, scope: _Context) -> Stmt:
    return tree.Assign(*_at(node), [_expr(node.name, scope)], _expr(node.value, scope), None)


def _aug_assign(node: Any, scope: _Context) -> Stmt:
    return tree.AugAssign(*_at(node), _expr(node.target, scope), node.op, _expr(node.value, scope))


def _return(node: Any, scope: _Context) -> Stmt:
    return tree.Return(*_at(node), _maybe(node.value, scope))


def _raise(node: Any, scope: _Context) -> Stmt:
    return tree.Raise(*_at(node), _exprs(filter(None, (node.exc, node.cause)), scope))


def _if(node: Any, scope: _Context) -> Stmt:
    return tree.If(*_at(node), _expr(node.test, scope), _body(node.body, scope), _body(node.orelse, scope))


def _for(node: Any, scope: _Context) -> Stmt:
    head = _expr(node.target, scope), _expr(node.iter, scope)
    body, orelse = _body(node.body, scope), _body(node.orelse, scope)
    return tree.For(*_at(node), *head, body, orelse, isinstance(node, nodes.AsyncFor))


def _while(node: Any, scope: _Context) -> Stmt:
    return tree.While(*_at(node), _expr(node.test, scope), _body(node.body, scope), _body(node.orelse, scope))


def _with(node: Any, scope: _Context) -> Stmt:
    items = [tree.WithItem(_expr(context, scope), _maybe(target, scope)) for context, target in node.items]
    return tree.With(*_at(node), items, _body(node.body, scope), isinstance(node, nodes.AsyncWith))


def _try(node: Any, scope: _Context) -> Stmt:
    handlers = [
        tree.Handler(
            *_at(handler),
            _maybe(handler.type, scope),
            handler.name.name if handler.name else None,
            _body(handler.body, scope),
        )
        for handler in node.handlers
    ]
    body, orelse, final = (_body(part, scope) for part in (node.body, node.orelse, node.finalbody))
    return tree.Try(*_at(node), body, handlers, orelse, final)


def _assert(node: Any, scope: _Context) -> Stmt:
    return tree.Assert(*_at(node), _expr(node.test, scope), _maybe(node.fail, scope))


def _delete(node: Any, scope: _Context) -> Stmt:
    return tree.Delete(*_at(node), _exprs(node.targets, scope))


def _match(node: Any, scope: _Context) -> Stmt:
    return tree.Match(*_at(node), _expr(node.subject, scope), [_case(case, scope) for case in node.cases])


def _case(case: Any, scope: _Context) -> tree.Case:
    pattern = case.pattern
    inner = [pattern, *_descendants(pattern)]
    names = [node.name for node in inner if isinstance(node, nodes.AssignName)]
    classes = [_expr(node.cls, scope) for node in inner if isinstance(node, nodes.MatchClass)]
    is_default = isinstance(pattern, nodes.MatchAs) and pattern.pattern is None and case.guard is None
    captures = list(_captures(pattern, [], scope))
    return tree.Case(names, classes, captures, _maybe(case.guard, scope), _body(case.body, scope), is_default)


def _captures(pattern: Any, path: list[str], scope: _Context) -> Iterator[tree.Capture]:
    """The attributes that a pattern reads and the names it binds; sequences and mappings are left out."""
    if isinstance(pattern, nodes.MatchAs):
        if pattern.pattern is not None:
            yield from _captures(pattern.pattern, path, scope)
        if pattern.name is not None:
            yield tree.Capture(*_at(pattern), path, pattern.name.name, None)
    elif isinstance(pattern, nodes.MatchClass):
        yield tree.Capture(*_at(pattern), path, "", _expr(pattern.cls, scope))
        for attribute, inner in (
            *((str(place), inner) for place, inner in enumerate(pattern.patterns)),
            *zip(pattern.kwd_attrs, pattern.kwd_patterns, strict=False),
        ):
            yield tree.Capture(*_at(pattern), [*path, attribute], "", None)
            yield from _captures(inner, [*path, attribute], scope)


def _jump(node: Any, scope: _Context) -> Stmt:
    return tree.Jump(*_at(node), type(node).__name__.lower())


def _import(node: Any, scope: _Context) -> Stmt:
    # ``import a.b`` binds ``a``; ``import a.b as c`` binds ``a.b``.
    bindings = [
        tree.Binding(alias or name.partition(".")[0], name if alias else name.partition(".")[0], None, 0)
        for name, alias in node.names
    ]
    return tree.Import(*_at(node), bindings)


def _import_from(node: Any, scope: _Context) -> Stmt:
    level = node.level or 0
    bindings = [tree.Binding(alias or name, node.modname or "", name, level) for name, alias in node.names]
    return tree.Import(*_at(node), bindings)


def _scope_words(node: Any, scope: _Context) -> Stmt:
    return tree.Scope(*_at(node), list(node.names))


def _function(node: Any, scope: _Context) -> Stmt:
    qualname = scope + node.name
    body = _body(node.body, qualname + ".")
    decorators = node.decorators.nodes if node.decorators else ()
    line = node.position.lineno if node.position else node.lineno
    column = node.position.col_offset if node.position else node.col_offset
    return tree.FunctionDef(
        line,
        column,
        node.name,
        qualname,
        isinstance(node, nodes.AsyncFunctionDef),
        _yields(body),
        _is_stub(node.body),
        _params(node.args, scope),
        _annotation(node.returns, scope),
        _exprs(decorators, scope),
        body,
    )


def _class(node: Any, scope: _Context) -> Stmt:
    qualname = scope + node.name
    decorators = node.decorators.nodes if node.decorators else ()
    keywords = _keywords(node, scope)
    if node._metaclass is not None:
        keywords.append(tree.Keyword("metaclass", _expr(node._metaclass, scope)))
    body = _body(node.body, qualname + ".")
    bases, lowered = _exprs(node.bases, scope), _exprs(decorators, scope)
    parameters = [parameter.name.name for parameter in getattr(node, "type_params", ())]
    return tree.ClassDef(*_at(node), node.name, qualname, parameters, bases, keywords, lowered, body)


def _params(arguments: nodes.Arguments, scope: _Context) -> list[tree.Param]:
    posonly, plain = list(arguments.posonlyargs), list(arguments.args or ())
    annotations = [*arguments.posonlyargs_annotations, *arguments.annotations]
    defaults = list(arguments.defaults or ())
    missing = len(posonly) + len(plain) - len(defaults)
    params = [
        tree.Param(
            node.name,
            "pos" if place < len(posonly) else "any",
            _annotation(annotations[place] if place < len(annotations) else None, scope),
            _maybe(defaults[place - missing] if place >= missing else None, scope),
        )
        for place, node in enumerate([*posonly, *plain])
    ]
    if arguments.vararg:
        params.append(tree.Param(arguments.vararg, "*", _annotation(arguments.varargannotation, scope), None))
    for node, annotation, default in zip(
        arguments.kwonlyargs, arguments.kwonlyargs_annotations, arguments.kw_defaults or (), strict=False
    ):
        params.append(tree.Param(node.name, "kw", _annotation(annotation, scope), _maybe(default, scope)))
    if arguments.kwarg:
        params.append(tree.Param(arguments.kwarg, "**", _annotation(arguments.kwargannotation, scope), None))
    return params


def _descendants(node: nodes.NodeNG) -> Iterator[nodes.NodeNG]:
    for child in node.get_children():
        yield child
        yield from _descendants(child)


_WITHOUT_YIELD = frozenset({tree.FunctionDef, tree.Lambda, tree.ClassDef, tree.Name, tree.Const, type(None)})
_YIELDS = frozenset({tree.Yield, tree.YieldFrom})


def _yields(body: list[Stmt]) -> bool:
    """Whether a function with this body is a generator."""
    pending: list[Any] = [body]
    while pending:
        part = pending.pop()
        kind = type(part)
        if kind in _YIELDS:
            return True
        if kind is list:
            pending += part
        elif kind not in _WITHOUT_YIELD:
            pending += parts_of(part)
    return False


def _is_stub(body: list[nodes.NodeNG]) -> bool:
    """Whether a body says nothing about an implementation."""
    for statement in body:
        match statement:
            case nodes.Pass() | nodes.Expr(value=nodes.Const()):
                continue
            case nodes.Raise():
                raised = statement.exc.func if isinstance(statement.exc, nodes.Call) else statement.exc
                if isinstance(raised, nodes.Name) and raised.name == "NotImplementedError":
                    continue
            case nodes.If(body=inner, orelse=other) if _is_stub(inner) and _is_stub(other):
                continue
        return False
    return True


_STATEMENTS: dict[str, Callable[[Any, _Context], Stmt]] = {
    "Expr": _expr_stmt,
    "Assign": _assign,
    "AnnAssign": _ann_assign,
    "TypeAlias": _type_alias,
    "AugAssign": _aug_assign,
    "Return": _return,
    "Raise": _raise,
    "If": _if,
    "For": _for,
    "AsyncFor": _for,
    "While": _while,
    "With": _with,
    "AsyncWith": _with,
    "Try": _try,
    "TryStar": _try,
    "Assert": _assert,
    "Delete": _delete,
    "Match": _match,
    "Break": _jump,
    "Continue": _jump,
    "Import": _import,
    "ImportFrom": _import_from,
    "Global": _scope_words,
    "Nonlocal": _scope_words,
    "FunctionDef": _function,
    "AsyncFunctionDef": _function,
    "ClassDef": _class,
}

_SILENT = frozenset({"Pass"})
