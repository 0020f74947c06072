"""Which earlier results are still valid after the text of a file was edited. The others are forgotten.

Invariant: a kept result is the one that would be computed again.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Set
from operator import attrgetter
from typing import Any, Final

from msgspec import Struct

from flake8_async_fastapi.engine.comparison import ComparedBy
from flake8_async_fastapi.engine.queries import Memo
from flake8_async_fastapi.engine.values import Closure
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.project.reads import Reads

_PLAIN: Final = (int, bytes, float, type(None), type, tree.Part, Closure)
"""Types that lead to no path; closures and nodes of the tree are compared by themselves."""


def forget_outdated(memo: Memo, reads: Reads, outdated: Container[int], paths: Set[str]) -> None:
    """Forget results that depend on an outdated question, or that concern some files.

    ``outdated`` are the numbers of questions with a new answer. A result about a file at one of the
    ``paths`` may depend on code that is part of its key but is not compared.
    """
    stale = reads.depending_on(outdated)
    known: dict[int, bool] = {}
    dropped = [
        key
        for key, (_, read) in memo.items()
        if read in outdated or read in stale or _mentions(key, paths, known)
    ]
    for key in dropped:
        del memo[key]


def _mentions(value: Any, paths: Set[str], known: dict[int, bool]) -> bool:
    """Whether one of some paths is part of a value; ``known`` caches the answer by the identity of a
    value.
    """
    if isinstance(value, str):
        return value in paths
    if isinstance(value, _PLAIN):
        return False
    found = known.get(id(value))
    if found is None:
        known[id(value)] = False  # a value that holds itself
        parts = _parts(value)
        found = known[id(value)] = parts is None or any(_mentions(part, paths, known) for part in parts)
    return found


def _parts(value: Any) -> Iterable[Any] | None:
    """The parts of a value that are compared; None if they are not known."""
    if isinstance(value, (tuple, frozenset, list)):
        return value
    if isinstance(value, dict):
        return (*value, *value.values())
    kind = type(value)
    if kind not in _READERS:
        _READERS[kind] = _make_reader(kind)
    read = _READERS[kind]
    return None if read is None else read(value)


_READERS: Final[dict[type, Callable[[Any], Iterable[Any]] | None]] = {}
"""By type, how to get what its instances are compared by; None for a type of which that is not known."""


def _make_reader(kind: type) -> Callable[[Any], Iterable[Any]] | None:
    if not issubclass(kind, Struct):
        return None
    if issubclass(kind, ComparedBy):
        return kind.compared
    names = kind.__struct_fields__
    if len(names) > 1:
        return attrgetter(*names)
    return lambda value: tuple(getattr(value, name) for name in names)
