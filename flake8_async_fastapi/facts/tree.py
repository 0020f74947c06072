"""The reduced syntax tree in which facts hold code.

It has fewer node types than Python's own tree: only what an interpreter of
values needs, each with its line and column (both as flake8 counts them: lines
from 1, columns from 0).  What has no meaning for the analysis is kept as an
``Other`` with its parts, so that nothing that runs is lost.
"""

from __future__ import annotations

from typing import Literal, Union

import msgspec


class Part(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A part of a tree."""


class Node(Part, frozen=True, tag=True):
    """A place in a file."""

    line: int
    col: int


# --- expressions ---------------------------------------------------------------------


class Name(Node, frozen=True):
    id: str


class Const(Node, frozen=True):
    """A literal; ``...``, bytes, complex and huge numbers are an ``Other``."""

    value: Union[None, bool, int, float, str]


class Attr(Node, frozen=True):
    value: Expr
    name: str


class Keyword(Part, frozen=True):
    """A keyword argument; ``name`` is None for ``**value``."""

    name: Union[str, None]
    value: Expr


class Call(Node, frozen=True):
    func: Expr
    args: list[Expr]
    keywords: list[Keyword]


class Await(Node, frozen=True):
    value: Expr


class Subscript(Node, frozen=True):
    value: Expr
    index: Expr


class Display(Node, frozen=True):
    """A tuple, list or set: ``kind`` is the name of its type."""

    kind: str
    items: list[Expr]


class DictDisplay(Node, frozen=True):
    """A dictionary; a key is None if the value is unpacked (``**value``)."""

    keys: list[Union[Expr, None]]
    values: list[Expr]


class Binary(Node, frozen=True):
    op: str
    left: Expr
    right: Expr


class BoolOp(Node, frozen=True):
    """``and`` or ``or`` over at least two values."""

    op: str
    values: list[Expr]


class Unary(Node, frozen=True):
    op: str
    value: Expr


class Compare(Node, frozen=True):
    left: Expr
    ops: list[str]
    rights: list[Expr]


class IfExp(Node, frozen=True):
    test: Expr
    body: Expr
    orelse: Expr


class Param(Part, frozen=True):
    """A parameter; ``kind`` is ``pos``, ``any``, ``*``, ``kw`` or ``**``."""

    name: str
    kind: str
    annotation: Union[Expr, None]
    default: Union[Expr, None]


class Lambda(Node, frozen=True):
    params: list[Param]
    body: Expr


class CompFor(Part, frozen=True):
    target: Expr
    iter: Expr
    ifs: list[Expr]
    is_async: bool


class Comp(Node, frozen=True):
    """A comprehension: ``kind`` is ``list``, ``set``, ``dict`` or ``generator``."""

    kind: str
    items: list[Expr]
    loops: list[CompFor]


class FString(Node, frozen=True):
    values: list[Expr]


class Starred(Node, frozen=True):
    value: Expr


class Walrus(Node, frozen=True):
    target: str
    value: Expr


class Yield(Node, frozen=True):
    value: Union[Expr, None]


class YieldFrom(Node, frozen=True):
    value: Expr


class Other(Node, frozen=True):
    """Anything else; its ``parts`` are evaluated and the value is unknown."""

    parts: list[Expr]


Expr = Union[
    Name, Const, Attr, Call, Await, Subscript, Display, DictDisplay, Binary, BoolOp, Unary, Compare,
    IfExp, Lambda, Comp, FString, Starred, Walrus, Yield, YieldFrom, Other,
]  # fmt: skip


# --- statements ----------------------------------------------------------------------


class ExprStmt(Node, frozen=True):
    value: Expr


class Assign(Node, frozen=True):
    """``targets = value``; an annotation stands for a declared type."""

    targets: list[Expr]
    value: Union[Expr, None]
    annotation: Union[Expr, None]


class AugAssign(Node, frozen=True):
    target: Expr
    op: str
    value: Expr


class Return(Node, frozen=True):
    value: Union[Expr, None]


class Raise(Node, frozen=True):
    parts: list[Expr]


class If(Node, frozen=True):
    test: Expr
    body: list[Stmt]
    orelse: list[Stmt]


class For(Node, frozen=True):
    target: Expr
    iter: Expr
    body: list[Stmt]
    orelse: list[Stmt]
    is_async: bool


class While(Node, frozen=True):
    test: Expr
    body: list[Stmt]
    orelse: list[Stmt]


class WithItem(Part, frozen=True):
    context: Expr
    target: Union[Expr, None]


class With(Node, frozen=True):
    items: list[WithItem]
    body: list[Stmt]
    is_async: bool


class Handler(Part, frozen=True):
    line: int
    col: int
    type: Union[Expr, None]
    name: Union[str, None]
    body: list[Stmt]


class Try(Node, frozen=True):
    body: list[Stmt]
    handlers: list[Handler]
    orelse: list[Stmt]
    final: list[Stmt]


class Assert(Node, frozen=True):
    test: Expr
    message: Union[Expr, None]


class Delete(Node, frozen=True):
    targets: list[Expr]


class Capture(Node, frozen=True):
    """How a pattern uses the subject, or the value at the attributes in ``path``.

    It is of the class ``cls``, or bound to ``name`` (empty for none), or just read. A number in the path is
    the place of a positional pattern.
    """

    path: list[str]
    name: str
    cls: Union[Expr, None]


class Case(Part, frozen=True):
    """A case of ``match``: the names it binds, its class patterns, its guard."""

    names: list[str]
    classes: list[Expr]
    captures: list[Capture]
    guard: Union[Expr, None]
    body: list[Stmt]
    is_default: bool


class Match(Node, frozen=True):
    subject: Expr
    cases: list[Case]


class Jump(Node, frozen=True):
    """``break`` or ``continue``."""

    word: str


class Binding(Part, frozen=True):
    """A name that an import binds: to ``module``, or to ``name`` in it.

    ``level`` counts the leading dots.  ``local`` is ``*`` for a star import.
    """

    local: str
    module: str
    name: Union[str, None]
    level: int


class Import(Node, frozen=True):
    bindings: list[Binding]


class Scope(Node, frozen=True):
    """``global`` and ``nonlocal``: assignments to the names leave the function."""

    names: list[str]


Colour = Literal["sync", "async", "async generator"]
"""What a call of a function is followed by: nothing, ``await``, or ``async for``."""


class FunctionDef(Node, frozen=True):
    """A function; ``qualname`` is unique in its module unless redefined.

    ``line`` is that of ``def``.  ``is_stub`` says that the body only documents,
    passes or raises NotImplementedError.
    """

    name: str
    qualname: str
    is_async: bool
    is_generator: bool
    is_stub: bool
    params: list[Param]
    returns: Union[Expr, None]
    decorators: list[Expr]
    body: list[Stmt]


class ClassDef(Node, frozen=True):
    """A class; ``parameters`` are the type parameters that it declares with PEP 695."""

    name: str
    qualname: str
    parameters: list[str]
    bases: list[Expr]
    keywords: list[Keyword]
    decorators: list[Expr]
    body: list[Stmt]


Stmt = Union[
    ExprStmt, Assign, AugAssign, Return, Raise, If, For, While, With, Try, Assert, Delete, Match, Jump,
    Import, Scope, FunctionDef, ClassDef,
]  # fmt: skip
