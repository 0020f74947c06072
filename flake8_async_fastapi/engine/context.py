"""The state that runs along: of one analysis, of one function, of one path through it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, Protocol, TypeAlias, TypeVar, cast

from flake8_async_fastapi.engine.events import Event
from flake8_async_fastapi.engine.queries import Queries
from flake8_async_fastapi.engine.values import (
    UNKNOWN,
    Arguments,
    ClassValue,
    Closure,
    Collection,
    Const,
    Coroutine,
    Function,
    Generator,
    Instance,
    Library,
    Manager,
    Member,
    Object,
    Options,
    Origin,
    Payload,
    Plain,
    Text,
    TextPrefix,
    Unknown,
    Value,
    held,
    is_none,
    may_hold,
    union,
)
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Call, Expr, FunctionDef, Lambda, Param
from flake8_async_fastapi.knowledge import is_subtype, with_bases
from flake8_async_fastapi.knowledge.settings import Settings

MOST_STATES: Final = 6
"""Paths kept apart in a function; beyond it they are joined to ``maybe``."""

T = TypeVar("T")


class Part(Protocol):
    """What a domain keeps of one path; made without arguments, it knows nothing.

    Commutative, associative and idempotent: ``join`` claims only what all of several paths agree on.
    """

    def fork(self: P) -> P:
        """The part for another path that goes on from here; itself, if it is frozen."""

    def unify(self: P, other: P, states: tuple[State, State]) -> P | None:
        """The part of one path in the place of two that agree in all else, the ``states``.

        None where the two have to be kept apart.
        """

    def join(self: P, others: list[P]) -> P:
        """One part for several paths."""

    def forget(self: P, path: str) -> P:
        """The part after a variable, or an attribute of one, was assigned anew."""


P = TypeVar("P", bound=Part)
N = TypeVar("N")


@dataclass(slots=True)
class State:
    """One path through a function.

    ``env`` are its variables, ``attributes`` those attributes of variables that
    were assigned on this path (by their text, as ``self.session``), ``known``
    the conditions the path was reached under, ``parts`` what domains keep of the
    path, by the type that they keep it in.
    """

    env: dict[str, Value] = field(default_factory=dict)
    attributes: dict[str, Value] = field(default_factory=dict)
    known: dict[str, bool] = field(default_factory=dict)
    parts: dict[type[Any], Any] = field(default_factory=dict)

    def fork(self) -> State:
        env, attributes, known = dict(self.env), dict(self.attributes), dict(self.known)
        parts = {kind: part.fork() for kind, part in self.parts.items()} if self.parts else {}
        return State(env, attributes, known, parts)

    def part(self, kind: type[P]) -> P:
        """What a domain keeps of this path in a type of its own."""
        found = self.parts.get(kind)
        if found is None:
            found = self.parts[kind] = kind()
        return cast(P, found)

    def put(self, part: Part) -> None:
        """Put another part in the place of one of the same type."""
        self.parts[type(part)] = part

    def values(self) -> Iterator[Value]:
        """The values of all variables and assigned attributes."""
        yield from self.env.values()
        yield from self.attributes.values()

    def get(self, path: str) -> Value | None:
        """The value of a variable, or of an attribute that was assigned; None if there is none."""
        return self.attributes.get(path) if "." in path else self.env.get(path)

    def bind(self, path: str, value: Value) -> None:
        """Assign a variable or an attribute; what was known of it is no longer."""
        for known in (self.known, self.attributes):
            for text in [text for text in known if _mentions(text, path)]:
                del known[text]
        for kind, part in self.parts.items():
            self.parts[kind] = part.forget(path)
        (self.attributes if "." in path else self.env)[path] = value

    def narrow(self, path: str, value: Value) -> None:
        """Put a more exact value in the place of the same value."""
        (self.attributes if "." in path else self.env)[path] = value

    def forget_attributes(self) -> None:
        """After a call: what it may have assigned anew.  Types seldom change, None does."""
        for path in [path for path, value in self.attributes.items() if isinstance(value, (Const, Plain))]:
            del self.attributes[path]


def _mentions(condition: str, name: str) -> bool:
    return condition == name or condition.startswith((f"{name}.", f"{name} "))


def merge(states: list[State], frame: Frame | None = None) -> list[State]:
    """States without repetition, and at most ``MOST_STATES`` of them.

    The coroutines that ``frame`` loses sight of in a join count as settled.
    """
    if len(states) < 2:
        return states
    kept: list[State] = []
    for state in states:
        for other in kept:
            if (
                other.env == state.env
                and other.attributes == state.attributes
                and (parts := _unify_parts(other, state)) is not None
            ):
                other.known = {c: v for c, v in other.known.items() if state.known.get(c) is v}
                other.parts = parts
                break
        else:
            kept.append(state)
    if len(kept) <= MOST_STATES:
        return kept
    if frame is not None and frame.created:
        for state in kept:
            for value in (*state.env.values(), *state.attributes.values()):
                frame.settle(value)
    return [join(kept)]


def _unify_parts(one: State, other: State) -> dict[type[Any], Any] | None:
    """The parts of two paths that become one, or None if they have to be kept apart."""
    unified: dict[type[Any], Any] = {}
    for kind in dict.fromkeys((*one.parts, *other.parts)):
        part = one.part(kind).unify(other.part(kind), (one, other))
        if part is None:
            return None
        unified[kind] = part
    return unified


def _join_parts(states: list[State]) -> dict[type[Any], Any]:
    """The parts of several paths; a part that one of them lacks knows nothing there."""
    kinds = dict.fromkeys(kind for state in states for kind in state.parts)
    return {kind: states[0].part(kind).join([state.part(kind) for state in states[1:]]) for kind in kinds}


def join(states: list[State]) -> State:
    """One state that claims only what all states agree on."""
    known = [set(state.known.items()) for state in states]
    return State(
        _agreed([state.env for state in states]),
        _agreed([state.attributes for state in states]),
        dict(set.intersection(*known)),
        _join_parts(states),
    )


def _agreed(envs: list[dict[str, Value]]) -> dict[str, Value]:
    names = dict.fromkeys(name for env in envs for name in env)
    return {name: _one_of([env.get(name, UNKNOWN) for env in envs]) for name in names}


def _one_of(values: list[Value]) -> Value:
    """What several paths agree on; of containers and objects, that it is one of them."""
    first, *others = values
    if all(other == first for other in others):
        return first
    told_apart = all(isinstance(value, (Collection, Instance, Options)) or is_none(value) for value in values)
    return union(values) if told_apart and not any(any(held(value)) for value in values) else UNKNOWN


@dataclass(frozen=True, slots=True)
class Summary:
    """What a call of a function does: what it returns and yields, and to its receiver.

    ``parts`` are what it does in the eyes of domains, each of a type of its own.
    """

    returns: Value = UNKNOWN
    yields: Value = UNKNOWN
    receiver: Value | None = None
    parts: tuple[Hashable, ...] = ()


Footprint: TypeAlias = tuple[tuple[type[Any], Hashable], ...]
"""What is known of some objects, by the type of the part of the state that knows it."""


class Ends(NamedTuple):
    """How a run of a function ends: what it gives, each with the path there.

    For a generator, ``paths`` are those to its ``yield``s, and ``after`` those to its end.
    """

    values: list[Value]
    paths: list[State]
    after: list[State]


class Application(NamedTuple):
    """A call whose effects are applied: by whom and where, of what, and with whose names for objects."""

    frame: Frame
    function: Function
    place: Origin
    renaming: Any


@dataclass(frozen=True, slots=True)
class EffectHooks:
    """How a domain says, in values of a type of its own, what calls do: the ``parts`` of a ``Summary``.

    ``summarise`` makes them of a run.  ``call`` applies one on the path of a caller, and gives what is
    left for later, in types that have hooks too: ``enter`` and ``leave`` apply that where a context
    manager is entered and left, ``iterate`` where a generator is run over.
    """

    summarise: Callable[[Frame, Ends], Iterable[Hashable]] | None = None
    call: Callable[[Application, Any], Iterable[Hashable]] | None = None
    enter: Callable[[Frame, Manager, Any, Origin], None] | None = None
    leave: Callable[[Frame, Manager, Any, Origin], None] | None = None
    iterate: Callable[[Frame, Generator, Any, Origin], None] | None = None


@dataclass(frozen=True, slots=True)
class PartHooks:
    """How a domain's part of the state goes along into a callee.

    ``footprint`` gives what is known of the objects that values lead to.  It adds them to the
    ``Names`` that they have in the callee, if there is one, and uses these.  It is a piece of the
    key of the callee's summary.  ``begin`` puts it on a path.  ``tracks`` says whether the part
    knows of any object.
    """

    footprint: Callable[[State, Any, Sequence[Value]], Hashable]
    begin: Callable[[State, Any], None]
    tracks: Callable[[Any], bool]


class CallSite(NamedTuple):
    """A call under way, as models and observers see it: ``label`` is its text, ``place`` where it is."""

    frame: Frame
    callee: Value
    arguments: Arguments
    label: str
    place: Origin


class Language(Protocol):
    """A language other than Python that was lowered to the same tree: what it means otherwise."""

    def call(self, frame: Frame, state: State, node: Call) -> Value | None:
        """A call that has a meaning of its own; None for the others."""

    def call_function(self, frame: Frame, function: Function, arguments: Arguments) -> Value | None:
        """A call of a function of this language; None for one of Python."""

    def look_up(self, frame: Frame, name: str) -> Value:
        """A name that is no variable."""

    def member(self, owner: Value, name: str) -> Value | None:
        """``owner.name`` where that means an item; None where it does not."""

    def may_hold(self, frame: Frame, state: State, node: Call, outcome: bool) -> bool:
        """Whether a test may come out as said."""


BlockItems: TypeAlias = Sequence[tuple[tree.WithItem, Value]]
"""The items of a ``with``, each with the value that is entered."""


class Access(NamedTuple):
    """An attribute that is read or assigned on the path of a frame: ``label`` is its text.

    ``is_mutated`` says that its value is read to be changed in place.
    """

    frame: Frame
    owner: Instance | Object
    name: str
    place: Origin
    label: str = ""
    is_mutated: bool = False


class AttributeObserver(Protocol):
    """Told by a condition about ``owner.name`` on a path."""

    def __call__(
        self, frame: Frame, state: State, owner: Value, name: str, *, is_empty: bool, is_kind: bool
    ) -> None: ...


class Operation(NamedTuple):
    """A binary operator or a comparison: ``written`` is its right side as it is written."""

    state: State
    operator: str
    left: Value
    right: Value
    written: Expr


CallModel: TypeAlias = Callable[[CallSite], "Value | None"]
"""What a call gives; None where the model has nothing to say, and the next one or the table decides."""
ParameterModel: TypeAlias = Callable[["Frame", Object, "Expr | None"], Value]
"""What is passed for a parameter, given the object that says so and the annotation of the parameter."""
ItemModel: TypeAlias = Callable[["Frame", Object, "Origin | None"], "Value | None"]
"""One element of an object, at a place, if it is gone through there; None where the table decides."""
MemberModel: TypeAlias = Callable[["Context", Object, str], "Value | None"]
"""What an attribute of an object is; None where the model has nothing to say."""


@dataclass(frozen=True, slots=True)
class Models:
    """Who gives values, by name.

    ``calls``: by the canonical name of a library's function or type, or its package and ``.*``.
    ``resources``: the types whose objects are told apart by where they were made, as sessions are,
    and what is attached to one inside of a callee.
    ``attached``: a method, by the type of what is attached to the object; ``methods``: by the
    library type and its name, or ``*``; of a coroutine function, what awaiting the call gives.
    ``objects``: an object that is called, by its library type.
    ``members``: an attribute of an object, by the type of what is attached to it; ``inherited``: an
    attribute that a class of the project, or its instance, has from a library's base class.
    ``parameters``: what a framework passes for a parameter, by the type of what is attached to its
    default or to a part of its ``Annotated``.
    ``constructors``: what calling a class of the project gives.  ``reads``: an attribute whose
    value hangs on the path, by the type of what is attached, or ``Instance`` for a tracked object.
    ``writes``: an attribute of a tracked object is assigned; whether its value is kept there.
    ``items``: one element of an object, at a place where it is gone through; ``entries``: what
    entering it gives; both by the type of what is attached.  ``operators``: what an operator gives,
    by the library type of one of its sides.
    ``properties``: an attribute of an object, by the library type and its name.
    ``undeclared``: whether something else is passed for a parameter, by its place, than its annotation says;
    ``guesses``: what a parameter may be of which nothing is said.
    ``offloads``: whether a call goes through its lazy arguments in another thread.
    ``descriptions``: what is known of a value on a path, in words.
    ``literals``: a text as a value of its own, if it matters which text it is.
    ``texts``: the texts that a value can be.
    ``conditions``: whether a condition comes out true, given how to evaluate its parts.
    """

    calls: Mapping[str, CallModel] = field(default_factory=dict)
    resources: Mapping[str, Callable[[Context, Object], Payload]] = field(default_factory=dict)
    attached: Mapping[type[Any], CallModel] = field(default_factory=dict)
    methods: Mapping[str, CallModel] = field(default_factory=dict)
    objects: Mapping[str, CallModel] = field(default_factory=dict)
    members: Mapping[type[Any], MemberModel] = field(default_factory=dict)
    constructors: tuple[Callable[[Frame, ClassValue, Arguments, Origin], Value | None], ...] = ()
    reads: Mapping[type[Any], Callable[[Access], Value | None]] = field(default_factory=dict)
    writes: tuple[Callable[[Access, Value], bool], ...] = ()
    items: Mapping[type[Any], ItemModel] = field(default_factory=dict)
    entries: Mapping[type[Any], Callable[[Object], Value | None]] = field(default_factory=dict)
    operators: Mapping[str, Callable[[Operation], Value | None]] = field(default_factory=dict)
    properties: Mapping[str, MemberModel] = field(default_factory=dict)
    undeclared: tuple[Callable[[Context, Function, int], bool], ...] = ()
    guesses: tuple[Callable[[Context, Function, Param], Value], ...] = ()
    offloads: tuple[Callable[[Context, Value], bool], ...] = ()
    descriptions: tuple[Callable[[Frame, Value], Iterable[str]], ...] = ()
    inherited: tuple[Callable[[Context, ClassValue | Instance, str], Value | None], ...] = ()
    parameters: Mapping[type[Any], ParameterModel] = field(default_factory=dict)
    texts: tuple[Callable[[Context, Value], Iterable[str]], ...] = ()
    literals: tuple[Callable[[Context, str], Text | None], ...] = ()
    conditions: tuple[Callable[[Expr, Callable[[Expr], Value]], bool | None], ...] = ()

    def call(self, dotted: str) -> CallModel | None:
        """The model of a library's function."""
        found, package = self.calls.get(dotted), dotted
        while found is None and package:
            package = package.rpartition(".")[0]
            found = self.calls.get(f"{package}.*")
        return found

    def method(self, type_name: str, name: str) -> CallModel | None:
        """The model of a method of a library's type, its own or that of a type it is derived from."""
        for base in with_bases(type_name):
            found = self.methods.get(f"{base}.{name}") or self.methods.get(f"{base}.*")
            if found is not None:
                return found
        return None

    def parameter(self, marker: Value) -> ParameterModel | None:
        """The model of parameters that have a value as their default, or in their ``Annotated``."""
        return self.parameters.get(type(marker.detail)) if isinstance(marker, Object) else None

    def passed(self, frame: Frame, marker: Value, annotation: Expr | None) -> Value | None:
        """What a framework passes for a parameter that has a marker; None where nothing is known of it."""
        model = self.parameter(marker)
        if model is None or not isinstance(marker, Object):
            return None
        found = model(frame, marker, annotation)
        return None if isinstance(found, Unknown) else found

    def inherit(self, ctx: Context, owner: ClassValue | Instance, name: str) -> Value | None:
        """What a class of the project, or its instance, has under a name from a library's base class."""
        for model in self.inherited:
            found = model(ctx, owner, name)
            if found is not None:
                return found
        return None

    def construct(self, frame: Frame, cls: ClassValue, arguments: Arguments, place: Origin) -> Value | None:
        """What calling a class of the project gives, if a library makes its instances."""
        for model in self.constructors:
            found = model(frame, cls, arguments, place)
            if found is not None:
                return found
        return None

    def operate(self, operation: Operation) -> Value | None:
        """What an operator gives that a library defines."""
        for side in (operation.left, operation.right):
            model = self.operators.get(side.type) if isinstance(side, Object) else None
            found = model(operation) if model is not None else None
            if found is not None:
                return found
        return None

    def guess(self, ctx: Context, function: Function, param: Param) -> Value:
        """What a parameter may be of which nothing is said."""
        for model in self.guesses:
            found = model(ctx, function, param)
            if not isinstance(found, Unknown):
                return found
        return UNKNOWN

    def resource(self, name: str) -> Callable[[Context, Object], Payload] | None:
        """The model of the resources of a type, or of one that it is derived from."""
        for base, model in self.resources.items():
            if is_subtype(name, base):
                return model
        return None

    def text(self, ctx: Context, written: str) -> Const:
        """The value of a text."""
        for model in self.literals:
            found = model(ctx, written)
            if found is not None:
                return found
        return Const(written)

    def texts_of(self, ctx: Context, value: Value) -> Iterator[str]:
        """The texts that a value can be, as far as domains know them."""
        for model in self.texts:
            yield from model(ctx, value)

    def join_texts(self, ctx: Context, parts: Iterable[Value]) -> Value:
        """The text that begins with some parts, if that is enough for it to matter."""
        known = ""
        for part in parts:
            if not isinstance(part, Const) or not isinstance(part.value, str):
                break
            known += part.value
        whole = self.text(ctx, known) if known else None
        return whole if isinstance(whole, TextPrefix) else Plain("str")

    def holds(self, test: Expr, evaluate: Callable[[Expr], Value]) -> bool | None:
        """Whether a condition is known to come out true, or false."""
        for model in self.conditions:
            found = model(test, evaluate)
            if found is not None:
                return found
        return None


