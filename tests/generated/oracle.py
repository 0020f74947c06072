"""Runs a program for real, and tells what happened at which line.

A program is compiled from its text with counters in it: after each statement, and after
each expression that may be evaluated never or several times, the run says that this part
of the program was done.  Lines stay where they are, and nothing else is changed but the
address of the database.  Nothing is written to disk.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import gc
import importlib
import importlib.abc
import importlib.util
import itertools
import sqlite3
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.machinery import ModuleSpec
from random import Random
from types import CodeType, ModuleType
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Integer, MetaData, Table
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import ArgumentError, InvalidRequestError, MissingGreenlet, StatementError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import QueryableAttribute, RelationshipProperty, Session
from sqlalchemy.orm.exc import DetachedInstanceError, LoaderStrategyException
from sqlalchemy.schema import CreateTable
from sqlalchemy.types import NullType

from .programs import ROWS, URL, Program

Place = tuple[str, int]
_ROOT = "<program>/"


@dataclass(frozen=True)
class Failure:
    """An exception, and the lines of the program on its way, the innermost last."""

    kind: str
    attribute: str
    """What was read, such as `Post.author`, or the fields of a schema; empty where nothing tells."""
    places: tuple[Place, ...]
    text: str

    @property
    def place(self) -> Place:
        return self.places[-1]


@dataclass(frozen=True)
class Run:
    """One run of a program with one choice of its flags."""

    flags: tuple[bool, ...]
    failure: Failure | None
    done: frozenset[int]
    """The parts that were evaluated to the end."""
    ineffective: frozenset[Place]
    """Calls of `get()` with options for an object that is in the session already."""


@dataclass(frozen=True)
class Part:
    """Code that is done or not: a statement without what is nested in it, or an expression."""

    path: str
    first: int
    last: int


@dataclass
class Outcome:
    """What became of a program with all choices of its flags."""

    program: Program
    parts: Sequence[Part] = ()
    runs: list[Run] = field(default_factory=list)
    mistake: str | None = None
    """Why the program tells nothing: it failed in a way that no rule is about."""

    @property
    def failures(self) -> list[Failure]:
        return [run.failure for run in self.runs if run.failure is not None]

    @property
    def kind(self) -> str:
        """The kind of the outcome in one word."""
        if self.mistake is not None:
            return "mistake"
        return self.failures[0].kind if self.failures else "ok"


def run_program(program: Program, data: int = 0) -> Outcome:
    """Run a program with every choice of its flags, on one of the sets of rows."""
    outcome = Outcome(program)
    with warnings.catch_warnings(), _quiet_gc():
        warnings.simplefilter("ignore")
        try:
            _run_all(program, outcome, data)
        except Mistake as mistake:
            outcome.mistake = str(mistake)
    return outcome


class Mistake(Exception):
    """A failure that says something of the generator only."""


# --- counters in the code ----------------------------------------------------------------

_DONE = "__done__"
_Inner = (ast.Lambda, ast.IfExp, ast.BoolOp, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


class _Counting(ast.NodeTransformer):
    """Puts the counters into the functions of a file."""

    def __init__(self, path: str, parts: list[Part]) -> None:
        self.path = path
        self.parts = parts
        self.inside = False

    def part(self, first: ast.AST, last: ast.AST | None = None) -> ast.Constant:
        start = getattr(first, "lineno", 1)
        self.parts.append(Part(self.path, start, getattr(last or first, "end_lineno", start) or start))
        return ast.copy_location(ast.Constant(len(self.parts) - 1), first)

    def wrapped(self, node: ast.expr) -> ast.expr:
        """An expression that is counted when it was evaluated."""
        part = self.part(node)
        name = ast.copy_location(ast.Name(_DONE, ast.Load()), node)
        inner: ast.expr = self.visit(node)
        return ast.copy_location(ast.Call(name, [part, inner], []), node)

    def mark(self, first: ast.AST, last: ast.AST | None = None) -> ast.stmt:
        part = self.part(first, last)
        name = ast.copy_location(ast.Name(_DONE, ast.Load()), part)
        call = ast.copy_location(ast.Call(name, [part], []), part)
        return ast.copy_location(ast.Expr(call), part)

    def body(self, statements: list[ast.stmt]) -> list[ast.stmt]:
        found: list[ast.stmt] = []
        for statement in statements:
            simple = isinstance(statement, (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Expr, ast.Assert))
            found.append(self.visit(statement))
            if simple and self.inside:
                found.append(self.mark(statement))
        return found

    def _function(self, node: Any) -> Any:
        before, self.inside = self.inside, True
        docstring = node.body[:1] if ast.get_docstring(node, clean=False) is not None else []
        node.body = docstring + self.body(node.body[len(docstring) :])
        self.inside = before
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = _function

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        before, self.inside = self.inside, False
        node.body = [self.visit(statement) for statement in node.body]
        self.inside = before
        return node

    def visit_Return(self, node: ast.Return) -> ast.Return:
        if node.value is not None and self.inside:
            node.value = self.wrapped(node.value)
        return node

    def _test(self, node: Any) -> Any:
        if self.inside:
            node.test = self.wrapped(node.test)
        node.body, node.orelse = self.body(node.body), self.body(node.orelse)
        return node

    visit_If = visit_While = _test

    def _loop(self, node: Any) -> Any:
        if self.inside:
            node.iter = self.wrapped(node.iter)
        node.body, node.orelse = self.body(node.body), self.body(node.orelse)
        return node

    visit_For = visit_AsyncFor = _loop

    def _with(self, node: Any) -> Any:
        for item in node.items:
            item.context_expr = self.visit(item.context_expr)
        body = self.body(node.body)
        node.body = [self.mark(node, node.items[-1].context_expr), *body] if self.inside else body
        return node

    visit_With = visit_AsyncWith = _with

    def visit_Try(self, node: ast.Try) -> ast.Try:
        node.body, node.orelse = self.body(node.body), self.body(node.orelse)
        node.finalbody = self.body(node.finalbody)
        for handler in node.handlers:
            handler.body = self.body(handler.body)
        return node

    def visit_Match(self, node: ast.Match) -> ast.Match:
        node.subject = self.wrapped(node.subject)
        for case in node.cases:
            case.body = [self.mark(case.pattern), *self.body(case.body)]
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.Lambda:
        if self.inside:
            node.body = self.wrapped(node.body)
        return node

    def visit_IfExp(self, node: ast.IfExp) -> ast.IfExp:
        node.test = self.visit(node.test)
        if self.inside:
            node.body, node.orelse = self.wrapped(node.body), self.wrapped(node.orelse)
        return node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.BoolOp:
        if self.inside:
            node.values = [node.values[0], *(self.wrapped(value) for value in node.values[1:])]
            node.values[0] = self.visit(node.values[0])
        return node

    def _comprehension(self, node: Any) -> Any:
        for generator in node.generators:
            generator.iter = self.visit(generator.iter)
            if self.inside:
                generator.ifs = [self.wrapped(test) for test in generator.ifs]
        if isinstance(node, ast.DictComp):
            if self.inside:
                node.key, node.value = self.wrapped(node.key), self.wrapped(node.value)
        elif self.inside:
            node.elt = self.wrapped(node.elt)
        return node

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension


def _compiled(path: str, text: str, parts: list[Part]) -> CodeType:
    tree = ast.parse(text)
    counting = _Counting(path, parts)
    tree.body = [counting.visit(statement) for statement in tree.body]
    return compile(tree, _ROOT + path, "exec", dont_inherit=True)


# --- modules without files ---------------------------------------------------------------


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds the modules of one program."""

    def __init__(self, codes: Mapping[str, CodeType], given: Mapping[str, Any]) -> None:
        self.codes = codes
        self.given = given

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        return importlib.util.spec_from_loader(name, self) if name in self.codes else None

    def exec_module(self, module: ModuleType) -> None:
        vars(module).update(self.given)
        exec(self.codes[module.__name__], vars(module))


