"""A run's notes of where coroutines, sessions and tasks were created, and from what.

Kept by a ``Frame``, filled by ``tasks`` and ``holders``.
"""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct, field

from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.values import Arguments, Function
from flake8_async_fastapi.facts.tree import Expr

Session: TypeAlias = tuple[str, str]
"""A variable, and the attributes that lead from it to the session."""
Use: TypeAlias = tuple[str, str, str]
"""How a function is given a session: ``parameter``, ``receiver`` or ``closure``, the name, the attributes."""
Branches: TypeAlias = tuple[tuple[int, int, str], ...]


class Creation(Struct, frozen=True):
    """A call that created a coroutine or a generator, as written.

    ``function`` is None for a method of a session. ``enclosing_loops`` are the loops and comprehensions
    around it, ``branches`` the branches of conditions.
    """

    func: Expr
    args: tuple[Expr, ...]
    keywords: tuple[tuple[str, Expr], ...]
    function: Function | None
    arguments: Arguments
    enclosing_loops: tuple[object, ...] = ()
    branches: Branches = ()


class RunningTask(Struct):
    """A task that is running; ``iteration`` distinguishes the passes of a loop.

    ``uploads`` are the parameters with uploaded files that it reads, ``call`` is the call that it runs. One
    that is listed may be awaited by whoever has the list.
    """

    place: Place
    sessions: frozenset[tuple[str, str]]
    branches: Branches
    iteration: int
    text: str
    uploads: frozenset[str] = frozenset()
    call: str = ""
    is_over: bool = False
    is_kept: bool = False
    is_listed: bool = False


class Activity(Struct):
    """The notes of one run.

    ``sources`` is the expression assigned to each variable (None for more than one), ``opened`` are the
    variables that an ``async with`` bound, ``lists`` the coroutines put into lists, ``groups`` the depth of
    loops at which a task group was created, and the tasks that it runs. ``passes_on`` says that an unknown
    function got a session. ``entered`` are the attributes that context managers set when they were
    entered, and ``enters_unknown`` says that there may be more.
    """

    creations: dict[Place, Creation] = field(default_factory=dict)
    sources: dict[str, Expr | None] = field(default_factory=dict)
    opened: set[str] = field(default_factory=set)
    lists: dict[str, dict[Place, None]] = field(default_factory=dict)
    groups: dict[object, tuple[int, dict[Place, Creation]]] = field(default_factory=dict)
    tasks: list[RunningTask] = field(default_factory=list)
    uses: set[tuple[str, str]] | None = None
    entered: set[Session] = field(default_factory=set)
    enters_unknown: bool = False
    takes_turns: bool = False
    passes_on: bool = False