@dataclass(frozen=True, slots=True)
class Observers:
    """Who is told what happens; observers give nothing.

    ``called``: a call as it is written is done; ``decorated``: a function, by a value, at an expression.
    ``assigned``: a statement assigns a value; ``dropped``: the value of a statement is dropped;
    ``awaits``: an ``await`` is about to be evaluated on the frame's path; ``awaited``: a value is about
    to be awaited; ``entered``: so is a value by an item of a ``with``.
    ``left``: a value that was entered is left, at a place; ``broken_off``: it is left by an exception,
    given the paths as they were at the begin of the block.
    ``lap_begins``: a loop takes an item; ``loop_ends``: a loop over items is over, given the paths
    before it and those that come out of it.
    ``block_begins``, ``block_ends``: the block of a ``with``, given its items with their values; at
    the end also the paths that reach it.
    ``try_begins``, ``handlers_begin``, ``caught``, ``try_ends``: a ``try``; a handler is entered by
    the frame's path, given what it catches (None for everything).
    ``function_begins``: the code under check of a function is about to be run, given the frame that
    defined it; ``function_returns``: it returned a value, on the frame's path, at a place;
    ``function_ends``: it was run to its end.
    ``call_ends``: a call was made of one value, with a result; ``applies``: a value is about to be
    called, in whatever way.
    ``function_called``: so was a plain function of the project, with these pieces of its summary;
    ``coroutine_called``: a coroutine function; ``coroutine_made``: a library's method gave a coroutine.
    ``callback_ran``: a call ran a function that it was given, in a frame of its own, on the same thread.
    ``branch_begins``, ``branch_ends``: a branch of an ``if`` is run, where its condition came out as said.
    ``item_begins``: an item of a ``with`` is about to be evaluated; ``enters``: a value is entered, as
    written, ``iterates``: a loop runs over a value, both with whether it does so asynchronously.
    ``instance_read``: an attribute of an instance is read, at a place.
    ``consumed``: a value whose items are gone through, at a place.
    ``attribute_tested``: a condition on an attribute of a value held: that it is empty (false or None), or
    a comparison, which asks of what kind the value is; ``name_sought``: so did a condition that looks
    for a text in something; ``emptied``: a value turned out to count as false.
    ``shown``: text is made of a value, at a place.
    ``escaped``: values are given to a callee that is unknown, or of a library; ``havoc``: values are
    given to code that is not followed, so that anything may happen to them.
    ``constructs``: a class of the project is about to be called, at a place.
    ``receiver_changed``: the receiver of a call has other attributes than before.
    """

    assigned: tuple[Callable[[Frame, tree.Assign, Value], None], ...] = ()
    dropped: tuple[Callable[[Frame, Value, Expr], None], ...] = ()
    awaited: tuple[Callable[[Frame, Value, tree.Await], None], ...] = ()
    awaits: tuple[Callable[[Frame, tree.Await], None], ...] = ()
    entered: tuple[Callable[[Frame, tree.WithItem, Value], None], ...] = ()
    left: tuple[Callable[[Frame, Value, Origin], None], ...] = ()
    broken_off: tuple[Callable[[Frame, Value, Origin, list[State]], None], ...] = ()
    lap_begins: tuple[Callable[[Frame, Value], None], ...] = ()
    loop_ends: tuple[Callable[[Value, list[State], list[State]], None], ...] = ()
    block_begins: tuple[Callable[[Frame, BlockItems], None], ...] = ()
    block_ends: tuple[Callable[[Frame, BlockItems, list[State]], None], ...] = ()
    try_begins: tuple[Callable[[Frame], None], ...] = ()
    handlers_begin: tuple[Callable[[Frame], None], ...] = ()
    caught: tuple[Callable[[Frame, Value | None], None], ...] = ()
    try_ends: tuple[Callable[[Frame], None], ...] = ()
    function_begins: tuple[Callable[[Frame, Function, Frame], None], ...] = ()
    function_returns: tuple[Callable[[Frame, Value, tuple[int, int]], None], ...] = ()
    function_ends: tuple[Callable[[Frame], None], ...] = ()
    call_ends: tuple[Callable[[Frame, Value, Arguments, Call, Value], None], ...] = ()
    applies: tuple[Callable[[CallSite], None], ...] = ()
    function_called: tuple[Callable[[Frame, Function, tuple[Hashable, ...], Origin], None], ...] = ()
    coroutine_called: tuple[Callable[[Frame, Function, Arguments, Origin], None], ...] = ()
    coroutine_made: tuple[Callable[[Frame, Coroutine], None], ...] = ()
    callback_ran: tuple[Callable[[Frame, Frame, Call], None], ...] = ()
    branch_begins: tuple[Callable[[Frame, tree.If, bool], None], ...] = ()
    branch_ends: tuple[Callable[[Frame, tree.If, bool], None], ...] = ()
    item_begins: tuple[Callable[[Frame, tree.With, tree.WithItem], None], ...] = ()
    enters: tuple[Callable[[Frame, Value, Expr, bool], None], ...] = ()
    iterates: tuple[Callable[[Frame, Value, Expr, bool], None], ...] = ()
    instance_read: tuple[Callable[[Frame, Instance, str, Origin], None], ...] = ()
    consumed: tuple[Callable[[Frame, Value, Origin], None], ...] = ()
    shown: tuple[Callable[[Frame, Value, Origin], None], ...] = ()
    attribute_tested: tuple[AttributeObserver, ...] = ()
    name_sought: tuple[Callable[[State, str], None], ...] = ()
    emptied: tuple[Callable[[State, Value], None], ...] = ()
    escaped: tuple[Callable[[Frame, Unknown | Library | Member, Sequence[Value]], None], ...] = ()
    havoc: tuple[Callable[[Frame, Sequence[Value]], None], ...] = ()
    constructs: tuple[Callable[[Frame, ClassValue, Arguments, Origin], None], ...] = ()
    called: tuple[Callable[[Frame, Value, Arguments, Call, Value], None], ...] = ()
    receiver_changed: tuple[Callable[[Frame, Value | None, Value | None], None], ...] = ()

    decorated: tuple[Callable[[Frame, Value, Function, Expr], None], ...] = ()

    def show(self, frame: Frame, value: Value, place: Origin) -> None:
        """Text is made of a value."""
        for observe in self.shown:
            observe(frame, value, place)

    def cause_havoc(self, frame: Frame, values: Sequence[Value]) -> None:
        """Values are given to code that is not followed."""
        for observe in self.havoc:
            observe(frame, values)

    def consume(self, frame: Frame, value: Value, place: Origin) -> None:
        """The items of a value are gone through."""
        for observe in self.consumed:
            observe(frame, value, place)


