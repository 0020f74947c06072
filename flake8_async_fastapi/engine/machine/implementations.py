"""Subclasses: those behind a protocol or an abstract base class, and the possible classes of an object.

A receiver is annotated with the abstract class, and at run time it is an instance of the implementing class:
that class's methods run. A function under ``singledispatch`` calls one that is registered for a class.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from flake8_async_fastapi.engine import hints
from flake8_async_fastapi.engine.frame import Context, Frame, class_frame
from flake8_async_fastapi.engine.machine import classes, expressions, functions, names, summaries
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.values import (
    Arguments,
    ClassValue,
    Function,
    Instance,
    Library,
    Object,
    Unknown,
    Value,
)
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import dotted, flat, names_in, registrations_of_class
from flake8_async_fastapi.knowledge import is_subtype
from flake8_async_fastapi.project.modules import is_test

MOST_IMPLEMENTATIONS: Final = 6
"""More than these are not looked at one by one."""


def only_implementation(ctx: Context, instance: Instance, method: tree.FunctionDef) -> Instance | None:
    """The object behind an abstract one whose method is empty; None if there may be several."""
    if instance.exact or not method.is_stub:
        return None
    cls = instance.cls
    none: list[ClassValue] = []
    found = ctx.query(
        ("behind", cls, method.name),
        lambda: [value for value in _implementing_classes(ctx, cls, method) if _is_used(ctx, value)],
        none,
    )
    return Instance(found[0]) if len(found) == 1 else None


def all_implementations(ctx: Context, cls: ClassValue, method: tree.FunctionDef) -> list[Instance]:
    """Objects of all classes that implement a method which is empty in one of their bases.

    Empty if there are fewer than two, or too many.
    """
    none: list[ClassValue] = []
    found = ctx.query(
        ("implementing", cls, method.name), lambda: list(_implementing_classes(ctx, cls, method)), none
    )
    return [Instance(value) for value in found] if 2 <= len(found) <= MOST_IMPLEMENTATIONS else []


def classes_below(ctx: Context, cls: ClassValue) -> Iterator[Value]:
    """The subclasses of a class at module level; unknown for a class that may be one."""
    for path, below in ctx.project.classes_below(cls.name):
        value = names.module_value(ctx, path, below)
        if value != cls and (not isinstance(value, ClassValue) or cls in classes.mro(ctx, value)):
            yield value


def is_one_of(ctx: Context, value: Instance | Object, asked: list[Value]) -> bool | None:
    """Whether an object is of one of some classes; None where it may be of a subclass."""
    known = all(isinstance(cls, (ClassValue, Library)) for cls in asked)
    if isinstance(value, Instance):
        above = classes.mro(ctx, value.cls)
        if any(cls in above for cls in asked):
            return True
        exact = value.exact and all(isinstance(base, ClassValue) for base in above)
        if value.location is not None:
            exact = exact or not any(_may_be_both(ctx, value.cls, cls) for cls in asked)
    else:
        if any(isinstance(cls, Library) and is_subtype(value.type, cls.dotted) for cls in asked):
            return True
        exact = not value.declared and all(isinstance(cls, Library) for cls in asked)
    return False if exact and known else None


def _may_be_both(ctx: Context, cls: ClassValue, other: Value) -> bool:
    """Whether a class of the project is below two, one of the project and another of it or a builtin one."""
    if not isinstance(other, ClassValue) or hints.is_protocol(other):
        if not (isinstance(other, Library) and other.dotted in _BUILTIN):
            return True
    elif cls in classes.mro(ctx, other):
        return True

    def find() -> bool:
        for one in (cls, *classes_below(ctx, cls)):
            above = classes.mro(ctx, one) if isinstance(one, ClassValue) else ()
            if not above or other in above or any(isinstance(base, Unknown) for base in above):
                return True
        return False

    return ctx.query(("both", cls, other), find, True)


_BUILTIN: Final = frozenset(
    f"builtins.{name}" for name in ("bool", "bytes", "dict", "float", "int", "list", "set", "str", "tuple")
)


def _implementing_classes(ctx: Context, cls: ClassValue, method: tree.FunctionDef) -> Iterator[ClassValue]:
    """The subclasses that implement a method, except for those in tests; if a protocol has none, the classes
    that fit it.
    """
    if ctx.project.overrides_colour(cls.name, method):
        return
    is_alone = hints.is_protocol(cls)
    for path, below in ctx.project.classes_below(cls.name):
        if is_test(path):
            continue
        value = names.module_value(ctx, path, below)
        if not isinstance(value, ClassValue) or value == cls or cls not in classes.mro(ctx, value):
            continue
        own = classes.body_bindings(ctx, value, method.name)
        implements = bool(own) and isinstance(own[-1], tree.FunctionDef) and not own[-1].is_stub
        if implements:
            is_alone = False
            yield value
    if is_alone:
        yield from _fitting_classes(ctx, cls)


def _fitting_classes(ctx: Context, protocol: ClassValue) -> Iterator[ClassValue]:
    """The classes that have all methods of a protocol, with its parameters, without naming it as a base.

    A protocol of one method without parameters says too little: other classes have it, too.
    """
    asked = _methods_asked(ctx, protocol)
    if sum(len(method.params) for method in asked) < _FEWEST_NAMES:
        return
    for path, name in ctx.project.classes_having(tuple(sorted(method.name for method in asked))):
        value = names.module_value(ctx, path, name)
        if isinstance(value, ClassValue) and all(_fits(ctx, value, method) for method in asked):
            yield value


_FEWEST_NAMES: Final = 2
"""Each parameter of a protocol's methods counts, ``self``, too."""


