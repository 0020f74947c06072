"""The values that annotations describe."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from msgspec.structs import replace

from flake8_async_fastapi import knowledge
from flake8_async_fastapi.engine.frame import Context, Frame, class_frame
from flake8_async_fastapi.engine.hints import (
    COLLECTIONS,
    DICTS,
    ITERATORS,
    is_protocol,
    item_annotations,
    parameter_names,
    variables_bound,
)
from flake8_async_fastapi.engine.machine import classes, definitions, expressions, names
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.values import (
    NONE,
    UNKNOWN,
    ClassValue,
    Collection,
    Const,
    Coroutine,
    DeclaredCallable,
    Generator,
    Instance,
    Library,
    ModuleValue,
    Object,
    Plain,
    Unknown,
    Value,
    alternatives,
)
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr, Param
from flake8_async_fastapi.facts.walk import dotted, names_in, subscript_parts

_AWAITABLES = frozenset({"Awaitable", "Coroutine", "Future", "Task"})
_NEVER_STARTED = frozenset({"Awaitable", "Coroutine"})
"""What does nothing until it is awaited; a task runs anyway."""
_PLAIN = frozenset({"str", "int", "float", "bool", "bytes", "dict", "Dict", "Mapping", "complex"})
_DEEPEST = 8
CONTEXT_VARIABLE = "contextvars.ContextVar"
"""The type of a context variable; its argument is a value of the declared type."""


def declared_value(frame: Frame, state: State, annotation: Expr, depth: int = 0) -> Value:
    """A value of the declared type; unknown for a type that is too general.

    ``X | None`` counts as ``X``: code with a real None tests for it.
    """
    if depth > _DEEPEST:
        return UNKNOWN
    if isinstance(annotation, tree.Const) and annotation.value is None:
        return NONE
    if isinstance(annotation, tree.Binary) and annotation.op == "|":
        return _only_value(
            [declared_value(frame, state, side, depth + 1) for side in (annotation.left, annotation.right)]
        )
    if isinstance(annotation, tree.Subscript):
        return _subscripted_type(frame, state, annotation, depth)
    if isinstance(annotation, (tree.Name, tree.Attr)):
        return _named_type(frame, state, annotation, depth)
    return UNKNOWN


def _only_value(found: list[Value]) -> Value:
    values = {value for value in found if value != NONE}
    return values.pop() if len(values) == 1 else UNKNOWN


def _subscripted_type(frame: Frame, state: State, annotation: tree.Subscript, depth: int) -> Value:
    last = dotted(annotation.value).rpartition(".")[2]
    inner = subscript_parts(annotation)
    if last == "Annotated" and inner:
        return _with_metadata(frame, state, inner, depth)
    if (last in _WRAPPING or knowledge.is_injection(last)) and inner:
        return declared_value(frame, state, inner[0], depth + 1)
    if last == "Union":
        return _only_value([declared_value(frame, state, part, depth + 1) for part in inner])
    if last in COLLECTIONS and inner:
        return Collection(COLLECTIONS[last], declared_value(frame, state, inner[0], depth + 1))
    if last in ("tuple", "Tuple"):
        if len(inner) == 2 and isinstance(inner[1], tree.Other):
            return Collection("tuple", declared_value(frame, state, inner[0], depth + 1))
        return Collection(
            "tuple", items=tuple(declared_value(frame, state, part, depth + 1) for part in inner)
        )
    if last in ("type", "Type") and inner:
        named = declared_value(frame, state, inner[0], depth + 1)
        if isinstance(named, Instance):
            return named.cls
        return Library(named.type) if isinstance(named, Object) else UNKNOWN
    if last in _PLAIN:
        return Plain(last.lower())
    if last == "ContextVar":
        held = declared_value(frame, state, inner[0], depth + 1)
        is_real = expressions.evaluate(frame, state, annotation.value) == Library(CONTEXT_VARIABLE)
        return Object(CONTEXT_VARIABLE, (("0", held),), declared=True) if is_real else UNKNOWN
    if last == "Callable" and len(inner) == 2:
        return declared_callable(frame, state, inner[1], depth)
    if last in ITERATORS and last.startswith("Async") and inner:
        return Generator("", declared_value(frame, state, inner[0], depth + 1), is_async=True)
    return _named_type(frame, state, annotation.value, depth)


_WRAPPING: Final = frozenset({"Optional", "Final", "ClassVar", "Mapped", "Required", "NotRequired"})


def declared_callable(frame: Frame, state: State, returns: Expr, depth: int) -> Value:
    """The value of ``Callable[..., returns]``; unknown for types that coroutine functions also match."""
    found = async_callable(frame, returns, depth)
    if found != UNKNOWN:
        return found
    made = declared_value(frame, state, returns, depth + 1)
    if isinstance(made, Instance) or (
        isinstance(made, Object) and frame.ctx.hooks.models.resource(made.type) is not None
    ):
        return DeclaredCallable(replace(made, has_doubtful_type=True), is_async=False)
    return UNKNOWN


def async_callable(frame: Frame, returns: Expr, depth: int = 0) -> Value:
    """The value of ``Callable[..., returns]`` if it returns ``Awaitable[X]``; unknown for other results."""
    found = resolve_alias(frame, returns)
    if found is not None:
        return async_callable(*found, depth + 1) if depth < _DEEPEST else UNKNOWN
    written = returns.value if isinstance(returns, tree.Subscript) else returns
    if dotted(written).rpartition(".")[2] not in _NEVER_STARTED:
        return UNKNOWN
    inner = subscript_parts(returns) if isinstance(returns, tree.Subscript) else []
    return DeclaredCallable(declared_value(frame, State(), inner[-1], depth + 1) if inner else UNKNOWN)


def with_declared_item(frame: Frame, state: State, value: Value, annotation: Expr) -> Value:
    """A container, with the item type of its annotation for unknown items; so a context variable."""
    if isinstance(value, Object) and value.type == CONTEXT_VARIABLE:
        return declared_value(frame, state, annotation)
    if not isinstance(value, Collection) or not isinstance(annotation, tree.Subscript):
        return value
    last, inner = dotted(annotation.value).rpartition(".")[2], subscript_parts(annotation)
    if last in ("Final", "ClassVar", "Annotated", "Optional"):
        return with_declared_item(frame, state, value, inner[0])
    if not isinstance(value.item, Unknown) or not (last in DICTS or last in COLLECTIONS):
        return value
    return replace(value, item=declared_value(frame, state, inner[-1]))


def _with_metadata(frame: Frame, state: State, inner: list[Expr], depth: int) -> Value:
    """The value of ``Annotated[type, extra]``: the one that the extra provides, otherwise the type."""
    path = frame.state
    for extra in inner[1:]:
        value = expressions.evaluate(frame, state, extra)
        frame.state = path  # the provided value belongs to it
        passed = frame.ctx.hooks.models.provided_value(frame, value, inner[0])
        if passed is not None:
            return passed
    return declared_value(frame, state, inner[0], depth + 1)


def _named_type(frame: Frame, state: State, annotation: Expr, depth: int) -> Value:
    found = resolve_alias(frame, annotation)
    if found is not None:
        other, expression = found
        return declared_value(other, State(), expression, depth + 1)
    bound = _type_parameter(frame, annotation)
    if bound is not None:
        return bound
    value = expressions.evaluate(frame, state, annotation)
    if isinstance(value, ClassValue):
        return frame.ctx.hooks.models.instance(frame.ctx, frame.path, value)
    if isinstance(value, Library):
        last = value.dotted.rpartition(".")[2]
        if value.dotted.startswith("builtins."):
            return Plain(last) if last in _PLAIN else Collection(last) if last in COLLECTIONS else UNKNOWN
        if value.dotted in ("typing.Self", "typing_extensions.Self"):
            return Instance(frame.receiver.cls) if isinstance(frame.receiver, Instance) else UNKNOWN
        if knowledge.library_type(value.dotted) is not None:
            return Object(value.dotted, declared=True)
    return UNKNOWN


def resolve_alias(frame: Frame, annotation: Expr) -> tuple[Frame, Expr] | None:
    """The annotation that a name such as ``SessionDep`` stands for, and where it is written."""
    if isinstance(annotation, tree.Attr):
        module = expressions.evaluate(frame, State(), annotation.value)
        if not isinstance(module, ModuleValue):
            return None
        path, name = module.path, annotation.name
    elif isinstance(annotation, tree.Name):
        path, name = frame.path, annotation.id
        if frame.closure is not None and frame.closure.find(name) is not None:
            return None
    else:
        return None
    found = definitions.only_definition(frame.ctx, path, name)
    if found is None or not isinstance(found[1], tree.Assign):
        return None
    value = found[1].value
    if isinstance(value, (tree.Subscript, tree.Binary, tree.Name, tree.Attr)):
        other = Frame(frame.ctx, found[0], "")
        other.state = frame.state
        return other, value
    return None


def _type_parameter(frame: Frame, annotation: Expr) -> Value | None:
    """The value bound to a type variable in a call, or in the class of the receiver, or None."""
    for name, value in frame.type_arguments:
        if isinstance(annotation, tree.Name) and annotation.id == name:
            return value
    receiver = frame.receiver
    cls = receiver.cls if isinstance(receiver, Instance) else receiver
    if not isinstance(annotation, tree.Name) or not isinstance(cls, ClassValue):
        return None
    parameters = bound_parameters(frame.ctx, cls)
    return parameters.get(annotation.id)


def type_arguments(
    frame: Frame, returns: Expr, passed: Iterable[tuple[Param, Value]]
) -> tuple[tuple[str, Value], ...]:
    """The values that a call binds to the type variables in a return annotation."""
    nothing: list[str] = []
    key = ("type variables", frame.path, returns.line, returns.col)
    wanted = frame.ctx.query(key, lambda: list(_type_variables_in(frame, returns)), nothing)
    if not wanted:
        return ()
    found: dict[str, set[Value]] = {}
    for param, value in passed:
        if param.annotation is not None:
            for name, bound in variables_bound(param.annotation, value):
                found.setdefault(name, set()).add(bound)
    return tuple((name, found[name].pop()) for name in wanted if len(found.get(name, ())) == 1)


def _type_variables_in(frame: Frame, annotation: Expr) -> Iterator[str]:
    for name in dict.fromkeys(names_in(annotation)):
        if _is_type_variable(frame, name):
            yield name


def _is_type_variable(frame: Frame, name: str) -> bool:
    """Whether a name is a ``TypeVar`` of the module, or not bound by the module: one of PEP 695."""
    found = definitions.only_definition(frame.ctx, frame.path, name)
    if found is None:
        if frame.ctx.project.bindings(frame.path, name) or frame.ctx.project.star_targets(frame.path):
            return False
        return names.module_value(frame.ctx, frame.path, name) == UNKNOWN
    path, statement = found
    if not isinstance(statement, tree.Assign) or not isinstance(statement.value, tree.Call):
        return False
    made = expressions.evaluate(Frame(frame.ctx, path, ""), State(), statement.value.func)
    return made in (Library("typing.TypeVar"), Library("typing_extensions.TypeVar"))


def bound_parameters(ctx: Context, cls: ClassValue) -> dict[str, Value]:
    """The type variables of generic bases by name, bound through the subscripts of the bases."""
    return ctx.query(("type parameters", cls), lambda: _bound_parameters(ctx, cls), {})


def _bound_parameters(ctx: Context, cls: ClassValue) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for base, arguments in _generic_bases(ctx, cls):
        # a variable that the base passes on under another name is also known under that name
        passed_on = _type_arguments_passed_on(ctx, base, arguments)
        found.update({**bound_parameters(ctx, base), **passed_on})
    return found


def _generic_bases(ctx: Context, cls: ClassValue) -> Iterator[tuple[ClassValue, dict[str, Value]]]:
    """The bases that are classes of the project, each with the values of its type variables."""
    frame = class_frame(ctx, cls)
    for base in cls.node.bases:
        written = base.value if isinstance(base, tree.Subscript) else base
        value = expressions.evaluate(frame, State(), written)
        if isinstance(value, ClassValue):
            given = subscript_parts(base) if isinstance(base, tree.Subscript) else []
            bound = zip(
                parameter_names(value), (declared_value(frame, State(), one) for one in given), strict=False
            )
            yield value, {name: what for name, what in bound if not isinstance(what, Unknown)}


def _type_arguments_passed_on(
    ctx: Context, cls: ClassValue, given: Mapping[str, Value], depth: int = 0
) -> dict[str, Value]:
    """The type variables of a class and of its bases, if its own are ``given``."""
    found: dict[str, Value] = {}
    for written in cls.node.bases:
        if not isinstance(written, tree.Subscript) or depth > _DEEPEST:
            continue
        base = expressions.evaluate(class_frame(ctx, cls), State(), written.value)
        if isinstance(base, ClassValue):
            arguments = zip(parameter_names(base), map(dotted, subscript_parts(written)), strict=False)
            passed = {name: given[argument] for name, argument in arguments if argument in given}
            found.update(_type_arguments_passed_on(ctx, base, passed, depth + 1))
    return {**found, **given}


def declared_result(frame: Frame, state: State, annotation: Expr, *, yields: bool) -> Value:
    """The result of a call by its return annotation; ``yields`` asks for a generator's items."""
    if yields:
        if isinstance(annotation, tree.Subscript):
            last = dotted(annotation.value).rpartition(".")[2]
            inner = subscript_parts(annotation)
            if last in ITERATORS and inner:
                return declared_value(frame, state, inner[0])
        return UNKNOWN
    if isinstance(annotation, tree.Subscript):
        last = dotted(annotation.value).rpartition(".")[2]
        if last in _AWAITABLES:
            return UNKNOWN
    return declared_value(frame, state, annotation)


