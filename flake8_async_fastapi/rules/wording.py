"""Words that the rules of several families share."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, Protocol

from flake8_async_fastapi.engine.places import Spot


def way(calls: Sequence[str], end: Spot | None = None) -> str:
    """The calls that lead to a line, in brackets; empty if it is the reported line."""
    return f" ({' -> '.join(calls)}{at(end)})" if calls else ""


def at(line: Spot | None) -> str:
    """The line where something is; empty where it is not known."""
    return "" if line is None else f" at {line}"


class _Written(Protocol):
    """Code that may run in an ``async def`` or not."""

    @property
    def function(self) -> str: ...

    @property
    def in_async(self) -> bool: ...


def can_await(event: _Written, remedy: str) -> str:
    """A remedy that needs an ``async def`` around it, with one where there is none."""
    if event.in_async:
        return remedy
    name = event.function.rpartition(".")[2]
    if may_be_async(name):
        return f"make {name} async def and {remedy}"
    return f"{remedy} in an async def"


def may_be_async(name: str) -> bool:
    """Whether an ``async def`` may have this name: a class, a lambda and most special methods may not."""
    return _MAY_BE_ASYNC.fullmatch(name) is not None


_MAY_BE_ASYNC: Final = re.compile(r"_?[a-z]\w*")
"""Names of functions; Python calls those with two underscores, a class body has the name of its class."""
