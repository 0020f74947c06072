"""Models: the results of library code, by name or by the payload of an object."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

from msgspec import Struct, field

from flake8_async_fastapi.engine.containers import says_nothing
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.values import (
    TEXT,
    UNKNOWN,
    Arguments,
    ClassValue,
    Collection,
    Const,
    Function,
    Instance,
    ModuleValue,
    Object,
    Payload,
    Text,
    TextPrefix,
    Unknown,
    Value,
)
from flake8_async_fastapi.facts.tree import Assign, Expr, ExprStmt, Param
from flake8_async_fastapi.knowledge import is_subtype, with_bases

GAP: Final = "\0"
"""What stands for the parts of a text that are not known."""


class CallSite(NamedTuple):
    """The current call, for models and observers: ``label`` is its text, ``place`` its place."""

    frame: Frame
    callee: Value
    arguments: Arguments
    label: str
    place: Place


class Access(NamedTuple):
    """An attribute that is read or assigned on the path of a frame: ``label`` is its text.

    ``is_mutated``: its value is read in order to be changed in place.
    """

    frame: Frame
    owner: Instance | Object
    name: str
    place: Place
    label: str = ""
    is_mutated: bool = False


class Operation(NamedTuple):
    """A binary operator or a comparison: ``written`` is its right side as written."""

    state: State
    operator: str
    left: Value
    right: Value
    written: Expr


CallModel: TypeAlias = Callable[[CallSite], "Value | None"]
"""What a call returns; None where the model has nothing to say, and the next one or the table decides."""

ParameterModel: TypeAlias = Callable[["Frame", Object, "Expr | None"], Value]
"""What is passed for a parameter, given the object that says so and the annotation of the parameter."""

ItemModel: TypeAlias = Callable[["Frame", Object, "Place | None"], "Value | None"]
"""One element of an object, at a place, if it is gone through there; None where the table decides."""

AwaitModel: TypeAlias = Callable[["Frame", Object], "Value | None"]
"""What awaiting an object gives; None where the table decides."""

MemberModel: TypeAlias = Callable[["Context", Object, str], "Value | None"]
"""What an attribute of an object is; None where the model has nothing to say."""


class Models(Struct, frozen=True):
    """The models of values, by name.

    ``calls``: by the canonical name of a library's function or type, or its package and ``.*``.
    ``resources``: the types whose objects are identified by where they were created, as sessions are,
    with what is attached to one, in code of a file, inside a callee.
    ``attached``: a method, by the type of what is attached to the object; ``methods``: by the
    library type and its name, or ``*``; for a coroutine function, the result of awaiting the call.
    ``objects``: an object that is called, by its library type.
    ``members``: an attribute of an object, by the type of what is attached to it; ``inherited``: an
    attribute that a class of the project, or its instance, inherits from a library's base class;
    ``demanded``: one that neither an object nor its class has, or a name that a module does not bind.
    ``parameters``: the argument that a framework passes for a parameter, by the type of what is
    attached to its default or to a part of its ``Annotated``.
    ``parents``: what ``super()`` is in a method of a class, by the type of what is attached to the object.
    ``constructors``: the result of calling a class of the project; ``declared``: its instance where only an
    annotation in a file names it.  ``reads``: an attribute whose
    value depends on the path, by the type of what is attached, or ``Instance`` for a tracked object.
    ``writes``: whether the value that is assigned to an attribute of a tracked object is kept there.
    ``items``: one element of an object, at a place where it is iterated over; ``entries``: the result
    of entering it; both by the type of what is attached.  ``awaits``: the result of awaiting an object,
    by its library type.  ``operators``: the result of an operator, by the library type of one operand.
    ``properties``: an attribute of an object, by the library type and its name.
    ``variables``: a variable of a library's module or class, by its canonical name.
    ``descriptors``: the library types whose objects in the body of a class have another value in its
    instances.
    ``undeclared``: whether a parameter, by its place, gets another type than its annotation says;
    ``passed``: the argument that a framework passes for a parameter by its name, given what its
    annotation says; ``guesses``: the possible value of a parameter without a type.
    ``registered``: the values that code puts into an empty container of a module or class.
    ``offloads``: whether a call iterates over its lazy arguments in another thread.
    ``descriptions``: a description of a value on a path.
    ``literals``: a text as a separate value, if its value matters.
    ``texts``: the possible texts of a value.
    ``other_paths``: the paths on which code may also continue after a call that it assigns, or whose
    result it drops.
    ``conditions``: whether a condition comes out true, given how to evaluate its parts.
    """

    calls: Mapping[str, CallModel] = field(default_factory=dict)
    resources: Mapping[str, Callable[[Context, str, Object], Payload]] = field(default_factory=dict)
    attached: Mapping[type[Any], CallModel] = field(default_factory=dict)
    methods: Mapping[str, CallModel] = field(default_factory=dict)
    objects: Mapping[str, CallModel] = field(default_factory=dict)
    members: Mapping[type[Any], MemberModel] = field(default_factory=dict)
    parents: Mapping[type[Any], Callable[[Context, Object, ClassValue], Value]] = field(default_factory=dict)
    constructors: tuple[Callable[[Frame, ClassValue, Arguments, Place], Value | None], ...] = ()
    declared: tuple[Callable[[Context, str, ClassValue], Value | None], ...] = ()
    reads: Mapping[type[Any], Callable[[Access], Value | None]] = field(default_factory=dict)
    writes: tuple[Callable[[Access, Value], bool], ...] = ()
    items: Mapping[type[Any], ItemModel] = field(default_factory=dict)
    entries: Mapping[type[Any], Callable[[Object], Value | None]] = field(default_factory=dict)
    awaits: Mapping[str, AwaitModel] = field(default_factory=dict)
    operators: Mapping[str, Callable[[Operation], Value | None]] = field(default_factory=dict)
    properties: Mapping[str, MemberModel] = field(default_factory=dict)
    variables: Mapping[str, Value] = field(default_factory=dict)
    descriptors: tuple[str, ...] = ()
    undeclared: tuple[Callable[[Context, Function, int], bool], ...] = ()
    passed: tuple[Callable[[Frame, Function, Param, Value], Value | None], ...] = ()
    guesses: tuple[Callable[[Context, Function, Param], Value], ...] = ()
    registered: tuple[Callable[[Context, str, ClassValue | None, str], Collection | None], ...] = ()
    offloads: tuple[Callable[[Context, Value], bool], ...] = ()
    descriptions: tuple[Callable[[Frame, Value], Iterable[str]], ...] = ()
    inherited: tuple[Callable[[Context, ClassValue | Instance, str], Value | None], ...] = ()
    demanded: tuple[Callable[[Context, Instance | ModuleValue, str], Value | None], ...] = ()
    parameters: Mapping[type[Any], ParameterModel] = field(default_factory=dict)
    texts: tuple[Callable[[Context, Value], Iterable[str]], ...] = ()
    other_paths: tuple[Callable[[Frame, State, ExprStmt | Assign], Iterable[State]], ...] = ()
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
        """The model of parameters with a certain value as their default, or in their ``Annotated``."""
        return self.parameters.get(type(marker.detail)) if isinstance(marker, Object) else None

    def provided_value(self, frame: Frame, marker: Value, annotation: Expr | None) -> Value | None:
        """The value that a framework passes for a parameter with a marker; None if it is not known."""
        model = self.parameter(marker)
        if model is None or not isinstance(marker, Object):
            return None
        found = model(frame, marker, annotation)
        return None if isinstance(found, Unknown) else found

    def inherit(self, ctx: Context, owner: ClassValue | Instance, name: str) -> Value | None:
        """The attribute of this name that a class of the project, or its instance, inherits from a
        library.
        """
        for model in self.inherited:
            found = model(ctx, owner, name)
            if found is not None:
                return found
        return None

    def demand(self, ctx: Context, owner: Instance | ModuleValue, name: str) -> Value:
        """What is made for a name that an object or module itself does not have."""
        for model in self.demanded:
            found = model(ctx, owner, name)
            if found is not None:
                return found
        return UNKNOWN

    def construct(self, frame: Frame, cls: ClassValue, arguments: Arguments, place: Place) -> Value | None:
        """The result of calling a class of the project, if a library creates its instances."""
        for model in self.constructors:
            found = model(frame, cls, arguments, place)
            if found is not None:
                return found
        return None

    def instance(self, ctx: Context, path: str, cls: ClassValue) -> Value:
        """An instance of a class that an annotation in a file names."""
        for model in self.declared:
            found = model(ctx, path, cls)
            if found is not None:
                return found
        return Instance(cls)

    def operate(self, operation: Operation) -> Value | None:
        """The result of an operator that a library defines."""
        for side in (operation.left, operation.right):
            model = self.operators.get(side.type) if isinstance(side, Object) else None
            found = model(operation) if model is not None else None
            if found is not None:
                return found
        return None

    def hides(self, value: Value) -> bool:
        """Whether instances of a class do not have this value from the class body as their attribute."""
        return isinstance(value, Object) and value.type in self.descriptors

    def passed_value(self, frame: Frame, function: Function, param: Param, declared: Value) -> Value:
        """The value of a parameter that its default and annotation declare: passed by its name, or likely."""
        for passes in self.passed:
            passed = passes(frame, function, param, declared)
            if passed is not None:
                return passed
        if isinstance(declared, Unknown) and param.annotation is None:
            for guess in self.guesses:
                found = guess(frame.ctx, function, param)
                if not isinstance(found, Unknown):
                    return found
        return declared

    def fill(self, ctx: Context, path: str, owner: ClassValue | None, name: str, found: Value) -> Value:
        """A container of a module, or of a class, with what other code puts into it."""
        if isinstance(found, Unknown) or says_nothing(found):
            for model in self.registered:
                filled = model(ctx, path, owner, name)
                if filled is not None:
                    return filled
        return found

    def resource(self, name: str) -> Callable[[Context, str, Object], Payload] | None:
        """The model of the resources of a type, or of one of its base types."""
        for base, model in self.resources.items():
            if is_subtype(name, base):
                return model
        return None

    def text(self, ctx: Context, written: str) -> Const:
        """The value of a text."""

        def ask() -> Const:
            found = (model(ctx, written) for model in self.literals)
            return next((text for text in found if text is not None), Const(written))

        return ctx.query(("text", written), ask, Const(written))

    def texts_of(self, ctx: Context, value: Value) -> Iterator[str]:
        """The texts that a value may be, as far as domains know them."""
        for model in self.texts:
            yield from model(ctx, value)

    def join_texts(self, ctx: Context, parts: Iterable[Value]) -> Value:
        """The text that some parts make up, if enough of it is known to matter."""
        texts = [part.value if isinstance(part, Const) else None for part in parts]
        known = [text if isinstance(text, str) else GAP for text in texts]
        whole = "".join(known)
        beginning = whole.partition(GAP)[0]
        found = self.text(ctx, beginning) if beginning else None
        if isinstance(found, TextPrefix) and beginning != whole:
            longer = self.text(ctx, whole)
            return longer if isinstance(longer, TextPrefix) else found
        return found if isinstance(found, TextPrefix) else TEXT

    def evaluate_condition(self, test: Expr, evaluate: Callable[[Expr], Value]) -> bool | None:
        """Whether a condition is known to be true, or to be false."""
        for model in self.conditions:
            found = model(test, evaluate)
            if found is not None:
                return found
        return None
