"""Observers of calls, and which calls each of them is told of. There are very many calls, and few matter."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from typing import Any, Final, TypeAlias

from msgspec import Struct

from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.values import Arguments, Library, Member, Unknown, Value
from flake8_async_fastapi.facts.tree import Attr, Call

CallObserver: TypeAlias = Callable[[Frame, Value, Arguments, Call, Value], None]
_Kind: TypeAlias = tuple[type[Any], str, bool]

ALL: Final = None
"""In a watch: any method, function, name or type."""


class Watch(Struct, frozen=True):
    """An observer of calls with the callees that matter to it.

    ``methods`` are names of methods of library objects, ``functions`` are full names in libraries,
    ``unknown`` are names of methods of unknown values, and ``others`` are types of all other callees;
    ``ALL`` stands for any. If ``checked`` is true, only calls in the code under check matter, and none in
    callees that run for their results.
    """

    observe: CallObserver
    methods: AbstractSet[str] | None = frozenset()
    functions: AbstractSet[str] | None = frozenset()
    others: tuple[type[Any], ...] | None = ()
    unknown: AbstractSet[str] | None = frozenset()
    checked: bool = False

    def wants(self, kind: type[Any], name: str, is_checked: bool) -> bool:
        """Whether a call of this kind matters, given the name of a method or library function, or ""."""
        if self.checked and not is_checked:
            return False
        if kind is Member:
            return self.methods is ALL or name in self.methods
        if kind is Library:
            return self.functions is ALL or name in self.functions
        if kind is Unknown and (self.unknown is ALL or name in self.unknown):
            return True
        return self.others is ALL or kind in self.others


class Watches(dict[_Kind, tuple[CallObserver, ...]]):
    """The observers of each kind of call, found when such a call is first seen."""

    def __init__(self, watches: Iterable[Watch] = ()) -> None:
        super().__init__()
        self._watches = tuple(watches)

    def of(self, callee: Value, is_checked: bool, node: Call) -> tuple[CallObserver, ...]:
        """The observers of a call of a value, as it is written."""
        if isinstance(callee, Member):
            return self[Member, callee.name, is_checked]
        if isinstance(callee, Library):
            return self[Library, callee.dotted, is_checked]
        if isinstance(callee, Unknown):
            return self[Unknown, node.func.name if isinstance(node.func, Attr) else "", is_checked]
        return self[type(callee), "", is_checked]

    def __missing__(self, key: _Kind) -> tuple[CallObserver, ...]:
        found = tuple(watch.observe for watch in self._watches if watch.wants(*key))
        self[key] = found
        return found
