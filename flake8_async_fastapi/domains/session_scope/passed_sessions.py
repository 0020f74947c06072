"""Sessions that a function is given by its callers: whose they are."""

from __future__ import annotations

from flake8_async_fastapi.domains.session_scope.providers import function_around
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.machine import classes, functions
from flake8_async_fastapi.engine.machine.callers import values_passed
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.values import ClassValue, Function, Instance, Object, alternatives
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.walk import dotted, flat


def are_of_requests(frame: Frame, name: str, attribute: str) -> bool:
    """Whether callers pass for a parameter only sessions that a generator opens, as a dependency does.

    Or for the parameter of a constructor that becomes an attribute of the object of a method.
    """
    if not isinstance(frame.node, tree.FunctionDef):
        return False
    function = functions.as_function(frame.path, frame.node, frame.owner, frame.receiver, frame.closure)
    if attribute:
        given = _given_to_constructor(frame, attribute) if name == frame.receiver_name else None
        if given is None:
            return False
        function, name = given
    passed = [one for value in values_passed(frame.ctx, function, name) for one in alternatives(value)]
    return bool(passed) and all(
        isinstance(one, Object) and one.origin is not None and _is_in_generator(frame.ctx, one.origin)
        for one in passed
    )


def _given_to_constructor(frame: Frame, attribute: str) -> tuple[Function, str] | None:
    """The constructor that sets an attribute to one of its parameters, with its name."""
    bases = classes.mro(frame.ctx, frame.owner) if frame.owner is not None else []
    for base in bases:
        for maker in base.node.body if isinstance(base, ClassValue) else ():
            if not isinstance(base, ClassValue) or not isinstance(maker, tree.FunctionDef):
                continue
            me = maker.params[0].name if maker.name == "__init__" and maker.params else ""
            for statement in flat(maker.body) if me else ():
                match statement:
                    case tree.Assign(targets=[target], value=tree.Name(id=given)):
                        if dotted(target) == f"{me}.{attribute}":
                            return functions.as_method(base, maker, Instance(base)), given
    return None


def _is_in_generator(ctx: Context, place: Place) -> bool:
    function = function_around(ctx, place)
    return function is not None and function.is_generator
