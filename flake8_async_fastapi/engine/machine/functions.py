"""Functions of the project: defining, decorating and calling them."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from flake8_async_fastapi import knowledge
from flake8_async_fastapi.engine import hints
from flake8_async_fastapi.engine.containers import is_bare, says_nothing
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.joins import union
from flake8_async_fastapi.engine.machine import (
    calls,
    classes,
    expressions,
    implementations,
    summaries,
    type_hints,
)
from flake8_async_fastapi.engine.obligations import report_misuse
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.values import (
    NONE,
    UNKNOWN,
    Arguments,
    ClassValue,
    Closure,
    Collection,
    Coroutine,
    DeclaredCallable,
    Function,
    Generator,
    Instance,
    Library,
    Manager,
    Member,
    Plain,
    Unknown,
    Value,
    alternatives,
)
from flake8_async_fastapi.engine.walks import holds_coroutine
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr, Param
from flake8_async_fastapi.facts.walk import names_in

CONTEXTS: Final = {
    "contextlib.contextmanager": "context",
    "contextlib.asynccontextmanager": "async-context",
}
_BINDING = frozenset({"builtins.staticmethod", "builtins.classmethod"})


# --- definitions ---------------------------------------------------------------------


def as_function(
    path: str,
    node: tree.FunctionDef | tree.Lambda,
    owner: ClassValue | None = None,
    receiver: Value | None = None,
    closure: Closure | None = None,
) -> Function:
    """A function before its decorators."""
    return Function(path, node, Place(path, node.line, node.col), owner, receiver, closure)


def as_method(owner: ClassValue, node: tree.FunctionDef, receiver: Value) -> Function:
    """A function in the body of a class before its decorators, bound to a receiver."""
    return as_function(owner.path, node, owner, receiver, owner.closure)


def nested_function(frame: Frame, state: State, node: tree.FunctionDef | tree.Lambda) -> Function:
    """A function defined at the place of a frame."""
    return as_function(frame.path, node, closure=visible_closure(frame, state))


def visible_closure(frame: Frame, state: State) -> Closure | None:
    """The variables that a function defined in a frame can see, besides those of the module."""
    is_body = not frame.qualname or (frame.owner is not None and frame.owner.node.qualname == frame.qualname)
    return frame.closure if is_body else Closure(dict(state.env), frame.closure, frame.scope)


def discharge_captured(frame: Frame, state: State, code: object) -> None:
    """Discharge the coroutines in variables that a nested function mentions: it may await them."""
    if frame.owed:
        for name in names_in(code):
            if name in state.env:
                frame.discharge(state.env[name])


def define_function(
    frame: Frame, node: tree.FunctionDef, owner: ClassValue | None, receiver: Value | None = None
) -> Value:
    """The value of a function after its decorators are applied; unknown if one of them is."""
    function = as_function(frame.path, node, owner, None, frame.closure)
    value: Value = function
    if node.decorators:  # once for all receivers: a decorator returns a new function each time
        state = _class_closure(frame, node, owner)
        value = frame.ctx.query(
            ("define", function), lambda: apply_decorators(frame, state, function), UNKNOWN
        )
    return (
        replace(value, receiver=receiver) if isinstance(value, Function) and receiver is not None else value
    )


def _class_closure(frame: Frame, node: tree.FunctionDef, owner: ClassValue | None) -> State:
    """The functions of the class body that the decorators of a method mention."""
    state = State()
    if owner is not None:
        for name in names_in(node.decorators):
            for other in classes.body_bindings(frame.ctx, owner, name) if name != node.name else ():
                if isinstance(other, tree.FunctionDef):
                    state.bind(name, as_function(frame.path, other, owner, None, frame.closure))
    return state


def apply_decorators(frame: Frame, state: State, function: Function) -> Value:
    """Apply the decorators of a function."""
    node = function.node
    value: Value = function
    for decorator in reversed(node.decorators if isinstance(node, tree.FunctionDef) else ()):
        value = _apply_decorator(frame, state, decorator, value)
        if isinstance(value, Unknown):
            return UNKNOWN
    return value


def _apply_decorator(frame: Frame, state: State, decorator: Expr, value: Value) -> Value:
    written = decorator.func if isinstance(decorator, tree.Call) else decorator
    called = expressions.evaluate(frame, state, written)
    if isinstance(called, Library):
        if called.dotted in CONTEXTS and isinstance(value, Function):
            return as_context_manager(called.dotted, value)
        if called.dotted in implementations.DISPATCHERS and isinstance(value, Function):
            return replace(value, wrapped=implementations.BY_TYPE)
        coroutine = isinstance(value, Function) and value.is_async
        if called.dotted in _BINDING or knowledge.is_keeper(called.dotted, of_coroutine_function=coroutine):
            return value
    if isinstance(called, Member) and knowledge.is_registering_method(called.receiver.type, called.name):
        return value
    if isinstance(called, (Function, ClassValue, Instance)):
        made = expressions.evaluate(frame, state, decorator) if isinstance(decorator, tree.Call) else called
        given_back = quiet_result(frame, made, Arguments((value,)))
        keeps = isinstance(called, Function) and hints.keeps_signature(called.node)
        if keeps and isinstance(value, Function):
            return value if _says_less(frame.ctx, given_back, value) else given_back
        return given_back if isinstance(given_back, Function) else UNKNOWN
    return UNKNOWN


def _says_less(ctx: Context, wrapper: Value, function: Function) -> bool:
    """Whether nothing is known of a wrapper's result, while that of the function is known."""
    if not isinstance(wrapper, Function):
        return True
    if wrapper.is_async != function.is_async:
        return False
    receiver = Instance(function.owner) if function.owner is not None else None
    both = (replace(one, receiver=receiver) for one in (wrapper, function))
    opaque = Arguments(opaque=True)
    given, known = (summaries.summarise(ctx, one, opaque).returns for one in both)
    return isinstance(given, Unknown) and not isinstance(known, Unknown)


