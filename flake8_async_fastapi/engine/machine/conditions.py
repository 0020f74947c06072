"""What a condition shows about the path on which it holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from msgspec.structs import replace

from flake8_async_fastapi.engine import hints
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.identities import are_identical
from flake8_async_fastapi.engine.joins import union
from flake8_async_fastapi.engine.machine import (
    attributes,
    expressions,
    implementations,
    names,
    protocols,
    truth,
)
from flake8_async_fastapi.engine.machine import classes as project_classes
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.text import path_of, simple_condition
from flake8_async_fastapi.engine.texts import compare_texts, equals_another_text
from flake8_async_fastapi.engine.values import (
    BOOL,
    NONE,
    UNKNOWN,
    ClassValue,
    Collection,
    Const,
    Coroutine,
    Function,
    Instance,
    Library,
    Object,
    OneOf,
    Plain,
    Unknown,
    Value,
    alternatives,
    is_none,
)
from flake8_async_fastapi.engine.walks import holds_coroutine
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import nodes_in
from flake8_async_fastapi.knowledge import is_absent, is_guard

_Test: TypeAlias = Callable[[Value], bool]

_AWAITABLE = frozenset({"Awaitable", "Coroutine", "CoroutineType"})
_OF_COROUTINES = _AWAITABLE | {"object"}
_OF_CALLABLES = frozenset({"Callable", "FunctionType", "MethodType", "type", "object"})
_SAME = {"is": True, "==": True, "is not": False, "!=": False}


def assume(frame: Frame, state: State, test: Expr, outcome: bool) -> list[State]:
    """The states in which a condition has the given outcome; none if it cannot."""
    states = _assume(frame, state, test, outcome)
    for observe in frame.ctx.hooks.observers.tested:
        for after in states:
            observe(frame, after, test, outcome)
    return states


def _assume(frame: Frame, state: State, test: Expr, outcome: bool) -> list[State]:
    is_asked = isinstance(test, (tree.Call, tree.Compare))
    if is_asked and (holds := outcome_of_library_test(frame, state, test)) is not None:
        return [state.fork()] if holds is outcome else []
    match test:
        case tree.Compare():
            return _assume_comparison(frame, state, test, outcome)
        case tree.Name(id=name):
            fits = truth.fits_truth_test(frame, state, name, outcome)
            if outcome:
                return _decide(frame, state, test, True, fits, name)
            states = _decide(frame, state, test, False, _unless_found(frame, state.get(name), fits), name)
            return [_without_items(frame, after, name) for after in states]
        case tree.Unary(op="not", value=value):
            return assume(frame, state, value, not outcome)
        case tree.BoolOp(op=op, values=values):
            return _assume_all(frame, state, values, outcome, stops=(op == "and") is not outcome)
        case tree.Walrus(target=target):
            return _narrow(frame, state, target, lambda value: truth.may_be(value, outcome))
        case tree.Attr(value=owner, name=name):
            path = path_of(test)
            states = _decide(frame, state, test, outcome, lambda value: truth.may_be(value, outcome), path)
            for after in states:
                _note_column_test(frame, after, owner, name, is_empty=not outcome)
            return states
        case tree.Call() if frame.language is not None:
            return [state.fork()] if frame.language.may_pass_test(frame, state, test, outcome) else []
        case tree.Call(func=func, args=args) if args:
            return _assume_call(frame, state, func, args, outcome)
        case tree.Const(value=value):
            return [state.fork()] if bool(value) is outcome else []
    return _decide(frame, state, test, outcome, lambda value: True, "")


def outcome_of_library_test(frame: Frame, state: State, test: Expr) -> bool | None:
    """The outcome of a test that a domain knows, such as one of a database URL."""
    return frame.ctx.hooks.models.evaluate_condition(test, lambda one: _value_tested(frame, state, one))


def _assume_comparison(frame: Frame, state: State, test: tree.Compare, outcome: bool) -> list[State]:
    match test:
        case tree.Compare(left=left, ops=[op], rights=[tree.Const(value=None)]) if op in ("is", "is not"):
            wanted = (op == "is") is outcome
            path = path_of(left)
            states = _decide(frame, state, test, outcome, _fits_none_test(frame, state, path, wanted), path)
            for after in states:
                if isinstance(left, tree.Name) and not wanted and _is_found(frame, state.get(path)):
                    after.known[path] = True
                if isinstance(left, tree.Attr):
                    _note_column_test(frame, after, left.value, left.name, is_empty=wanted)
            return states
        case tree.Compare(left=left, ops=[("is" | "is not") as op], rights=[right]) if (
            same := are_identical(_value_tested(frame, state, left), _value_tested(frame, state, right))
        ) is not None:
            return [state.fork()] if (same is (op == "is")) is outcome else []
        case tree.Compare(left=left, ops=[op], rights=[right]) if (
            op in _COMPARISONS
            and isinstance(right, tree.Display) is op.endswith("in")
            and (same := compare_texts(state, left, right)) is not None
        ):
            return [state.fork()] if (same is _COMPARISONS[op]) is outcome else []
        case tree.Compare(left=tree.Attr(value=owner, name=name), ops=[("==" | "!=" | "in" | "not in")]):
            states = _decide(frame, state, test, outcome, lambda value: True, "")
            for after in states:
                _note_column_test(frame, after, owner, name, is_empty=False, is_kind=not frame.rejects)
            return states
        case tree.Compare(left=tree.Call(func=tree.Name(id="type"), args=[of]), ops=[op], rights=[cls]) if (
            op in _SAME
        ):
            wanted = _SAME[op] is outcome
            return _narrow(
                frame, state, path_of(of), lambda value: _is_instance(frame, value, cls) is not (not wanted)
            )
        case tree.Compare(left=tree.Const(value=str()), ops=[("in" | "not in")]):
            states = _decide(frame, state, test, outcome, lambda value: True, "")
            for after in states:
                for observe in frame.ctx.hooks.observers.name_sought:
                    observe(frame, after, test, outcome)
            return states
    return _decide(frame, state, test, outcome, lambda value: True, "")


def _unless_found(frame: Frame, value: Value | None, fits: _Test) -> _Test:
    """A test for false values: of an object or None, only None is false."""
    if not _is_found(frame, value):
        return fits
    return lambda option: is_none(option) is not False and fits(option)


def _is_found(frame: Frame, value: Value | None) -> bool:
    """Whether a value is None, or else tracked objects, all of which count as true."""
    options = value.values if isinstance(value, OneOf) else ()
    return any(map(is_none, options)) and all(
        is_none(option) or _is_always_true(frame, option) for option in options
    )


def _is_always_true(frame: Frame, value: Value) -> bool:
    if not isinstance(value, Instance) or value.location is None:
        return False
    has = project_classes.has_member
    return not (has(frame.ctx, value.cls, "__bool__") or has(frame.ctx, value.cls, "__len__"))


_COMPARISONS: Final = {"==": True, "!=": False, "in": True, "not in": False}


def _note_column_test(
    frame: Frame, state: State, owner: Expr, name: str, *, is_empty: bool, is_kind: bool = False
) -> None:
    """Note a condition on ``owner.name``."""
    if state.parts and path_of(owner):
        value = state.get(path_of(owner))
        if value is not None:
            for observe in frame.ctx.hooks.observers.attribute_tested:
                observe(frame, state, value, name, is_empty=is_empty, is_kind=is_kind)


def _without_items(frame: Frame, state: State, name: str) -> State:
    """Note that a variable is false: if it is a container, it is empty."""
    value = state.get(name)
    if value is not None and (state.parts or isinstance(value, Collection)):
        for observe in frame.ctx.hooks.observers.emptied:
            observe(state, value)
    return state


def _assume_all(frame: Frame, state: State, values: list[Expr], outcome: bool, *, stops: bool) -> list[State]:
    """Apply conditions joined by ``and`` or ``or``: all hold, or the first that ``stops`` decides."""
    states = [state]
    found: list[State] = []
    for value in values:
        if stops:
            found += [after for before in states for after in assume(frame, before, value, outcome)]
            states = [after for before in states for after in assume(frame, before, value, not outcome)]
        else:
            states = [after for before in states for after in assume(frame, before, value, outcome)]
    return found[:3] if stops else states[:3]


def _decide(frame: Frame, state: State, test: Expr, outcome: bool, fits: _Test, name: str) -> list[State]:
    """Apply a condition that may have been decided before on this path."""
    spoken = simple_condition(test)
    if spoken is not None:
        text, negated = spoken
        before = state.known.get(text)
        if before is not None and before is (outcome is negated):
            return []
        if outcome is not negated and equals_another_text(state, text):
            return []
    states = _narrow(frame, state, name, fits) if name else [state.fork()]
    if spoken is not None:
        for after in states:
            after.known[spoken[0]] = outcome is not spoken[1]
    return states


def _fits_none_test(frame: Frame, state: State, path: str, wanted: bool) -> _Test:
    """The values that agree with ``path is None``: ``X | None`` counts as ``X`` elsewhere, but not here."""
    value = state.get(path)
    asked = alternatives(
        (_value_outside(frame, state, path) if path else UNKNOWN) if value is None else value
    )
    leaves_open = wanted and any(map(truth.is_declared, asked)) and _is_optional(frame, state, path)
    return lambda option: is_none(option) is not (not wanted) or (leaves_open and truth.is_declared(option))


def outcome_of_none_test(frame: Frame, state: State, node: tree.Compare, value: Value) -> Value:
    """The outcome of ``value is None`` outside of a condition."""
    match node:
        case tree.Compare(left=left, ops=[("is" | "is not") as op], rights=[tree.Const(value=None)]):
            path = path_of(left)
            outcomes = {
                wanted
                for wanted in (True, False)
                if any(map(_fits_none_test(frame, state, path, wanted), alternatives(value)))
            }
            if len(outcomes) == 1:
                return Const(outcomes.pop() is (op == "is"))
    return BOOL


def _is_optional(frame: Frame, state: State, path: str) -> bool:
    """Whether a parameter, a variable of the module, or an attribute of a class is declared ``X | None``."""
    owner, _, name = path.rpartition(".")
    if not owner and name not in state.env:
        return any(_declares_none(one) for _, one in frame.ctx.project.bindings(frame.path, name))
    if not owner:
        params = frame.node.params if frame.emit and isinstance(frame.node, tree.FunctionDef) else []
        return any(param.name == name and hints.allows_none(param.annotation) for param in params)
    value = state.get(owner)
    for alternative in alternatives(_value_outside(frame, state, owner) if value is None else value):
        if isinstance(alternative, Instance):
            for base in project_classes.mro(frame.ctx, alternative.cls):
                if isinstance(base, ClassValue) and any(
                    map(_declares_none, project_classes.body_bindings(frame.ctx, base, name))
                ):
                    return True
    return False


def _declares_none(binding: object) -> bool:
    return isinstance(binding, tree.Assign) and hints.allows_none(binding.annotation)


def _narrow(frame: Frame, state: State, name: str, fits: _Test) -> list[State]:
    """The state in which a variable has only the values that fit; None if no value does."""
    value = state.get(name)
    if value is None:
        value = _value_outside(frame, state, name)
    left = [alternative for alternative in alternatives(value) if fits(alternative)]
    if not left:
        return []
    after = state.fork()
    if isinstance(value, OneOf):
        after.narrow(name, union(left))
    return [after]


def _value_tested(frame: Frame, state: State, tested: Expr) -> Value:
    value = state.get(path_of(tested))
    return _value_outside(frame, state, path_of(tested)) if value is None else value


def _value_outside(frame: Frame, state: State, path: str) -> Value:
    """The value of a name (or ``name.attribute``) that was not assigned on this path."""
    first, *rest = path.split(".")
    value = names.look_up_name(frame, state, first)
    if rest and isinstance(value, Unknown):
        return UNKNOWN
    for name in rest:
        value = attributes.attribute_of(frame.ctx, value, name)
    return UNKNOWN if holds_coroutine(value) else value


def _assume_call(frame: Frame, state: State, func: Expr, args: list[Expr], outcome: bool) -> list[State]:
    name = path_of(args[0])
    # nothing is called twice: a name or attribute path has no calls
    callee = expressions.evaluate(frame, state, func) if name and path_of(func) else UNKNOWN
    wrong = not outcome
    if isinstance(callee, Library):
        if callee.dotted == "builtins.hasattr":
            asked = args[1].value if len(args) > 1 and isinstance(args[1], tree.Const) else None
            return _narrow(frame, state, name, lambda value: _has_attribute(frame, value, asked) is not wrong)
        if (asked_of := truth.test_of(callee.dotted)) is not None:
            return _narrow(frame, state, name, lambda value: asked_of(value) is not wrong)
        if is_guard(callee.dotted):
            return _narrow(frame, state, name, lambda it: protocols.is_awaitable(frame.ctx, it) is not wrong)
        if callee.dotted == "builtins.isinstance" and len(args) > 1:
            states = _narrow(
                frame, state, name, lambda value: _is_instance(frame, value, args[1]) is not wrong
            )
            if outcome:
                _narrow_to_class(frame, states, name, expressions.evaluate(frame, state, args[1]))
            return states
    return [state.fork()]


def _narrow_to_class(frame: Frame, states: list[State], name: str, cls: Value) -> None:
    """Note that a variable is an instance of a class."""
    for state in states:
        value = state.get(name)
        if value is not None:
            state.narrow(name, narrow_value_to_class(frame, value, cls))


def narrow_value_to_class(frame: Frame, value: Value, cls: Value) -> Value:
    """A value that is an instance of a class: a tracked object may be of a subclass, and is not None.

    Objects of unrelated classes are dropped, if there are others.
    """
    value = hints.without_doubles(value, cls, lambda one: project_classes.mro(frame.ctx, one))
    if not isinstance(cls, ClassValue):
        return value
    related: list[Value] = []
    others: list[Value] = []
    for alternative in alternatives(value):
        if isinstance(alternative, Instance) and cls in project_classes.mro(frame.ctx, alternative.cls):
            related.append(alternative)
        elif isinstance(alternative, Instance) and alternative.location is not None:
            if alternative.cls in project_classes.mro(frame.ctx, cls):
                related.append(replace(alternative, cls=cls))
            else:
                others.append(alternative)
    found = related or others
    return union(found) if found else value


def _has_attribute(frame: Frame, value: Value, name: object) -> bool | None:
    """Whether ``hasattr`` returns True; None if it is not known."""
    if name == "__await__":
        return protocols.is_awaitable(frame.ctx, value)
    if isinstance(value, Object) and isinstance(name, str) and is_absent(value.type, name):
        return False
    found = attributes.attribute_of(frame.ctx, value, name) if isinstance(name, str) else UNKNOWN
    return truth.is_callable(found) or None


def _is_instance(frame: Frame, value: Value, classes: Expr) -> bool | None:
    """Whether ``isinstance`` returns True; None if the classes or the value are not known."""
    if isinstance(value, Unknown):
        return None
    if value == NONE:
        return False
    alternatives = classes.items if isinstance(classes, tree.Display) else [classes]
    named = {path_of(cls).rpartition(".")[2] for cls in alternatives}
    if isinstance(value, Coroutine):
        return True if named & _OF_COROUTINES else None if "" in named else False
    if isinstance(value, (Plain, Collection)) and value.kind in named:
        return True
    if isinstance(value, (Const, Plain, Collection)) and named <= _AWAITABLE:
        return False
    if isinstance(value, Const) and type(value.value).__name__ in named:
        return True
    if isinstance(value, (Function, ClassValue)):
        return True if named & _OF_CALLABLES else None if "" in named else False
    if isinstance(value, (Instance, Object)):
        asked = [expressions.evaluate(frame, State(), cls) for cls in alternatives]
        return implementations.is_one_of(frame.ctx, value, asked)
    return None


def keep_effects(frame: Frame, state: State, inner: list[State], node: Expr) -> None:
    """Keep the effects of an expression's parts on objects; the names that they may bind are unknown."""
    apart = [path for path in inner if path is not state]
    for path in apart:
        changed = [name for name, value in path.env.items() if state.env.get(name) is not value]
        bound = {part.target for part in nodes_in(node) if isinstance(part, tree.Walrus)} if changed else ()
        for name in changed:
            if name in bound:
                frame.discharge(path.env[name])
                state.bind(name, UNKNOWN)
    frame.ctx.hooks.join_into(state, apart)
