"""One analysis of a project, and one run of a function in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar

from msgspec import Struct, field

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
from flake8_async_fastapi.engine.walks import MAY_HOLD_COROUTINE, held_coroutines
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Call, Expr, FunctionDef, Lambda
from flake8_async_fastapi.facts.walk import names_in, nodes_in
from flake8_async_fastapi.knowledge.settings import Settings

if TYPE_CHECKING:
    from flake8_async_fastapi.engine.hooks import Hooks


class Language(Protocol):
    """A language other than Python that is lowered to the same tree, with the differences in meaning."""

    def call(self, frame: Frame, state: State, node: Call) -> Value | None:
        """The result of a call that has a meaning of its own; None for other calls."""

    def call_function(self, frame: Frame, function: Function, arguments: Arguments) -> Value | None:
        """The result of calling a function written in this language; None for a Python function."""

    def look_up(self, frame: Frame, name: str) -> Value:
        """The value of a name that is not a variable."""

    def item_by_attribute(self, owner: Value, name: str) -> Value | None:
        """The value of ``owner.name`` if that reads an item; None otherwise."""

    def may_pass_test(self, frame: Frame, state: State, node: Call, outcome: bool) -> bool:
        """Whether a test may have this outcome."""


N = TypeVar("N")
Test: TypeAlias = tuple[int, int, type[Expr], str]
"""The place of a test with the type of its code, and how it tests."""


class Context(Queries, kw_only=True):
    """One analysis of a project: its questions, and the events so far.

    ``hooks`` are those of all domains together. ``wanted`` lists the attributes that led the run of a
    function to objects that its caller did not pass.
    """

    hooks: Hooks
    events: list[Event] = field(default_factory=list)
    trace: bool = False
    wanted: set[str] = field(default_factory=set)
    settings: Settings = field(default_factory=Settings)

    def run(self, work: Callable[[], None]) -> None:
        """Run the code of one function under check, with its own budget.

        If the calls get too deep, the deepest are computed first, and the run starts again. The events of
        an interrupted run are dropped.
        """
        before = len(self.events)

        def drop_events() -> None:
            del self.events[before:]

        self.run_with_budget(work, drop_events)


class Frame(Struct):
    """One run of a function, a class body or a module body.

    ``emit`` is true for the code under check, and false for callees that run only to find out their
    results. The coroutines that the run has to see awaited (``owed``) end up ``discharged`` (awaited, or
    passed on), ``returned`` to the caller, or in ``reported_misuses``. ``tests`` are the places where they
    were tested, ``open_tests`` the places where another value was tested as well. ``assigned_by_nested``
    are the variables that nested functions assign. ``state`` is the current path, ``exception_states`` are
    the paths on which an exception reaches the handlers of the innermost ``try``, ``raised`` those on which
    a ``raise`` leaves the function; ``handled`` is the exception that the current handler caught, with its
    name. ``mutated_attribute`` is the place of an attribute whose value is about to change. ``role`` is the
    purpose for which a framework calls the function, in the words of the domain that knows the framework; it
    is empty if none does. ``language`` is the language of the code, if it is not Python. ``type_arguments``
    are the values of the function's type variables in a call. ``branches`` are the sides of the conditions
    around the current code, ``enclosing_loops`` the loops and comprehensions, and ``iteration`` counts their
    passes.
    ``ends`` are the paths that reach the end of the code under check without a ``return``.
    ``scope`` identifies the variables of the run: other frames that evaluate parts of it share them.
    ``rejects``: the current condition belongs to an ``if`` that raises. ``acts_anyway``: a call in the
    current statement takes effect even if it raises. ``never_raises``: a call in it cannot fail.
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
    tests: dict[Place, list[Test]] = field(default_factory=dict)
    open_tests: set[Test] = field(default_factory=set)
    awaited_calls: set[Position] = field(default_factory=set)
    in_offloaded_argument: int = 0
    runs_elsewhere: int = 0
    globals: set[str] = field(default_factory=set)
    set_globals: dict[str, list[Value]] = field(default_factory=dict)
    loops: list[tuple[list[State], list[State]]] = field(default_factory=list)
    exits: list[State] = field(default_factory=list)
    exception_states: list[State] | None = None
    raised: list[State] = field(default_factory=list)
    handled: tuple[str | None, Any] = (None, None)
    assigned_anywhere: State = field(default_factory=State)
    nested_functions: dict[Place, Function] = field(default_factory=dict)
    nested_classes: dict[tuple[str, int], ClassValue] = field(default_factory=dict)
    assigned_by_nested: set[str] = field(default_factory=set)
    state: State = field(default_factory=State)
    mutated_attribute: Expr | None = None
    return_places: list[Position] = field(default_factory=list)
    ends: list[State] = field(default_factory=list)
    current_call: Call | None = None
    dropped_call: Call | None = None
    language: Language | None = None
    type_arguments: tuple[tuple[str, Value], ...] = ()
    node: FunctionDef | Lambda | None = None
    branches: list[tuple[int, int, str]] = field(default_factory=list)
    enclosing_loops: list[tree.For | tree.While | tree.Comp] = field(default_factory=list)
    iteration: int = 0
    rejects: bool = False
    acts_anyway: bool = False
    never_raises: bool = False
    scope: object = field(default_factory=object)
    notes: dict[type[Any], Any] = field(default_factory=dict)

    def notes_of(self, kind: type[N]) -> N:
        """The notes that a domain keeps of this run, in a type of its own; created without arguments at
        first.
        """
        found = self.notes.get(kind)
        if found is None:
            found = self.notes[kind] = kind()
        notes: N = found  # `cast` is a call
        return notes

    def note_awaited(self, node: Expr) -> None:
        """Record that a call is awaited, or used with ``async with`` or ``async for``: its author knows that
        it is async.
        """
        if isinstance(node, Call):
            self.awaited_calls.add(Position(node.line, node.col))

    def emit_event(self, event: Event, unless: str = "") -> None:
        """Emit an event of the code under check; it is not certain if ``unless`` is not empty."""
        if self.emit and unless:
            event = Doubtful(event.path, event.line, event.col, event.function, event, unless)
        if self.emit:
            self.ctx.events.append(event)

    def leave_by_exception(self, state: State) -> None:
        """Take a path to the handlers around the current code, or out of the function."""
        (self.raised if self.exception_states is None else self.exception_states).append(state)

    def names_after(self, statement: tree.Stmt) -> frozenset[str] | None:
        """The variables that the function mentions after a statement, or in the loops around it; None if no
        function is run. Its parameters and what nested functions mention count, too.
        """
        node = self.node
        if not isinstance(node, FunctionDef):
            return None
        loops, derive = self.enclosing_loops, self.ctx.derive
        after = loops[0].line - 1 if loops else derive(("end of", self.path, statement.line, statement.col),
                                                       lambda: _last_line(statement))  # fmt: skip
        key = ("names after", self.path, node.line, node.col, after)
        return derive(key, lambda: frozenset(_names_after(node, after))) | self.globals

    def place_of(self, node: Expr) -> Place:
        """The place of an expression."""
        return Place(self.path, node.line, node.col)

    def at(self, node: Expr) -> tuple[str, int, int, str]:
        """The place of an expression, as the first arguments of an event."""
        return self.path, node.line, node.col, self.qualname

    def owe(self, coroutine: Coroutine) -> Coroutine:
        """Register a coroutine that this frame must see awaited."""
        self.owed.setdefault(coroutine.origin, coroutine)
        return coroutine

    def discharge(self, value: Value) -> None:
        """Record that the coroutines in a value are awaited, or passed on to other code."""
        if type(value) in MAY_HOLD_COROUTINE:
            self.discharged.update([coroutine.origin for coroutine in held_coroutines(value)])

    def each(self, options: Sequence[Value], apply: Callable[[Value], Value]) -> list[Value]:
        """The results of an operation for each alternative of a value, each on a separate path.

        Afterwards, the current path contains only what all of them agree on. If they are of several
        classes, only effects that all of them have count as having happened.
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
        """Like ``each`` for objects of several classes; other values share the current path."""
        if are_of_several_classes(options):
            return self.each(options, apply)
        return [apply(option) for option in options]

    def join_or_discharge(self, values: list[Value]) -> Value:
        """One value for several; coroutines in values that have to be merged are discharged."""
        result = union(values)
        if isinstance(result, Unknown):
            for value in values:
                self.discharge(value)
        return result

    def discharge_items(self, value: Value) -> None:
        """Like ``discharge``, but only for the items of a container: a coroutine itself was misused."""
        if isinstance(value, Collection):
            self.discharge(value)


def _last_line(code: object) -> int:
    """The last line at which a part of some code begins."""
    return max(line for one in nodes_in(code) if isinstance(line := getattr(one, "line", None), int))


def _names_after(function: FunctionDef, line: int) -> Iterator[str]:
    """The names that a function mentions after a line, and those that it may mention at any time."""
    yield from (param.name for param in function.params)
    for node in nodes_in(function.body):
        if isinstance(node, tree.Name) and node.line > line:
            yield node.id
        elif isinstance(node, (FunctionDef, Lambda)):
            yield from names_in(node.body)


def class_frame(ctx: Context, cls: ClassValue) -> Frame:
    """A frame for the body of a class."""
    return Frame(ctx, cls.path, cls.node.qualname, owner=cls, closure=cls.closure)