@dataclass(frozen=True, slots=True)
class Hooks:
    """What the engine asks of all domains together."""

    models: Models = field(default_factory=Models)
    observers: Observers = field(default_factory=Observers)
    effects: Mapping[type[Any], EffectHooks] = field(default_factory=dict)
    parts: Mapping[type[Any], PartHooks] = field(default_factory=dict)

    def footprint(self, state: State, names: Any, values: Sequence[Value]) -> Footprint:
        """What is known on a path of what values lead to, by the type of the part that knows it."""
        found = []
        for kind, hooks in self.parts.items():
            if kind in state.parts and (known := hooks.footprint(state, names, values)):
                found.append((kind, known))
        return tuple(found)

    def tracks(self, state: State) -> bool:
        """Whether a path knows of any object whose state is tracked."""
        if state.parts:
            for kind, hooks in self.parts.items():
                if kind in state.parts and hooks.tracks(state.parts[kind]):
                    return True
        return False

    def join_into(self, state: State, paths: list[State]) -> None:
        """Put on a path what the paths through parts of an expression did to objects."""
        for kind in self.parts if paths else ():
            first, *others = [path.part(kind) for path in paths]
            if any(part != state.part(kind) for part in (first, *others)):
                state.put(first.join(others))

    def begin(self, state: State, footprint: Footprint) -> None:
        """Put on a path what was known on another."""
        for kind, known in footprint:
            self.parts[kind].begin(state, known)

    def summarise(self, frame: Frame, ends: Ends) -> tuple[Hashable, ...]:
        """What a run does in the eyes of all domains."""
        found: list[Hashable] = []
        for hooks in self.effects.values():
            if hooks.summarise is not None:
                found += hooks.summarise(frame, ends)
        return tuple(found)

    def call(self, call: Application, effects: Iterable[Hashable]) -> tuple[Hashable, ...]:
        """Apply what a call does, and give what is left for later."""
        left: list[Hashable] = []
        for effect in effects:
            if (apply := self.effects[type(effect)].call) is not None:
                left += apply(call, effect)
        return tuple(left)

    def leave(self, frame: Frame, manager: Manager, place: Origin) -> None:
        """Apply what leaving a context manager does."""
        for effect in manager.parts:
            if (apply := self.effects[type(effect)].leave) is not None:
                apply(frame, manager, effect, place)