def as_context_manager(dotted: str, value: Value) -> Value:
    """A generator function as a context manager of ``contextlib``; unknown for other values."""
    return replace(value, wrapped=CONTEXTS[dotted]) if isinstance(value, Function) else UNKNOWN


# --- calls ---------------------------------------------------------------------------


def call_function(frame: Frame, function: Function, arguments: Arguments, label: str, origin: Place) -> Value:
    """Call a function: the result is a coroutine, a generator, a context manager, or its return value."""
    function, arguments = bind_first_argument(frame.ctx, function, arguments)
    node = function.node
    if function.wrapped == implementations.BY_TYPE:
        chosen = implementations.chosen_function(frame.ctx, function, arguments)
        return UNKNOWN if chosen is None else call_function(frame, chosen, arguments, label, origin)
    if function.wrapped:
        summary = summaries.apply_summary(frame, function, arguments, origin)
        value = _known_or_declared(frame.ctx, function, arguments, summary.yields)
        is_async = function.wrapped == "async-context"
        called = replace(function, receiver=None)
        return Manager(label, value, is_async, summary.parts, called)
    if function.is_generator:
        summary = summaries.apply_summary(frame, function, arguments, origin)
        item = _known_or_declared(frame.ctx, function, arguments, summary.yields)
        return Generator(label, item, function.is_async, replace(function, receiver=None), summary.parts)
    by_all = _call_implementations(frame, function, arguments, label, origin) if function.receiver else None
    if by_all is not None:
        return by_all
    if function.is_async:
        if isinstance(node, tree.FunctionDef) and node.is_stub and hints.is_iterator_hint(node.returns):
            return UNKNOWN  # its overrides may be generators, which are not awaited
        if hints.takes_less(function, arguments):
            return UNKNOWN  # the call itself fails
        made = Coroutine(label, "other", origin, function=function, call=arguments)
        for observe in frame.ctx.hooks.observers.coroutine_called:
            observe(frame, function, arguments, origin)
        return frame.owe(made)
    summary = summaries.apply_summary(frame, function, arguments, origin)
    for tell in frame.ctx.hooks.observers.function_called:
        tell(frame, function, summary.parts, origin)
    value = _known_or_declared(frame.ctx, function, arguments, summary.returns)
    if isinstance(node, tree.FunctionDef) and node.is_stub and isinstance(value, Unknown) and node.returns:
        promised = type_hints.async_callable(_frame_of(frame.ctx, function), node.returns)
        if isinstance(promised, DeclaredCallable):
            return frame.owe(Coroutine(label, "other", origin, promised.result))
    return value


