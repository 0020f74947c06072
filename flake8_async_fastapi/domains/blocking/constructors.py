"""What blocks when an object is created: its constructor, the factories of its fields, its validators.

Source: dataclasses documentation; Pydantic documentation, "Validators" and "Fields".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from flake8_async_fastapi.domains.blocking import effects as thread
from flake8_async_fastapi.domains.blocking.events import Effect
from flake8_async_fastapi.engine.frame import Context, Frame, class_frame
from flake8_async_fastapi.engine.machine import classes, expressions, functions
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.text import path_of
from flake8_async_fastapi.engine.values import Arguments, ClassValue, Instance, Library
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.knowledge.bases import RUN_AFTER_INIT, VALIDATORS


class _Step(Struct, frozen=True):
    """Code that runs when an object of a class is created, if it blocks.

    ``fields`` are those for whose values it runs; none if it always runs. A factory runs if the field is
    left out.
    """

    effects: tuple[Effect, ...]
    fields: frozenset[str] = frozenset()
    is_factory: bool = False


def apply_constructor(frame: Frame, cls: ClassValue, arguments: Arguments, origin: Place) -> None:
    """Apply the effects of creating an object: its constructor runs, or what its fields ask for."""
    ctx = frame.ctx
    for base in classes.mro(ctx, cls):
        if not isinstance(base, ClassValue):
            break
        found = classes.body_bindings(ctx, base, "__init__")
        if found and isinstance(found[-1], tree.FunctionDef):
            me = Instance(cls, (), exact=True)
            initialiser = functions.as_method(base, found[-1], me)
            effects = thread.effects_of(ctx, initialiser, arguments)
            thread.apply_callback_effects(frame, effects, origin, cls.name)
            return
    given = {name for name, _ in arguments.keywords}
    for step in _steps(ctx, cls):
        runs = not step.fields or arguments.opaque or bool(step.fields & given)
        if not arguments.opaque and not given & step.fields if step.is_factory else runs:
            thread.apply_callback_effects(frame, step.effects, origin, cls.name)


def effects_of_validation(ctx: Context, cls: ClassValue) -> Iterator[Effect]:
    """What blocks when a request's body is validated against a class, if it has a value for each field."""
    for step in _steps(ctx, cls):
        if not step.is_factory:
            yield from (effect.via(cls.name) for effect in step.effects)


def _steps(ctx: Context, cls: ClassValue) -> tuple[_Step, ...]:
    nothing: tuple[_Step, ...] = ()
    return ctx.query(("steps of construction", cls), lambda: tuple(_find_steps(ctx, cls)), nothing)


def _find_steps(ctx: Context, cls: ClassValue) -> Iterator[_Step]:
    seen: set[str] = set()
    for base in classes.mro(ctx, cls):
        for statement in base.node.body if isinstance(base, ClassValue) else ():
            assert isinstance(base, ClassValue)
            if isinstance(statement, tree.Assign) and base == cls:
                yield from _factories_in(ctx, base, statement)
            elif isinstance(statement, tree.FunctionDef) and statement.name not in seen:
                seen.add(statement.name)
                asked = _asked_for(ctx, base, statement)
                if asked is not None:
                    method = functions.as_function(base.path, statement, base, None, base.closure)
                    bound = classes.method_of_class(ctx, method, cls)
                    effects = thread.effects_of(ctx, bound, Arguments(opaque=True))
                    yield from _step_of(
                        [effect.via(statement.name) for effect in effects], frozenset(asked) - {"*"}
                    )


def _step_of(effects: Iterable[Effect], fields: frozenset[str], *, is_factory: bool = False) -> list[_Step]:
    blocking = tuple(filter(thread.is_blocking, effects))
    return [_Step(blocking, fields, is_factory)] if blocking else []


def _factories_in(ctx: Context, cls: ClassValue, statement: tree.Assign) -> Iterator[_Step]:
    """The ``default_factory=`` of a field, if it blocks."""
    for keyword in statement.value.keywords if isinstance(statement.value, tree.Call) else ():
        if keyword.name == "default_factory":
            frame = class_frame(ctx, cls)
            factory = expressions.evaluate(frame, State(), keyword.value)
            effects = thread.effects_of_callback(frame, factory, Arguments())
            yield from _step_of(effects, frozenset({path_of(statement.targets[0])}), is_factory=True)


def _asked_for(ctx: Context, cls: ClassValue, method: tree.FunctionDef) -> list[str] | None:
    """The fields for which a method validates values, none for all of them; None for other methods."""
    if method.name in RUN_AFTER_INIT:
        return []
    for decorator in method.decorators:
        written: Expr = decorator.func if isinstance(decorator, tree.Call) else decorator
        named = expressions.evaluate(class_frame(ctx, cls), State(), written)
        if isinstance(named, Library) and named.dotted in VALIDATORS:
            given = decorator.args if isinstance(decorator, tree.Call) else []
            return [one.value for one in given if isinstance(one, tree.Const) and isinstance(one.value, str)]
    return None