@dataclass
class Context(Queries):
    """One analysis of a project: what it asks, and what happened so far."""

    events: list[Event] = field(default_factory=list)
    trace: bool = False
    settings: Settings = field(default_factory=Settings)
    hooks: Hooks = field(default_factory=Hooks)

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
    only to learn what they return.  The coroutines that the run ``created`` are
    in the end ``settled`` (awaited, or somebody else's), ``given_back`` to the
    caller, or ``misused``.  ``tested`` are the places where they were tested,
    ``open_tests`` the places where something else was tested too.  ``shared``
    are the variables that nested functions assign.  ``state`` is the path that is under way,
    ``raised`` the paths that an exception takes to the handlers of the innermost ``try``,
    ``mutated`` the place of an attribute whose value is about to be changed.  ``role`` says for
    what a framework calls the function, in the words of the domain that knows the framework; it is
    empty for a function that no framework calls.
    ``language`` is what the code is written in, if not in Python.  ``branches`` are the sides of the
    conditions around the code that runs, ``enclosing_loops`` the loops and comprehensions,
    ``iteration`` counts their passes.
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
    yielded: list[State] = field(default_factory=list)
    created: dict[tuple[str, int, int], Coroutine] = field(default_factory=dict)
    settled: set[tuple[str, int, int]] = field(default_factory=set)
    given_back: set[tuple[str, int, int]] = field(default_factory=set)
    misused: dict[tuple[str, int, int], str] = field(default_factory=dict)
    tested: dict[tuple[str, int, int], list[tuple[int, int, str]]] = field(default_factory=dict)
    open_tests: set[tuple[int, int, str]] = field(default_factory=set)
    awaited_calls: set[tuple[int, int]] = field(default_factory=set)
    lazy_elsewhere: int = 0
    runs_elsewhere: int = 0
    globals: set[str] = field(default_factory=set)
    loops: list[tuple[list[State], list[State]]] = field(default_factory=list)
    left: list[State] = field(default_factory=list)
    raised: list[State] | None = None
    assigned: State = field(default_factory=State)
    inner: dict[tuple[str, int, int], Function] = field(default_factory=dict)
    classes: dict[tuple[str, int], ClassValue] = field(default_factory=dict)
    shared: set[str] = field(default_factory=set)
    state: State = field(default_factory=State)
    mutated: Expr | None = None
    returned_at: list[tuple[int, int]] = field(default_factory=list)
    calling: Call | None = None
    language: Language | None = None
    node: FunctionDef | Lambda | None = None
    branches: list[tuple[int, int, str]] = field(default_factory=list)
    enclosing_loops: list[tree.For | tree.While | tree.Comp] = field(default_factory=list)
    iteration: int = 0
    notes: dict[type[Any], Any] = field(default_factory=dict)

    def note(self, kind: type[N]) -> N:
        """What a domain notes of this run in a type of its own; made without arguments at first."""
        found = self.notes.get(kind)
        if found is None:
            found = self.notes[kind] = kind()
        return cast(N, found)

    def note_awaited(self, node: Expr) -> None:
        """A call is awaited, or used with ``async with`` or ``async for``: the author knows it as async."""
        if isinstance(node, Call):
            self.awaited_calls.add((node.line, node.col))

    def emit_event(self, event: Event) -> None:
        if self.emit:
            self.ctx.events.append(event)

    def at(self, node: Expr) -> tuple[str, int, int, str]:
        """The place of an expression, as events begin with it."""
        return self.path, node.line, node.col, self.qualname

    def make(self, coroutine: Coroutine) -> Coroutine:
        """Register a coroutine that this frame now has to see awaited."""
        self.created.setdefault(coroutine.origin, coroutine)
        return coroutine

    def settle(self, value: Value) -> None:
        """Somebody else has the coroutines of a value now, or they are awaited."""
        if may_hold(value):
            self.settled.update(coroutine.origin for coroutine in held(value))

    def either(self, values: list[Value]) -> Value:
        """One value for several; the coroutines among values that cannot be told apart are settled."""
        result = union(values)
        if isinstance(result, Unknown):
            for value in values:
                self.settle(value)
        return result

    def settle_items(self, value: Value) -> None:
        """As ``settle``, but for what a container holds only: a coroutine itself was misused."""
        if isinstance(value, Collection):
            self.settle(value)