@contextlib.contextmanager
def _importing(codes: Mapping[str, CodeType], given: Mapping[str, Any]) -> Iterator[None]:
    """Let imports of a program find its own modules, and forget them afterwards."""
    hidden = {name: sys.modules.pop(name) for name in codes if name in sys.modules}
    finder = _Finder(codes, given)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name in codes:
            sys.modules.pop(name, None)
        sys.modules.update(hidden)


_PROGRAMS = itertools.count(1)
_RUNS = itertools.count(1)


@contextlib.contextmanager
def _quiet_gc() -> Iterator[None]:
    """Collect between programs only: classes and mappers are circles, and there are many of them."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        if next(_PROGRAMS) % 25 == 0:
            gc.collect()


# --- rows ----------------------------------------------------------------------------------

_References = Mapping[tuple[str, str], Sequence[int | None]]
_Rows = tuple[_References, Sequence[tuple[int, int]]]
_DATA: Sequence[_Rows] = [
    (  # each collection has items
        {
            ("posts", "author_id"): [1, 2, 3, 1],
            ("posts", "editor_id"): [2, None, 1, None],
            ("comments", "post_id"): [1, 2, 3, 4, 1],
            ("comments", "author_id"): [2, 3, 1, 2, 3],
            ("comments", "parent_id"): [None, 1, None, 3, None],
            ("profiles", "user_id"): [1, 2, 3],
        },
        [(1, 1), (1, 2), (2, 2), (3, 3), (4, 1)],
    ),
    (  # each way leads to another user, some collections are empty, and no key is NULL
        {
            ("posts", "author_id"): [1, 1, 1, 1],
            ("posts", "editor_id"): [2, 2, 2, 2],
            ("comments", "post_id"): [2, 1, 3, 3, 2],
            ("comments", "author_id"): [3, 3, 3, 3, 3],
            ("comments", "parent_id"): [2, 3, 4, 5, 1],
            ("profiles", "user_id"): [2, 3, 1],
        },
        [(1, 2), (2, 1), (2, 3), (3, 1)],
    ),
]
"""The rows that others refer to: by table and column, and the pairs of posts and tags."""


def _rows(data: int) -> _Rows:
    """One of the sets of rows: the first two are made by hand, all others at random, and no key is NULL."""
    if data < len(_DATA):
        return _DATA[data]
    rng = Random(f"rows {data}")
    references = {
        (table, column): [rng.randint(1, ROWS[target]) for _ in range(ROWS[_COUNTS[table]])]
        for (table, column), target in _TARGETS.items()
    }
    references["profiles", "user_id"] = rng.sample(range(1, ROWS["User"] + 1), ROWS["Profile"])
    pairs = {(rng.randint(1, ROWS["Post"]), rng.randint(1, ROWS["Tag"])) for _ in range(rng.randint(1, 6))}
    return references, sorted(pairs)


_TARGETS = {
    ("posts", "author_id"): "User",
    ("posts", "editor_id"): "User",
    ("comments", "post_id"): "Post",
    ("comments", "author_id"): "User",
    ("comments", "parent_id"): "Comment",
}
_COUNTS = {
    "users": "User",
    "posts": "Post",
    "comments": "Comment",
    "tags": "Tag",
    "profiles": "Profile",
    "assets": "Asset",
}


def _script(metadata: MetaData, data: int) -> str:
    """The SQL that makes the tables and their rows."""
    dialect = sqlite.dialect()
    lines = []
    references, pairs = _rows(data)
    for table in metadata.sorted_tables:
        lines.append(str(CreateTable(table).compile(dialect=dialect)))
        if table.name == "post_tags":
            lines += [f"INSERT INTO post_tags (post_id, tag_id) VALUES ({one}, {two})" for one, two in pairs]
        else:
            lines += [_insert(table, row, references) for row in range(1, ROWS[_COUNTS[table.name]] + 1)]
    return ";\n".join(lines)


def _insert(table: Table, row: int, references: _References) -> str:
    values = {}
    for column in table.columns:
        if column.computed is not None:
            continue
        if (table.name, column.name) in references:
            value = references[table.name, column.name][row - 1]
            values[column.name] = "NULL" if value is None else str(value)
        elif column.name == "kind":
            values[column.name] = "'image'" if row < 3 else "'asset'"
        elif column.name.endswith("_at"):
            values[column.name] = "'2024-01-02 03:04:05.000000'"
        elif isinstance(column.type, (Integer, NullType)):  # a key may have no type but that of its target
            values[column.name] = str(row)
        else:
            values[column.name] = f"'{column.name} {row}'"
    return f"INSERT INTO {table.name} ({', '.join(values)}) VALUES ({', '.join(values.values())})"


# --- runs ----------------------------------------------------------------------------------


def _run_all(program: Program, outcome: Outcome, data: int) -> None:
    name = f"loading{next(_RUNS)}"
    address = f"sqlite+aiosqlite:///file:{name}?mode=memory&cache=shared&uri=true"
    parts: list[Part] = []
    done: set[int] = set()

    def count(part: int, value: Any = None) -> Any:
        done.add(part)
        return value

    codes = {
        path.removesuffix(".py"): _compiled(path, text.replace(URL, address), parts)
        for path, text in program.files.items()
    }
    outcome.parts = parts
    given = {_DONE: count, "print": lambda *values: [str(value) for value in values]}
    with _importing(codes, given):
        try:
            main = importlib.import_module("main")
        except Exception as error:
            raise Mistake(f"import: {_told(error)}") from error
        base = vars(sys.modules.get("models", main)).get("Base") or _sqlmodel()
        try:
            script = _script(base.metadata, data)
        except Exception as error:
            _forget(base)
            raise Mistake(f"tables: {_told(error)}") from error
        try:
            for flags in itertools.product([False, True], repeat=program.flags):
                done.clear()
                ineffective: set[Place] = set()
                failure = _run_once(main, flags, name, script, ineffective)
                outcome.runs.append(Run(flags, failure, frozenset(done), frozenset(ineffective)))
        finally:
            _forget(base)


def _sqlmodel() -> Any:
    from sqlmodel import SQLModel

    return SQLModel


def _forget(base: Any) -> None:
    """Take the models of a program from the places that all programs share."""
    registry = getattr(base, "registry", None) or base._sa_registry
    registry.dispose()
    if base.__name__ == "SQLModel":
        base.metadata.clear()
        registry._class_registry.clear()


_LOOP: asyncio.AbstractEventLoop | None = None


def _loop() -> asyncio.AbstractEventLoop:
    global _LOOP
    if _LOOP is None or _LOOP.is_closed():
        _LOOP = asyncio.new_event_loop()
    return _LOOP


def _run_once(
    main: ModuleType, flags: tuple[bool, ...], name: str, script: str, ineffective: set[Place]
) -> Failure | None:
    keep = sqlite3.connect(f"file:{name}?mode=memory&cache=shared", uri=True)
    try:
        keep.executescript(script)
        with _watching_get(ineffective):
            return _loop().run_until_complete(_drive(main, flags))
    finally:
        keep.close()


async def _drive(main: ModuleType, flags: tuple[bool, ...]) -> Failure | None:
    engine = vars(sys.modules.get("database", main))["engine"]
    try:
        return await _failure_of(main, flags)
    finally:
        await _finish()
        await engine.dispose()


async def _finish() -> None:
    """Close the generators that a failure or a `return` left open."""
    await asyncio.get_running_loop().shutdown_asyncgens()
    await asyncio.sleep(0)
    others = asyncio.all_tasks() - {asyncio.current_task()}
    await asyncio.gather(*others, return_exceptions=True)


async def _failure_of(main: ModuleType, flags: tuple[bool, ...]) -> Failure | None:
    try:
        await main.run(*flags)
    except Exception as error:
        kind = kind_of(error)
        places = _places(error)
        if kind is None or not places:
            raise Mistake(_told(error)) from None
        attribute, sort = _attribute(error)
        return Failure(
            f"{kind}{sort}", attribute, places, f"{type(error).__name__}: {error}".split("\n")[0][:200]
        )
    return None


def _attribute(error: BaseException) -> tuple[str, str]:
    """The mapped attribute whose read or write failed, and what sort of attribute it is."""
    if isinstance(error, ValidationError):
        places = [one["loc"] for one in error.errors() if one["type"] == "get_attribute_error"]
        return ",".join(dict.fromkeys(".".join(map(str, place)) for place in places)), ""
    trace = error.__traceback__
    while trace is not None:
        own = trace.tb_frame.f_locals.get("self")
        if isinstance(own, QueryableAttribute) or hasattr(own, "parent_token"):
            mapped = getattr(own.class_, own.key, None)
            loaded = getattr(mapped, "property", None)
            if isinstance(loaded, RelationshipProperty):
                sort = " collection" if loaded.uselist else " relationship"
            else:
                sort = " column"
            return f"{own.class_.__name__}.{own.key}", sort
        trace = trace.tb_next
    return "", ""


def _told(error: BaseException) -> str:
    line = next((f"{path}:{number}" for path, number in reversed(_places(error))), "")
    return f"{line} {type(error).__name__}: {error}".split("\n")[0][:200]


def _places(error: BaseException) -> tuple[Place, ...]:
    found = []
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename.startswith(_ROOT) and frame.lineno is not None:
            found.append((frame.filename.removeprefix(_ROOT), frame.lineno))
    return tuple(dict.fromkeys(found))


def kind_of(error: Exception) -> str | None:
    """The family of an exception; None for one that no rule is about."""
    text = str(error)
    if isinstance(error, MissingGreenlet) or (
        isinstance(error, StatementError) and isinstance(error.orig, MissingGreenlet)
    ):
        return "greenlet"
    if isinstance(error, DetachedInstanceError):
        return "detached"
    if isinstance(error, LoaderStrategyException):
        return "strategy"
    if isinstance(error, ValidationError):
        for name in ("MissingGreenlet", "DetachedInstanceError", "InvalidRequestError"):
            if f"Error extracting attribute: {name}" in text or f"sqlalchemy.exc.{name}" in text:
                return "validation"
        return "validation: write only" if "WriteOnlyCollection" in text else None
    if isinstance(error, InvalidRequestError):
        if "unique() method must be invoked" in text:
            return "unique"
        if "is not available due to lazy=" in text or "is not available due to raiseload" in text:
            return "raise"
        return None
    if isinstance(error, ArgumentError):
        return (
            "argument"
            if "Strings are not accepted" in text or "does not link" in text or "Mapped class" in text
            else None
        )
    if isinstance(error, TypeError) and "WriteOnly" in text:
        return "write only"
    return None


@contextlib.contextmanager
def _watching_get(ineffective: set[Place]) -> Iterator[None]:
    """Note the calls of `get()` and `get_one()` whose options come too late."""
    kept = {name: getattr(AsyncSession, name) for name in ("get", "get_one")}

    def watch(name: str) -> Callable[..., Any]:
        async def call(self: AsyncSession, entity: Any, ident: Any, **keywords: Any) -> Any:
            known = Session.identity_key(entity, ident) in self.sync_session.identity_map
            place = _caller()
            if known and place and keywords.get("options") and not keywords.get("populate_existing"):
                ineffective.add(place)
            return await kept[name](self, entity, ident, **keywords)

        return call

    for name in kept:
        setattr(AsyncSession, name, watch(name))
    try:
        yield
    finally:
        for name, function in kept.items():
            setattr(AsyncSession, name, function)


def _caller() -> Place | None:
    frame = sys._getframe(2)
    while frame is not None:
        if frame.f_code.co_filename.startswith(_ROOT):
            return frame.f_code.co_filename.removeprefix(_ROOT), frame.f_lineno
        frame = frame.f_back  # type: ignore[assignment]
    return None