def _call_implementations(
    frame: Frame, function: Function, arguments: Arguments, label: str, origin: Place
) -> Value | None:
    """Call an empty method as all methods that implement it; None if that adds nothing."""
    node, receiver = function.node, function.receiver
    if not isinstance(node, tree.FunctionDef) or not node.is_stub or not isinstance(receiver, Instance):
        return None
    if receiver.exact or (node.is_async and not hints.is_iterator_hint(node.returns)):
        return None
    if classes.has_other_method(frame.ctx, receiver, function):
        return None  # it is called as a method of a base
    methods = [
        classes.instance_attribute(frame.ctx, one, node.name)
        for one in implementations.all_implementations(frame.ctx, receiver.cls, node)
    ]
    if not methods or not all(
        isinstance(method, Function) and method.is_generator is node.is_async for method in methods
    ):
        return None
    value = union(frame.each(methods, lambda one: calls.apply_callee(frame, one, arguments, label, origin)))
    return None if isinstance(value, Unknown) else value


def bind_first_argument(ctx: Context, function: Function, arguments: Arguments) -> tuple[Function, Arguments]:
    """A method that is called with its receiver as the first argument, as decorators do."""
    if function.owner is None or function.receiver is not None or function.is_static or not arguments.args:
        return function, arguments
    first = arguments.args[0]
    cls = first.cls if isinstance(first, Instance) else first
    if isinstance(cls, ClassValue) and function.owner in classes.mro(ctx, cls):
        return replace(function, receiver=first), arguments.rest()
    return function, arguments


def result_of_call(frame: Frame, function: Function, arguments: Arguments, origin: Place) -> Value:
    """The return value of a function: for a coroutine function, the result of awaiting the call.

    ``origin``, here and below, distinguishes the objects that the call creates from those of other calls.
    """
    summary = summaries.apply_summary(frame, function, arguments, origin)
    return _known_or_declared(frame.ctx, function, arguments, summary.returns)


def _known_or_declared(ctx: Context, function: Function, arguments: Arguments, value: Value) -> Value:
    """A value, or the type in the annotation if nothing is known of the value."""
    node = function.node
    stub = isinstance(node, tree.FunctionDef) and node.is_stub
    if not isinstance(value, Unknown) and not stub:
        return value
    if isinstance(node, tree.Lambda) or node.returns is None:
        return UNKNOWN
    frame = _frame_of(ctx, function)
    yields = function.is_generator or bool(function.wrapped)
    annotation = node.returns  # may name an alias whose dependency is this function
    passed = hints.passed_parameters(function, arguments)
    frame.type_arguments = type_hints.type_arguments(frame, annotation, passed)
    declared = ctx.query(
        ("declared return", function, frame.type_arguments),
        lambda: type_hints.declared_result(frame, State(), annotation, yields=yields),
        UNKNOWN,
    )
    if not stub and not node.is_async and not yields:  # it may return a coroutine that it got
        if isinstance(declared, Plain) and hints.passes_on(node):
            return UNKNOWN
        if isinstance(declared, Instance):
            declared = replace(declared, has_doubtful_type=True)
    if isinstance(declared, Unknown) or not hints.is_optional(annotation):
        return declared
    return union([declared, NONE])  # what follows a test for None is not dead code


def _frame_of(ctx: Context, function: Function) -> Frame:
    """A frame for the code in the head of a function."""
    name = function.node.qualname if isinstance(function.node, tree.FunctionDef) else "<lambda>"
    frame = Frame(ctx, function.path, name, owner=function.owner, closure=function.closure)
    frame.receiver = function.receiver
    return frame


