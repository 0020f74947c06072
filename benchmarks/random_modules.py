"""Random modules for `fuzz.py`: changed programs of `tests/cases`, and code that hypothesmith makes."""

from __future__ import annotations

import ast
import copy
import random
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TypeVar

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "tests"))

from case_files import read_cases  # noqa: E402

Node = TypeVar("Node", bound=ast.AST)
Project = tuple[str, Mapping[str, str], str]
"""A name, the files, and the one of them that is random."""

MOST_CHANGES = 12
_LONGEST = 20_000
"""Characters; changes that copy what they copied before make texts that no person would wait for."""


# --- where the parts come from ---------------------------------------------------------


@cache
def _programs() -> tuple[tuple[Mapping[str, str], str], ...]:
    """Each Python file of each case, with the files around it."""
    cases = read_cases(ROOT / "tests" / "cases")
    return tuple((case.program.files, path) for case in cases for path in _python(case.program.files))


def _python(files: Mapping[str, str]) -> list[str]:
    return [path for path in files if path.endswith(".py") and files[path].strip()]


@cache
def _pools() -> tuple[Sequence[ast.stmt], Sequence[ast.expr], Sequence[str]]:
    """All statements, expressions and names of the cases, to choose from."""
    trees = [ast.parse(text) for text in sorted({files[path] for files, path in _programs()})]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    statements = [node for node in nodes if isinstance(node, ast.stmt)]
    expressions = [node for node in nodes if isinstance(node, ast.expr) and _is_read(node)]
    names = sorted({name for node in nodes for name in _names(node)})
    return statements, expressions, names


def _names(node: ast.AST) -> list[str]:
    found = (getattr(node, field, None) for field in ("id", "attr", "arg", "name"))
    return [name for name in found if isinstance(name, str)]


def _is_read(node: ast.expr) -> bool:
    return isinstance(getattr(node, "ctx", ast.Load()), ast.Load) and not isinstance(node, ast.Slice)


# --- changes ---------------------------------------------------------------------------


def mutate(text: str, dice: random.Random) -> str:
    """The text of a module after a few random changes; it may be code that Python refuses."""
    tree = ast.parse(text)
    for _ in range(dice.randint(1, MOST_CHANGES)):
        dice.choice(_CHANGES)(tree, dice)
    try:
        changed = ast.unparse(ast.fix_missing_locations(tree))
    except (AttributeError, ValueError, TypeError):  # a tree that cannot be written, such as an odd f-string
        return text
    return changed if len(changed) <= _LONGEST else text


def _bodies(tree: ast.AST) -> list[list[ast.stmt]]:
    found: list[list[ast.stmt]] = []
    for node in ast.walk(tree):
        for field in ("body", "orelse", "finalbody"):
            body = getattr(node, field, None)
            if isinstance(body, list) and body:
                found.append(body)
    return found or [[ast.Pass()]]  # of an empty module: what is done to it is lost


def _replace_expression(tree: ast.AST, dice: random.Random) -> None:
    """Put an expression of another program in the place of one of this."""
    new = copy.deepcopy(dice.choice(_pools()[1]))
    _put(tree, dice, lambda old: new)


def _wrap_expression(tree: ast.AST, dice: random.Random) -> None:
    """Put an expression into another one."""
    _put(tree, dice, lambda old: dice.choice(_WRAPPED)(old))


def _put(tree: ast.AST, dice: random.Random, make: Callable[[ast.expr], ast.expr]) -> None:
    places: list[tuple[ast.AST, str, int | None]] = []
    for node in ast.walk(tree):
        for field, value in ast.iter_fields(node):
            values = list(enumerate(value)) if isinstance(value, list) else [(None, value)]
            places += [(node, field, at) for at, one in values if isinstance(one, ast.expr) and _is_read(one)]
    if not places:
        return
    node, field, at = dice.choice(places)
    held = getattr(node, field)
    if at is None:
        setattr(node, field, make(held))
    else:
        held[at] = make(held[at])


def _insert_statement(tree: ast.AST, dice: random.Random) -> None:
    body = dice.choice(_bodies(tree))
    body.insert(dice.randint(0, len(body)), copy.deepcopy(dice.choice(_pools()[0])))


def _delete_statement(tree: ast.AST, dice: random.Random) -> None:
    body = dice.choice(_bodies(tree))
    body[dice.randrange(len(body))] = ast.Pass()


def _repeat_statement(tree: ast.AST, dice: random.Random) -> None:
    """Copy a statement to another place of the module, a function into itself too."""
    statement = copy.deepcopy(dice.choice(dice.choice(_bodies(tree))))
    body = dice.choice(_bodies(tree))
    body.insert(dice.randint(0, len(body)), statement)


def _wrap_statement(tree: ast.AST, dice: random.Random) -> None:
    body = dice.choice(_bodies(tree))
    at = dice.randrange(len(body))
    body[at] = dice.choice(_BLOCKS)(body[at])


def _rename(tree: ast.AST, dice: random.Random) -> None:
    """Give a node another name: of this module, so that things meet, or of any."""
    nodes = [node for node in ast.walk(tree) if _names(node)]
    if not nodes:
        return
    node = dice.choice(nodes)
    name = dice.choice(_names(dice.choice(nodes)) if dice.random() < 0.7 else _pools()[2])
    fields = [field for field in ("id", "attr", "arg", "name") if isinstance(getattr(node, field, None), str)]
    setattr(node, dice.choice(fields), name)