def _methods_asked(ctx: Context, protocol: ClassValue) -> list[tree.FunctionDef]:
    """The methods of a protocol and of those below which it stands; none if one of these is not known."""
    found: dict[str, tree.FunctionDef] = {}
    for base in classes.mro(ctx, protocol):
        if isinstance(base, Unknown):
            return []
        for node in flat(base.node.body) if isinstance(base, ClassValue) else ():
            if isinstance(node, tree.FunctionDef) and not node.name.startswith("__"):
                found.setdefault(node.name, node)
    return list(found.values())


def _fits(ctx: Context, cls: ClassValue, asked: tree.FunctionDef) -> bool:
    """Whether a class has a method that may be called as another one is declared."""
    for base in classes.mro(ctx, cls):
        own = classes.body_bindings(ctx, base, asked.name) if isinstance(base, ClassValue) else ()
        if own:
            method = own[-1]
            break
    else:
        return False
    if not isinstance(method, tree.FunctionDef) or method.is_stub:
        return False
    same_colour = method.is_async is asked.is_async or hints.is_iterator_hint(asked.returns)
    given = {param.name for param in asked.params[1:]}
    taken = {param.name for param in method.params[1:]}
    needed = {
        param.name for param in method.params[1:] if param.default is None and param.kind not in ("*", "**")
    }
    collects = any(param.kind == "**" for param in method.params)
    return same_colour and needed <= given and (given <= taken or collects)


def _is_used(ctx: Context, cls: ClassValue) -> bool:
    """Whether a file other than a test mentions a class, besides its definition and re-exports."""
    path, name = cls.path, cls.name
    for other in ctx.project.mentioning(name):
        if other != path and not other.endswith("__init__.py"):
            return True
    return name in names_in(ctx.project.body(path))


# --- functools.singledispatch ------------------------------------------------------------------

DISPATCHERS: Final = frozenset({"functools.singledispatch", "functools.singledispatchmethod"})
BY_TYPE: Final = "by-type"
"""What ``Function.wrapped`` is for a function under one of the decorators."""


def chosen_function(ctx: Context, function: Function, arguments: Arguments) -> Function | None:
    """The function that is called for the class of the first argument; None if that is not known."""
    given = arguments.args[0] if arguments.args else None
    if not isinstance(given, Instance):
        return None
    key = ("registered", function.key, function.owner)
    nothing: tuple[tuple[ClassValue, Function], ...] = ()
    registered = dict(ctx.query(key, lambda: tuple(_registered(ctx, function)), nothing))
    for base in classes.mro(ctx, given.cls):
        if not isinstance(base, ClassValue):
            break
        if base in registered:
            return replace(registered[base], receiver=function.receiver)
    return None


def _registered(ctx: Context, function: Function) -> Iterator[tuple[ClassValue, Function]]:
    """The functions registered for a class, each with the class."""
    if function.owner is not None:
        frame = class_frame(ctx, function.owner)
        for method in flat(function.owner.node.body):
            if isinstance(method, tree.FunctionDef):
                for decorator, asked in registrations_of_class(method):
                    if dotted(decorator) == f"{function.name}.register":
                        yield from _for_class(frame, asked, method, function.owner)
        return
    for path in ctx.project.mentioning(function.name):
        frame = Frame(ctx, path, "")
        for one in flat(ctx.project.body(path)):
            if isinstance(one, tree.FunctionDef):
                for decorator, asked in registrations_of_class(one):
                    found = expressions.evaluate(frame, State(), decorator.value)
                    if isinstance(found, Function) and found.key == function.key:
                        yield from _for_class(frame, asked, one, None)


def _for_class(
    frame: Frame, asked: Expr | None, node: tree.FunctionDef, owner: ClassValue | None
) -> Iterator[tuple[ClassValue, Function]]:
    cls = expressions.evaluate(frame, State(), asked) if asked is not None else None
    if isinstance(cls, ClassValue):
        yield cls, functions.as_function(frame.path, node, owner, None, frame.closure)


def value_assigned_by(ctx: Context, method: Function, name: str) -> Value:
    """The value that a method assigns to an attribute; by its defaults, if an argument decides it.

    ``self.store = store or Store()``: what callers pass instead is of that kind.
    """
    found = summaries.assigned_value(ctx, method, name)
    params = method.node.params if isinstance(found, Unknown) else ()
    if any(one.default is not None for one in params):
        usual = summaries.assigned_value(ctx, method, name, Arguments())
        return usual if isinstance(usual, (Instance, Object)) else found
    return found