def quiet_result(frame: Frame, callee: Value, arguments: Arguments, origin: Place | None = None) -> Value:
    """The result of calling a value in a separate frame: nothing is reported, no coroutine is owed."""
    return call_quietly(frame, callee, arguments, origin)[0]


def call_quietly(
    frame: Frame,
    callee: Value,
    arguments: Arguments,
    origin: Place | None = None,
    state: State | None = None,
) -> tuple[Value, Frame]:
    """As ``quiet_result``, on a separate path if there is one; also returns the frame with its notes."""
    quiet = Frame(frame.ctx, frame.path, frame.qualname, closure=frame.closure, scope=frame.scope)
    quiet.state = frame.state if state is None else state
    result = calls.apply_callee(quiet, callee, arguments, "", origin or Place(frame.path, 0, 0))
    return result, quiet


def check_given_back(frame: Frame, value: Value) -> Value:
    """Check a coroutine function's return value; returns it, or unknown if it cannot be intended.

    The caller expects the annotated value from the ``await``, and does not await it again. The return value
    of a route is checked elsewhere.
    """
    node = frame.node
    if not frame.is_async or frame.role or not holds_coroutine(value):
        return value
    if not isinstance(node, tree.FunctionDef) or node.returns is None or node.is_generator:
        return value
    decorated = apply_decorators(
        frame, frame.state.fork(), as_function(frame.path, node, frame.owner, None, frame.closure)
    )
    if not isinstance(decorated, Function) or decorated.node is not node:
        return value  # a decorator may await its result
    found = [
        coroutine
        for coroutine in type_hints.undeclared_coroutines(frame, value, node.returns)
        if coroutine.origin in frame.owed
        and coroutine.origin not in frame.discharged
        and coroutine.origin not in frame.tests  # its tests say more
    ]
    for coroutine in found:
        if coroutine.origin not in frame.reported_misuses:
            report_misuse(frame, coroutine, "given-back")
    return UNKNOWN if found else value


def property_value(frame: Frame, getter: Function, origin: Place) -> Value:
    """The value of reading a property."""
    if getter.is_async and not getter.is_generator:
        assert isinstance(getter.node, tree.FunctionDef)
        return Coroutine(getter.node.name, "other", origin, function=getter, call=Arguments())
    return result_of_call(frame, getter, Arguments(), origin)


def run_initialiser(frame: Frame, initialiser: Function, arguments: Arguments) -> Value:
    """The instance that ``__init__`` leaves."""
    node = frame.current_call
    origin = Place(frame.path, node.line, node.col) if node is not None else Place(frame.path, 0, 0)
    receiver = summaries.apply_summary(frame, initialiser, arguments, origin).receiver
    if isinstance(receiver, Instance):
        return _without_bare_containers(frame.ctx, receiver)
    return initialiser.receiver if initialiser.receiver is not None else UNKNOWN


def _without_bare_containers(ctx: Context, made: Instance) -> Instance:
    """A new object without the empty containers that it got: its class says which items methods add."""
    general = Instance(made.cls)
    kept = tuple(
        (name, value)
        for name, value in made.attributes or ()
        if not (is_bare(value) and isinstance(classes.instance_attribute(ctx, general, name), Collection))
        and not says_nothing(value)
    )
    return made if made.attributes is None else replace(made, attributes=kept)


def declared_parameter(frame: Frame, param: Param) -> Value:
    """The value of a parameter by its default, which may set what is passed for it, or by its annotation."""
    default: Value = UNKNOWN
    if param.default is not None:
        default = expressions.evaluate(frame, State(), param.default)
        for alternative in alternatives(default):
            passed = frame.ctx.hooks.models.provided_value(frame, alternative, param.annotation)
            if passed is not None:
                return passed
    declared: Value = UNKNOWN
    if param.annotation is not None:
        declared = type_hints.declared_value(frame, State(), param.annotation)
    says_little = isinstance(default, Function) and isinstance(declared, (Unknown, DeclaredCallable))
    return default if says_little else declared  # a function that nearly all callers mean