def undeclared_coroutines(frame: Frame, value: Value, annotation: Expr) -> Iterator[Coroutine]:
    """The coroutines in a value whose annotation allows none."""
    for option in alternatives(value):
        if isinstance(option, Coroutine):
            if excludes_awaitables(frame, annotation):
                yield option
        elif isinstance(option, Collection):
            items = option.items if option.items is not None else (option.item,)
            for item, inner in zip(items, item_annotations(annotation, option), strict=False):
                yield from undeclared_coroutines(frame, item, inner)


def excludes_awaitables(frame: Frame, annotation: Expr) -> bool:
    """Whether no coroutine is of a declared type; False for a type that is too general."""
    if isinstance(annotation, tree.Binary) and annotation.op == "|":
        return all(excludes_awaitables(frame, side) for side in (annotation.left, annotation.right))
    if isinstance(annotation, tree.Subscript):
        last, inner = dotted(annotation.value).rpartition(".")[2], subscript_parts(annotation)
        if last in ("Optional", "Union", "Annotated") and inner:
            parts = inner[:1] if last == "Annotated" else inner
            return all(excludes_awaitables(frame, part) for part in parts)
    return _is_never_awaitable(frame.ctx, declared_value(frame, State(), annotation))


def _is_never_awaitable(ctx: Context, declared: Value) -> bool:
    match declared:
        case Plain(kind=kind):
            return kind != "object"
        case Const() | Collection():
            return True
        case Object(type=name):
            supported = knowledge.protocols(name)
            return supported is not None and "await" not in supported
        case Instance(cls=cls):
            order = classes.mro(ctx, cls)
            if any(isinstance(base, Unknown) for base in order) or any(map(is_protocol, order)):
                return False
            return not classes.has_member(ctx, cls, "__await__")
    return False
