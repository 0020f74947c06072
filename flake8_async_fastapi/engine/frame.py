"""One analysis of a project, and one run of a function in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from flake8_async_fastapi.engine.agreement import Agreement, are_of_several_classes
from flake8_async_fastapi.engine.events import Doubtful, Event
from flake8_async_fastapi.engine.joins import union
from flake8_async_fastapi.engine.places import Place, Position
from flake8_async_fastapi.engine.queries import Queries
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.values import (
    Arguments,
    ClassValue,
    Closure,
    Collection,
    Coroutine,
    Function,
    Unknown,
    Value,
)
from flake8_async_fastapi.engine.walks import held_coroutines, holds_coroutine
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Call, Expr, FunctionDef, Lambda
from flake8_async_fastapi.knowledge.settings import Settings
from flake8_async_fastapi.records import dataclass

if TYPE_CHECKING:
    from flake8_async_fastapi.engine.hooks import Hooks


class Language(Protocol):
    """A language other than Python that was lowered to the same tree: what it means otherwise."""

    def call(self, frame: Frame, state: State, node: Call) -> Value | None:
        """A call that has a meaning of its own; None for the others."""

    def call_function(self, frame: Frame, function: Function, arguments: Arguments) -> Value | None:
        """A call of a function of this language; None for one of Python."""

    def look_up(self, frame: Frame, name: str) -> Value:
        """A name that is no variable."""

    def item_by_attribute(self, owner: Value, name: str) -> Value | None:
        """``owner.name`` where that means an item; None where it does not."""

    def may_pass_test(self, frame: Frame, state: State, node: Call, outcome: bool) -> bool:
        """Whether a test may come out as said."""


N = TypeVar("N")


@dataclass
class Context(Queries):
    """One analysis of a project: what it asks, and what happened so far.

    ``hooks`` are those of all domains together.  ``wanted`` are the attributes that led the run of a
    function to objects which its caller did not give it.
    """

    hooks: Hooks = field(kw_only=True)
    events: list[Event] = field(default_factory=list)
    trace: bool = False
    wanted: set[str] = field(default_factory=set)
    settings: Settings = field(default_factory=Settings)

    def run(self, work: Callable[[], None]) -> None:
        """Run the code of one function under check, with its own budget.

        Where it leads too deep, what lies there is computed first and the run
        begins anew; the events of a run that was broken off are dropped.
        """
        before = len(self.events)

        def drop_events() -> None:
            del self.events[before:]

        self.run_with_budget(work, drop_events)


@dataclass
class Frame:
    """One run of a function, a class body or a module body.

    ``emit`` is true for the code under check itself, false for callees that run
    only to learn what they return.  The coroutines that the run has to see
    awaited (``owed``) are in the end ``discharged`` (awaited, or somebody else's), ``returned`` to the
    caller, or ``reported_misuses``.  ``tests`` are the places where they were tested,
    ``open_tests`` the places where something else was tested too.  ``assigned_by_nested``
    are the variables that nested functions assign.  ``state`` is the path that is under way,
    ``exception_states`` the paths that an exception takes to the handlers of the innermost ``try``,
    ``mutated_attribute`` the place of an attribute whose value is about to be changed.  ``role`` says for
    what a framework calls the function, in the words of the domain that knows the framework; it is
    empty for a function that no framework calls.
    ``language`` is what the code is written in, if not in Python.  ``type_arguments`` are what the type
    variables of the function are in a call.  ``branches`` are the sides of the
    conditions around the code that runs, ``enclosing_loops`` the loops and comprehensions,
    ``iteration`` counts their passes.  ``scope`` stands for the variables of the run: other frames that
    evaluate parts of it share them.  ``rejects``: the condition under way is that of an ``if`` that raises.
    """

    ctx: Context
    path: str
    qualname: str
    is_async: bool = False
    role: str = ""
    emit: bool = False
    owner: ClassValue | None = None
    receiver: Value | None = None
    receiver_name: str = ""
    closure: Closure | None = None
    returns: list[Value] = field(default_factory=list)
    yields: list[Value] = field(default_factory=list)
    yield_states: list[State] = field(default_factory=list)
    owed: dict[Place, Coroutine] = field(default_factory=dict)
    discharged: set[Place] = field(default_factory=set)
    returned: set[Place] = field(default_factory=set)
    reported_misuses: dict[Place, str] = field(default_factory=dict)
    tests: dict[Place, list[tuple[int, int, str]]] = field(default_factory=dict)
    open_tests: set[tuple[int, int, str]] = field(default_factory=set)
    awaited_calls: set[Position] = field(default_factory=set)
    in_offloaded_argument: int = 0
    runs_elsewhere: int = 0
    globals: set[str] = field(default_factory=set)
    loops: list[tuple[list[State], list[State]]] = field(default_factory=list)
    exits: list[State] = field(default_factory=list)
    exception_states: list[State] | None = None
    assigned_anywhere: State = field(default_factory=State)
    nested_functions: dict[Place, Function] = field(default_factory=dict)
    nested_classes: dict[tuple[str, int], ClassValue] = field(default_factory=dict)
    assigned_by_nested: set[str] = field(default_factory=set)
    state: State = field(default_factory=State)
    mutated_attribute: Expr | None = None
    return_places: list[Position] = field(default_factory=list)
    current_call: Call | None = None
    dropped_call: Call | None = None
    language: Language | None = None
    type_arguments: tuple[tuple[str, Value], ...] = ()
    node: FunctionDef | Lambda | None = None
    branches: list[tuple[int, int, str]] = field(default_factory=list)
    enclosing_loops: list[tree.For | tree.While | tree.Comp] = field(default_factory=list)
    iteration: int = 0
    rejects: bool = False
    scope: object = field(default_factory=object)
    notes: dict[type[Any], Any] = field(default_factory=dict)

    def notes_of(self, kind: type[N]) -> N:
        """What a domain notes of this run in a type of its own; made without arguments at first."""
        found = self.notes.get(kind)
        if found is None:
            found = self.notes[kind] = kind()
        notes: N = found  # `cast` is a call
        return notes

    def note_awaited(self, node: Expr) -> None:
        """A call is awaited, or used with ``async with`` or ``async for``: the author knows it as async."""
        if isinstance(node, Call):
            self.awaited_calls.add(Position(node.line, node.col))

    def emit_event(self, event: Event, unless: str = "") -> None:
        """Say that something happens in code under check; not for certain where ``unless`` has words."""
        if self.emit and unless:
            event = Doubtful(event.path, event.line, event.col, event.function, event, unless)
        if self.emit:
            self.ctx.events.append(event)

    def place_of(self, node: Expr) -> Place:
        """Where an expression is."""
        return Place(self.path, node.line, node.col)

    def at(self, node: Expr) -> tuple[str, int, int, str]:
        """The place of an expression, as events begin with it."""
        return self.path, node.line, node.col, self.qualname

    def owe(self, coroutine: Coroutine) -> Coroutine:
        """Register a coroutine that this frame now has to see awaited."""
        self.owed.setdefault(coroutine.origin, coroutine)
        return coroutine

    def discharge(self, value: Value) -> None:
        """Somebody else has the coroutines of a value now, or they are awaited."""
        if holds_coroutine(value):
            self.discharged.update(coroutine.origin for coroutine in held_coroutines(value))

    def each(self, options: Sequence[Value], apply: Callable[[Value], Value]) -> list[Value]:
        """What something gives for each of the values that one can be, each on a path of its own.

        The path under way knows afterwards what all of them agree on; where they are of several
        classes, only what all of them do has happened.
        """
        if len(options) < 2:
            return list(map(apply, options))
        before = self.state
        paths = [before.fork() for _ in options]
        results = []
        agreement = Agreement(self, self.ctx.events) if are_of_several_classes(options) else None
        for self.state, option in zip(paths, options, strict=True):
            results.append(apply(option))
            if agreement is not None:
                agreement.end_option()
        self.state = before
        if agreement is not None:
            agreement.settle()
        self.ctx.hooks.join_into(before, paths)
        return results

    def each_apart(self, options: Sequence[Value], apply: Callable[[Value], Value]) -> list[Value]:
        """As ``each`` for objects of several classes; for other values on the path under way."""
        if are_of_several_classes(options):
            return self.each(options, apply)
        return [apply(option) for option in options]

    def join_or_discharge(self, values: list[Value]) -> Value:
        """One value for several; the coroutines among values that cannot be told apart are discharged."""
        result = union(values)
        if isinstance(result, Unknown):
            for value in values:
                self.discharge(value)
        return result

    def discharge_items(self, value: Value) -> None:
        """As ``discharge``, but for what a container holds only: a coroutine itself was misused."""
        if isinstance(value, Collection):
            self.discharge(value)


def class_frame(ctx: Context, cls: ClassValue) -> Frame:
    """A frame for the body of a class."""
    return Frame(ctx, cls.path, cls.node.qualname, owner=cls, closure=cls.closure)
