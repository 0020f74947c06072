"""Converts legacy queries to ``select()``."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_async_fastapi.convert.imports import Imports
from flake8_async_fastapi.convert.infer import Inference
from flake8_async_fastapi.convert.libraries import BUILDERS, EXPRESSIONS, TERMINALS
from flake8_async_fastapi.convert.texts import Edit, Source
from flake8_async_fastapi.convert.values import SESSION, Known, Query

_CONDITIONS = frozenset({"filter", "where", "filter_by"})


def problem_with(inference: Inference, source: Source, node: ast.AST, *, is_asked: bool) -> str:
    """Why a node that builds or runs a query cannot be converted; empty if it can."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        method, base = node.func.attr, inference.value(source, node.func.value)
        if isinstance(base, Query) and method in TERMINALS:
            return _problem_with_terminal(node, base, method)
        known = method in BUILDERS or method in EXPRESSIONS or method == "populate_existing"
        if isinstance(base, Query) and not known:
            return f"select() has nothing like Query.{method}()"
    if not is_asked:
        return ""
    value = inference.value(source, node) if isinstance(node, ast.expr) else None
    if isinstance(node, ast.Subscript):
        value = inference.value(source, node.value)
    return _NO_SESSION if isinstance(value, Query) and not value.session else ""


_NO_SESSION = "nothing here says which session runs the query"


def _problem_with_terminal(node: ast.Call, base: Query, method: str) -> str:
    if not base.session:
        return _NO_SESSION
    if method in ("get", "update", "delete") and not base.entity:
        return f"Query.{method}() without one entity"
    if method == "get" and (len(node.args) != 1 or _get_options(node) is None):
        return "Query.get() of a query with conditions"
    if method == "update" and not node.args:
        return "Query.update() without its values"
    if method in ("update", "delete") and not base.filtered and not _is_root(_value_of(node)):
        return f"Query.{method}() of a query without conditions"
    return ""


def _value_of(node: ast.Call) -> ast.expr:
    assert isinstance(node.func, ast.Attribute)
    return node.func.value


def _get_options(node: ast.Call) -> list[ast.expr] | None:
    """The options of ``session.query(Entity).options(...)``; None for any other query."""
    options: list[ast.expr] = []
    value = _value_of(node)
    while isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute):
        if value.func.attr == "query":
            return options
        if value.func.attr != "options":
            return None
        options = [*value.args, *options]
        value = value.func.value
    return None