def _rename_all(tree: ast.AST, dice: random.Random) -> None:
    """Make two names one, everywhere."""
    names = sorted({name for node in ast.walk(tree) for name in _names(node)})
    if not names:
        return
    old, new = dice.choice(names), dice.choice(names)
    for node in ast.walk(tree):
        for field in ("id", "attr", "arg", "name"):
            if getattr(node, field, None) == old:
                setattr(node, field, new)


def _swap_await(tree: ast.AST, dice: random.Random) -> None:
    """Take an `await` away, or make a function async that is not, or the other way."""
    _put(tree, dice, lambda old: old.value if isinstance(old, ast.Await) else ast.Await(old))


_CHANGES: Sequence[Callable[[ast.AST, random.Random], None]] = (
    _replace_expression,
    _replace_expression,
    _wrap_expression,
    _insert_statement,
    _insert_statement,
    _delete_statement,
    _repeat_statement,
    _wrap_statement,
    _rename,
    _rename,
    _rename_all,
    _swap_await,
)


def _template(text: str) -> Callable[[ast.expr], ast.expr]:
    """A function that puts an expression in the place of `X` in a text."""

    def fill(held: ast.expr) -> ast.expr:
        return _Filled(held).visit(ast.parse(text, mode="eval").body)  # type: ignore[no-any-return]

    return fill


def _block(text: str) -> Callable[[ast.stmt], ast.stmt]:
    """A function that puts a statement in the place of the statement `X` in a text."""

    def fill(held: ast.stmt) -> ast.stmt:
        return _Filled(held).visit(ast.parse(text).body[0])  # type: ignore[no-any-return]

    return fill


class _Filled(ast.NodeTransformer):
    def __init__(self, held: ast.AST) -> None:
        self.held = held

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return copy.deepcopy(self.held) if node.id == "X" and isinstance(self.held, ast.expr) else node

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        if isinstance(self.held, ast.stmt) and isinstance(node.value, ast.Name) and node.value.id == "X":
            return copy.deepcopy(self.held)
        return self.generic_visit(node)


_WRAPPED = [
    _template(text)
    for text in (
        "await X",
        "[X for x in X]",
        "{x: X async for x in X if X}",
        "(lambda x=X: X)()",
        "X if X else X",
        "X and X or not X",
        "(x := X)",
        "(yield X)",
        "X()",
        "X(X, *X, x=X, **X)",
        "X.x",
        "X[X]",
        "[*X, X]",
        "{**X, 'x': X}",
        "f'{X!r:{X}}'",
        "getattr(X, 'x', X)",
        "asyncio.gather(X, *[X for _ in X])",
        "asyncio.to_thread(lambda: X)",
        "functools.partial(X, X)",
        "X == X != X",
        "isinstance(X, X)",
    )
]
_BLOCKS = [
    _block(text)
    for text in (
        "if x:\n X\nelse:\n X",
        "while x:\n X\nelse:\n X",
        "for x in x:\n X\n continue",
        "async for x in x():\n X\n break",
        "with x as x:\n X",
        "async with x() as x, x:\n X",
        "try:\n X\nexcept x as x:\n X\n raise\nelse:\n X\nfinally:\n X",
        "def x(self, *x, **y):\n X\n return x(self)",
        "async def x(x=x):\n X\n return await x()",
        "class x(x):\n X",
        "match x:\n case x(x=y) if y:\n  X\n case [x, *y] | {'x': x, **y}:\n  X\n case _:\n  X",
    )
]


def _mutated(count: int, seed: int) -> Iterator[Project]:
    programs = _programs()
    for number in range(seed, seed + count):
        dice = random.Random(number)
        files, path = dice.choice(programs)
        yield f"seed {number}", {**files, path: mutate(files[path], dice)}, path


# --- hypothesmith ----------------------------------------------------------------------


def _hypothesmith(strategy: str) -> Callable[[int, int], Iterator[Project]]:
    """A function that makes modules by a strategy of hypothesmith, a hundred at a time."""

    def make(count: int, seed: int) -> Iterator[Project]:
        for first in range(0, count, 100):
            texts = _examples(strategy, min(100, count - first), seed + first)
            for number, text in enumerate(texts):
                yield f"seed {seed + first}, {number}", {"main.py": text}, "main.py"

    return make


def _examples(strategy: str, count: int, seed: int) -> list[str]:
    import hypothesis
    import hypothesmith

    texts: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")

        @hypothesis.seed(seed)
        @hypothesis.settings(
            max_examples=count,
            database=None,
            deadline=None,
            phases=[hypothesis.Phase.generate],
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        @hypothesis.given(getattr(hypothesmith, strategy)())
        def collect(text: str) -> None:
            texts.append(text)

        collect()
    return texts


KINDS: Mapping[str, Callable[[int, int], Iterator[Project]]] = {
    "mutated": _mutated,
    "grammar": _hypothesmith("from_grammar"),
    "tree": _hypothesmith("from_node"),
}


def random_projects(kind: str, count: int, seed: int) -> Iterator[Project]:
    """Projects with a random module each; the same numbers give the same projects."""
    yield from KINDS[kind](count, seed)