def _is_root(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "query"


def _root_of(node: ast.expr) -> ast.Call | None:
    """The call of ``session.query`` at the beginning of a chain of conditions."""
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if _is_root(node):
            return node
        if node.func.attr not in _CONDITIONS:
            return None
        node = node.func.value
    return None


class QueryEdits:
    """The edits of the queries in one file."""

    def __init__(self, inference: Inference, source: Source, imports: Imports) -> None:
        self.inference = inference
        self.source = source
        self.imports = imports
        self.statements: dict[ast.AST, str] = {}
        """The statements that calls of ``session.query`` become, where that is no ``select``."""
        self.consumed: set[ast.AST] = set()
        """The nodes that are in the text of an edit."""

    def asked(self, node: ast.expr, is_operand: bool, is_statement: bool) -> Iterator[Edit]:
        """Run a query: at a terminal method, an iteration or a slice.

        ``is_operand``: it is the operand of an operator that binds more tightly than ``await``.
        """
        if isinstance(node, ast.Subscript):
            yield from self._sliced(node)
            return
        value = (
            node.func.value if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else node
        )
        query = self.inference.value(self.source, value)
        if not (isinstance(node, ast.Call) and isinstance(query, Query) and self._is_terminal(node)):
            query = self.inference.value(self.source, node)
            assert isinstance(query, Query)
            yield from self._around(node, query, "", ".unique()" if query.unique else "", is_operand)
            return
        assert isinstance(node.func, ast.Attribute)
        method = node.func.attr
        if method == "get":
            yield from self._got(node, query, is_operand)
        elif method in ("update", "delete"):
            yield from self._changed(node, query, method, is_statement, is_operand)
        else:
            yield from self._read(node, query, method, is_operand)

    def _is_terminal(self, node: ast.Call) -> bool:
        return isinstance(node.func, ast.Attribute) and node.func.attr in TERMINALS

    def _around(
        self, node: ast.expr, query: Query, inner: str, after: str, is_operand: bool
    ) -> Iterator[Edit]:
        fetch = "execute" if query.kind != "entity" else "scalars"
        before, close = f"await {query.session}.{fetch}(", f"{inner})"
        if after or is_operand:
            before, close = f"({before}", f"{close}){after}"
        yield self.source.before(node, before)
        yield self.source.after(node, close)

    def _sliced(self, node: ast.Subscript) -> Iterator[Edit]:
        query = self.inference.value(self.source, node.value)
        assert isinstance(query, Query) and isinstance(node.slice, ast.Slice)
        lower, upper = node.slice.lower, node.slice.upper
        texts = [None if part is None else self.source.code(part) for part in (lower, upper)]
        cut = {
            (True, True): f".slice({texts[0]}, {texts[1]})",
            (False, True): f".limit({texts[1]})",
            (True, False): f".offset({texts[0]})",
            (False, False): "",
        }[lower is not None, upper is not None]
        fetch = "execute" if query.kind != "entity" else "scalars"
        unique = ".unique()" if query.unique else ""
        yield self.source.before(node, f"(await {query.session}.{fetch}(")
        yield Edit(self.source.end(node.value), self.source.end(node), 5, f"{cut})){unique}.all()")

    def _read(self, node: ast.Call, query: Query, method: str, is_operand: bool) -> Iterator[Edit]:
        fetch = "execute" if query.kind != "entity" else "scalars"
        unique = ".unique()" if query.unique and query.kind != "value" else ""
        inner, after = "", f"{unique}.{method}()"
        start = ""
        if method == "first":
            inner = ".limit(1)"
            if query.kind == "entity" and not unique:
                fetch, after = "scalar", ""
        elif method == "scalar":
            fetch, after = ("scalar", "") if query.kind == "value" else ("execute", ".scalar_one_or_none()")
        elif method == "count":
            select, func = self.imports.need("sqlalchemy", "select"), self.imports.need("sqlalchemy", "func")
            start, inner = f"{select}({func}.count()).select_from(", ".subquery())"
            fetch, after = "execute", ".scalar_one()"
        before = f"await {query.session}.{fetch}({start}"
        close = f"{inner})"
        if after or is_operand:
            before, close = f"({before}", f"{close}){after}"
        yield self.source.before(node, before)
        yield Edit(self._dot(node), self.source.end(node), 5, close)

    def _dot(self, node: ast.Call) -> int:
        """The start of a call's method: its dot, with the space and continuation before it."""
        assert isinstance(node.func, ast.Attribute)
        text = self.source.text
        after = self.source.end(node.func.value)
        at = text.rindex(".", after, self.source.end(node.func))
        if "#" not in text[after:at]:
            while text[at - 1].isspace() or text[at - 1 : at + 1] == "\\\n":
                at -= 1
        return at

    def _got(self, node: ast.Call, query: Query, is_operand: bool) -> Iterator[Edit]:
        value = _value_of(node)
        self.consumed |= set(ast.walk(value))
        options = [self.source.code(option) for option in _get_options(node) or []]
        close = f", options=[{', '.join(options)}])" if options else ")"
        opening, end = ("(await ", f"{close})") if is_operand else ("await ", close)
        yield Edit(
            self.source.start(node),
            self.source.start(node.args[0]),
            5,
            f"{opening}{query.session}.get({query.entity}, ",
        )
        yield Edit(self.source.end(node.args[0]), self.source.end(node), 8, end)

    def _changed(
        self, node: ast.Call, query: Query, method: str, is_statement: bool, is_operand: bool
    ) -> Iterator[Edit]:
        value, end = _value_of(node), self.source.end(node)
        statement = self.imports.need("sqlalchemy", method)
        given = {word.arg: word.value for word in node.keywords}
        values = node.args[0] if method == "update" else None
        how = given.get("synchronize_session") or (
            node.args[1] if method == "update" and len(node.args) > 1 else None
        )
        if method == "delete" and node.args:
            how = node.args[0]
        # A commit no longer expires objects: those in the session must follow the statement.
        follows = how is None or (isinstance(how, ast.Constant) and how.value is False)
        option = (
            ""
            if follows or how is None
            else f".execution_options(synchronize_session={self.source.code(how)})"
        )
        close = f"{option})" if is_statement else f"{option})).rowcount"
        before = f"{'' if is_statement else '('}await {query.session}.execute("
        root = _root_of(value)
        if root is not None:
            self.statements[root] = statement
            yield self.source.before(node, before)
            middle = ""
        else:
            yield self.source.before(node, f"{before}{statement}({query.entity}).where(")
            middle = ".whereclause)"
        if values is None:
            yield Edit(self._dot(node), end, 5, f"{middle}{close}")
        else:
            yield Edit(self._dot(node), self.source.start(values), 5, f"{middle}.values(")
            yield Edit(self.source.end(values), end, 5, f"){close}")

    def built(self, node: ast.Call) -> Iterator[Edit]:
        """The edits of one call that creates or extends a query."""
        if node in self.consumed or not isinstance(node.func, ast.Attribute):
            return
        method, base = node.func.attr, self.inference.value(self.source, node.func.value)
        name_start = self.source.end(node.func) - len(method)
        if isinstance(base, Known) and base == SESSION and method == "query":
            name = self.statements.get(node) or self.imports.need("sqlalchemy", "select")
            yield Edit(self.source.start(node), self.source.end(node.func), 5, name)
        elif isinstance(base, Query) and method == "populate_existing":
            yield Edit(name_start, self.source.end(node), 5, "execution_options(populate_existing=True)")
        elif isinstance(base, Query):
            renamed = BUILDERS.get(method) or EXPRESSIONS.get(method)
            if renamed is not None and renamed != method:
                yield Edit(name_start, self.source.end(node.func), 5, renamed)
